"""What the first business does through the API: found by its name when an earlier run did it already."""

SEGMENT = {"name": "Repeat buyers", "kind": "rule", "rule": {"field": "orders.count", "op": "gte", "value": 2}}

PLAN = {
    "name": "Keep the repeat buyers",
    "elements": {
        "product": {"description": "Albums they return for", "actions": ["Early access to new albums"]},
        "price": {"description": "Loyalty is worth something", "actions": ["5 % from the third order"]},
        "place": {"description": "Web shop and partner shops", "actions": ["Pick-up in Tehran and Isfahan"]},
        "promotion": {"description": "Few and personal messages", "actions": ["Monthly letter by taste"]},
        "people": {"description": "One service team knows them", "actions": ["Call detractors within two days"]},
        "process": {"description": "From order to door in two days", "actions": ["Tell of delays before they ask"]},
        "physical_evidence": {"description": "Packing that is kept", "actions": ["Sturdier sleeves"]},
    },
    "objectives": ["NPS above 20 by spring", "Third order within 90 days for 40 %"],
    "budget": {"amount": "2500", "currency": "USD"},
    "activities": [
        {"title": "Call the detractors", "department": "service", "starts_on": "2026-12-01", "ends_on": "2026-12-14"},
        {"title": "Loyalty price", "department": "marketing", "starts_on": "2026-12-15", "ends_on": "2027-03-20"},
    ],
}

SURVEY = {
    "name": "Would you recommend us",
    "metric": "nps",
    "default_language": "fa",
    "title": {"fa": "نظر شما دربارهٔ ما", "en": "What you think of us"},
    "questions": [
        {
            "id": "score",
            "kind": "nps",
            "required": True,
            "text": {
                "fa": "چقدر احتمال دارد ما را به دوستان خود پیشنهاد کنید؟",
                "en": "How likely are you to recommend us to a friend?",
            },
        },
        {
            "id": "comment",
            "kind": "text",
            "required": False,
            "text": {"fa": "مهم‌ترین دلیل این امتیاز چیست؟", "en": "What is the main reason for your score?"},
        },
    ],
    "thanks": {"fa": "سپاس از پاسخ شما.", "en": "Thank you for your answer."},
}

CAMPAIGN = {
    "name": "Repeat buyers, first wave",
    "kind": "relationship",
    "subject": {"fa": "یک پرسش کوتاه از شما", "en": "One short question for you"},
    "message": {
        "fa": "شما بیش از یک بار از ما خرید کرده‌اید. یک دقیقه وقت دارید؟",
        "en": "You have bought from us more than once. Do you have a minute?",
    },
    "expires_in_days": 30,
}


def evaluated_segment(api, patience):
    """The segment, once the worker has evaluated it."""
    segment = api.named("/v1/segments", SEGMENT["name"]) or api.post("/v1/segments", SEGMENT)

    def look():
        now = api.get(f"/v1/segments/{segment['id']}")
        return now.get("evaluated_at") and now, None

    return patience.until("the segment to be evaluated", look)


def plan(api, segment):
    name = PLAN["name"]
    return api.named("/v1/plans", name) or api.post("/v1/plans", {**PLAN, "segment_id": segment["id"]})


def published_survey(api):
    survey = api.named("/v1/surveys", SURVEY["name"]) or api.post("/v1/surveys", SURVEY)
    if survey.get("published_version") is None:
        survey = api.post(f"/v1/surveys/{survey['id']}/publish")
    return survey


def campaign(api, survey, segment):
    return api.named("/v1/campaigns", CAMPAIGN["name"]) or api.post(
        "/v1/campaigns", {**CAMPAIGN, "survey_id": survey["id"], "segment_id": segment["id"]}
    )


def sent_campaign(api, patience, campaign, moved):
    """The campaign once nothing of it is left to send; `moved(done, total)` hears how far it is."""

    def look():
        now = api.get(f"/v1/campaigns/{campaign['id']}")
        count = now["invitations"]
        total = count["total"] - count["excluded"]
        left = count["planned"] + count["sending"]
        moved(total - left, total)
        done = now["state"] in ("running", "finished") and left == 0 and count["total"] > 0
        return done and now, (now["state"], total, left)

    # Longer than the time after which a killed worker's jobs are taken up again.
    return patience.until("the invitations to be sent", look, stalled_after=120)


def current_scores(api, patience, campaign, segment):
    """The NPS rows by (scope, key), once they hold every response that the campaign has."""

    def rows(scope):
        found = {}
        for row in api.get("/v1/scores", metric="nps", scope=scope)["data"]:
            found[(scope, row["scope_key"] if scope != "tenant" else None)] = row
        return found

    def look():
        responses = api.get(f"/v1/campaigns/{campaign['id']}")["invitations"]["responded"]
        scores = {}
        for scope in ("tenant", "segment", "campaign", "language"):
            scores.update(rows(scope))
        counted = [
            scores.get((scope, key), {"n": 0})["n"]
            for scope, key in (("tenant", None), ("segment", segment["id"]), ("campaign", campaign["id"]))
        ]
        counted.append(sum(row["n"] for (scope, _), row in scores.items() if scope == "language"))
        taken_in = counted[2] == responses and min(counted) >= responses
        return taken_in and scores, (responses, *counted)

    return patience.until("the scores to take in all responses", look)
