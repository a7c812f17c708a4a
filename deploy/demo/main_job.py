"""The main job, end to end: what a business does with Mehvar, through the HTTP API and the `mehvar` command alone.

Called by deploy/run, which has started the servers. Every step finds what an earlier run did and goes on from there.
"""

import argparse
import json
import os
import sys
from pathlib import Path

sys.dont_write_bytecode = True

import business  # noqa: E402
import neighbour  # noqa: E402
import people as who  # noqa: E402
import report  # noqa: E402
import tenants  # noqa: E402
from outbox import Outbox  # noqa: E402
from respondents import answer_all  # noqa: E402
from story import Story, decimal  # noqa: E402
from waiting import Failure, Patience, Process  # noqa: E402

HERE = Path(__file__).resolve().parent


class MainJob:
    def __init__(self, options):
        self.home = Path(os.environ["MEHVAR_HOME"])
        self.base = f"http://127.0.0.1:{os.environ['MEHVAR_PORT']}"
        self.folder = self.home / "demo"
        self.folder.mkdir(exist_ok=True)
        self.processes = [Process(name, pid, self.home / "log" / f"{name}.log") for name, pid in options.process]
        self.patience = Patience(self.processes)
        self.story = Story((name, float(seconds)) for name, seconds in options.step)
        self.command = tenants.Command(str(Path(os.environ["MEHVAR_BIN"]) / "mehvar"))
        self.keys = tenants.KeyFile(self.folder / "keys.json")
        mail = os.environ.get("MEHVAR_DEMO_MAILDIR")
        self.outbox = Outbox(mail) if mail else Outbox.of_url(os.environ["MEHVAR_MAIL_URL"])
        self.orders = list(who.read_orders(HERE / "orders.csv"))
        self.people = who.people_of(self.orders)
        self.by_address = {person.email: person for person in self.people.values() if person.email}
        self.letters = []

    def run(self):
        story = self.story
        story.heading("The main job")
        with story.step("tenants", "Two businesses, each with a key of its own"):
            self.api = tenants.api_of(tenants.FIRST, self.command, self.keys, self.base)
            other = tenants.api_of(tenants.SECOND, self.command, self.keys, self.base)
            neighbour.import_own(self.command, self.folder)
            before = neighbour.snapshot(other)
        self.import_customers_and_orders()
        self.define_campaign()
        self.send()
        self.respond()
        with story.step("scores", "The scores take the answers in") as found:
            scores = business.current_scores(self.api, self.patience, self.campaign, self.segment)
            self.campaign = self.api.get(f"/v1/campaigns/{self.campaign['id']}")
            found.append(f"NPS {decimal(scores.get(('campaign', self.campaign['id']), {}).get('score'))}")
        with story.step("neighbour", "The second business has noticed nothing") as found:
            self.check_neighbour(other, before, found)
        self.print_report(scores)
        return self.result(scores)

    def import_customers_and_orders(self):
        path = who.write_customers(self.folder / "customers.csv", self.people.values())
        with self.story.step("import_customers", "Customers are imported") as found:
            self.customers = self.api.import_csv("/v1/customers/imports", path.read_bytes(), self.patience)
            found.append(describe(self.customers))
        path = who.write_csv(self.folder / "orders.csv", who.ORDER_COLUMNS, self.orders)
        with self.story.step("import_orders", "Orders are imported; who bought becomes actual") as found:
            self.imported_orders = self.api.import_csv("/v1/orders/imports", path.read_bytes(), self.patience)
            found.append(describe(self.imported_orders))

    def define_campaign(self):
        with self.story.step("segment", "Segment: two orders or more") as found:
            self.segment = business.evaluated_segment(self.api, self.patience)
            found.append(f"{self.segment['member_count']} members")
        with self.story.step("plan", "Marketing-mix plan for it, all seven elements") as found:
            self.plan = business.plan(self.api, self.segment)
            found.append(f"revision {self.plan['revision']}")
        with self.story.step("survey", "Survey in Persian and English, published") as found:
            self.survey = business.published_survey(self.api)
            found.append(f"version {self.survey['published_version']}")

    def send(self):
        with self.story.step("preview", "Campaign, and who would be invited") as found:
            self.campaign = business.campaign(self.api, self.survey, self.segment)
            preview = None
            if self.campaign["state"] == "draft":
                preview = self.api.post(f"/v1/campaigns/{self.campaign['id']}/preview")
                found.append(f"{preview['invited']} of {preview['audience']}")
            else:
                found.append("launched by an earlier run")
        with self.story.step("send", "The worker sends") as found:
            if preview is not None:
                self.api.post(f"/v1/campaigns/{self.campaign['id']}/launch")
            progress = self.story.progress("sent")
            self.campaign = business.sent_campaign(self.api, self.patience, self.campaign, progress)
            progress.end()
            count = self.campaign["invitations"]
            excluded = self.campaign["excluded_reasons"]
            reasons = ", ".join(f"{reason} {number}" for reason, number in excluded.items()) or "nobody"
            found.append(f"{count['sent']} messages; not invited: {reasons}")
            invited = count["total"] - count["excluded"]
            if preview is not None and (invited, excluded) != (preview["invited"], preview["excluded"]):
                raise Failure(f"the preview promised {preview}, and {invited} were invited, not {excluded}")

    def respond(self):
        with self.story.step("respond", "Customers answer on the response page") as found:
            if self.outbox is None:
                found.append("left out: the mail goes to an SMTP server (MEHVAR_DEMO_MAILDIR names a maildir it fills)")
                return
            subjects = set(business.CAMPAIGN["subject"].values())
            self.letters = [
                letter for letter in self.outbox.letters()
                if letter.recipient in self.by_address and letter.subject in subjects
            ]  # fmt: skip
            sent = self.campaign["invitations"]["sent"]
            if not self.letters and sent:
                found.append(f"left out: there are no messages in {self.outbox.path}")
                return
            addresses = {letter.recipient for letter in self.letters}
            if len(addresses) != len(self.letters) or len(self.letters) != sent:
                raise Failure(
                    f"{sent} invitations are sent, and {self.outbox.path} has {len(self.letters)} messages "
                    f"to {len(addresses)} customers"
                )
            self.answer_letters(found)

    def answer_letters(self, found):
        progress, done = self.story.progress("answered"), []
        waiting = [(letter, self.by_address[letter.recipient]) for letter in self.letters if not letter.handled]

        def moved():
            done.append(1)
            progress(len(done), len(waiting))

        answer_all(self.base, waiting, moved)
        progress.end()
        posted = sum(self.by_address[letter.recipient].answers for letter in self.letters)
        taken = self.api.get(f"/v1/campaigns/{self.campaign['id']}")["invitations"]["responded"]
        if taken < posted:
            raise Failure(f"{posted} answers were posted, and the campaign has {taken}")
        found.append(f"{posted} of {len(self.letters)}")

    def check_neighbour(self, other, before, found):
        ids = {name + "s": getattr(self, name)["id"] for name in ("segment", "plan", "survey", "campaign")}
        ids["customers"] = next(self.api.pages("/v1/customers", limit=1))["id"]
        calls = neighbour.check_unseen(other, ids)
        if neighbour.snapshot(other) != before:
            raise Failure(f"the second business had {before[0]} and has {neighbour.snapshot(other)[0]}")
        found.append(f"{before[0]['customers']} customers as before, 404 on {calls} of the first one's addresses")

    def print_report(self, scores):
        if ("tenant", None) in scores:
            report.print_scores(self.story, scores, self.segment)
        responses = report.print_comments(self.story, self.api, self.campaign)
        report.print_next(self.story, self.api, self.campaign, self.segment, self.people, responses)

    def print_links(self):
        report.print_links(self.story, self.base, self.api.key, self.keys.path, self.letters, self.by_address)

    def result(self, scores):
        count = self.campaign["invitations"]
        score = scores.get(("campaign", self.campaign["id"]), {"n": 0})
        figures = ("score", "n", "low", "high", "promoters", "passives", "detractors")
        return {
            "customers": self.customers["rows"],
            "orders": self.imported_orders["rows"],
            "segment_size": self.segment["member_count"],
            "invited": count["total"] - count["excluded"],
            "excluded": self.campaign["excluded_reasons"],
            "sent": count["sent"],
            "responses": count["responded"],
            "nps": {name: score.get(name) for name in figures},
            "seconds": self.story.seconds,
        }


def describe(imported):
    return ", ".join(f"{imported[name]} {name}" for name in ("created", "updated", "unchanged") if imported[name])


def pair(text):
    name, _, value = text.partition("=")
    return name, value


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--result", type=Path, required=True, help="where the figures go, as JSON")
    parser.add_argument("--process", type=pair, action="append", default=[], metavar="NAME=PID")
    parser.add_argument("--step", type=pair, action="append", default=[], metavar="NAME=SECONDS")
    parser.add_argument("--links", action="store_true", help="end with what to try")
    options = parser.parse_args()
    sys.stdout.reconfigure(encoding="utf-8")
    sys.stderr.reconfigure(encoding="utf-8")
    job = MainJob(options)
    try:
        result = job.run()
        fresh = options.result.with_suffix(".new")
        fresh.write_text(json.dumps(result, ensure_ascii=False) + "\n", encoding="utf-8")
        fresh.replace(options.result)
        if options.links:
            job.print_links()
    except (Failure, OSError) as error:
        print(f"\nerror: {error}", file=sys.stderr)
        for process in job.processes:
            process.print_log()
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


main()
