"""The last part of the story: the scores, what people wrote, and what would happen next."""

from people import group_of
from story import score_row, table

LANGUAGES = {"fa": "Persian", "en": "English"}
HEADER = ["NPS", "score", "95 % interval", "n", "answered", "promoters", "passives", "detractors", "█ promoters ▒ passives ░ detractors"]


def print_scores(story, scores, segment):
    story.heading("Would they recommend us?")
    rows = [score_row("everybody", scores[("tenant", None)]), score_row(segment["name"], scores[("segment", segment["id"])])]
    for (scope, key), score in sorted(scores.items(), key=str):
        if scope == "language":
            rows.append(score_row(LANGUAGES.get(key, key), score))
    for line in table(HEADER, rows):
        story.line(line)


def print_comments(story, api, campaign, count=6):
    """The latest comments, and the responses of the campaign, newest first."""
    responses = list(api.pages("/v1/responses", **{"filter[campaign_id]": campaign["id"]}))
    story.heading("What they wrote last")
    shown = 0
    for response in responses:
        answers = {answer["question_id"]: answer for answer in response["answers"]}
        text = (answers.get("comment") or {}).get("text")
        if text and shown < count:
            story.line(f"  {response['language']}  {answers['score']['score']:>2}  {text}")
            shown += 1
    if not shown:
        story.line("  Nobody has written anything yet.")
    return responses


def print_next(story, api, campaign, segment, people, responses):
    """Whom to call first, and whom to leave alone."""
    story.heading("What would happen next")
    members = {each["id"]: each for each in api.pages(f"/v1/segments/{segment['id']}/members")}
    to_call = []
    for response in responses:
        score = next(answer["score"] for answer in response["answers"] if answer["question_id"] == "score")
        customer = members.get(response["customer_id"])
        if customer and score is not None and group_of(score) == "detractor":
            to_call.append((people[customer["reference"]].amount, score, customer))
    to_call.sort(key=lambda each: (-each[0], each[2]["reference"]))
    if to_call:
        story.line(f"  {len(to_call)} detractors are to be called; those who spent most come first:")
        rows = [(each["reference"], each["name"], score, f"{amount:.2f}") for amount, score, each in to_call[:5]]
        for line in table(["customer", "name", "score", "spent (USD)"], rows, left=2):
            story.line(line)
    silent = campaign["invitations"]["sent"] - campaign["invitations"]["responded"]
    story.line(f"  {silent} have not answered; their links stay open for {campaign.get('expires_in_days', 30)} days.")
    days = campaign.get("quarantine_days")
    rest = f"for {days} days" if days else "until their quarantine ends"
    story.line(f"  Whoever was asked now is not asked again {rest}: the next wave's preview says whom that leaves.")


def print_links(story, base, key, key_path, letters, people_by_address):
    """Where to look and what to try, for those who stay."""
    story.heading("It is up")
    story.line(f"  API          {base}/v1/customers")
    story.line(f"  key          {key}")
    story.line(f"               kept in {key_path}")
    silent = [letter for letter in letters if not people_by_address[letter.recipient].answers]
    for language, name in LANGUAGES.items():
        for letter in silent:
            if people_by_address[letter.recipient].language == language:
                story.line(f"  survey       {base}/s/{letter.link.rpartition('/s/')[2]}?score=9   ({name}, not answered yet)")
                break
    story.line("\n  Try:")
    authorization = f"-H 'Authorization: Bearer {key}'"
    for path in ("customers?limit=3&filter[language]=fa", "scores?metric=nps&scope=language", "responses?limit=3"):
        story.line(f"    curl -g {authorization} '{base}/v1/{path}'")

