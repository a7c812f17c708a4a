"""figures.py REPORT TABLES OUTBOX: the report of `deploy/run --json`, what check/figures.sql found in the tables, the
messages in the outbox, and what the demo's rules say must all agree. Prints what does not, and ends with 1."""

import json
import sys
from collections import Counter
from pathlib import Path

sys.dont_write_bytecode = True
DEMO = Path(__file__).resolve().parent.parent / "demo"
sys.path.insert(0, str(DEMO))

from outbox import Outbox  # noqa: E402
from people import group_of, people_of, read_orders  # noqa: E402

report, tables = (json.loads(Path(path).read_text(encoding="utf-8")) for path in sys.argv[1:3])
letters = list(Outbox(sys.argv[3]).letters())
people = people_of(read_orders(DEMO / "orders.csv"))
by_address = {person.email: person for person in people.values() if person.email}
repeat = [person for person in people.values() if person.orders >= 2]
invited = [person for person in repeat if person.email and person.consent == "yes"]
groups = Counter(group_of(person.score) for person in invited if person.answers)
wrong = []


def same(what, *values):
    if any(value != values[0] for value in values[1:]):
        wrong.append(f"{what}: {' / '.join(map(str, values))}")


def near(what, one, other):
    if one is None or other is None or abs(one - other) > 0.05:
        wrong.append(f"{what}: {one} / {other}")


same("customers (report / tables / rules)", report["customers"], tables["customers"], len(people))
same("actual customers (tables / rules)", tables["actual"], sum(person.orders > 0 for person in people.values()))
same("orders (report / tables / rules)", report["orders"], tables["orders"], sum(person.orders for person in people.values()))
same("segment (report / tables / rules)", report["segment_size"], tables["segment_size"], len(repeat))
same("invited (report / tables / rules)", report["invited"], tables["invited"], len(invited))
same("excluded (report / tables)", report["excluded"], tables["excluded"])
same("excluded and invited are the segment", sum(report["excluded"].values()) + report["invited"], report["segment_size"])
same("sent is invited (report / tables / messages)", report["invited"], report["sent"], tables["sent"], len(letters))
same("invitations not sent", tables["unsent"], 0)
same("recipients of messages / rules", sorted(letter.recipient for letter in letters), sorted(person.email for person in invited))
names = Counter(letter.path.name.partition(":")[0] for letter in letters)
ids = tables["invitations"] or []
unnamed = [each for each in ids if sum(each in name or each.replace("-", "") in name for name in names) != 1]
same("invitations whose id is not in exactly one message's name", unnamed[:3], [])
same("responses (report / tables / rules)", report["responses"], tables["responses"], sum(groups.values()))
same("one response per invitation", tables["responses"], tables["response_per_invitation"])
for name in ("n", "promoters", "passives", "detractors"):
    expected = sum(groups.values()) if name == "n" else groups[name[:-1]]
    same(f"NPS {name} (report / tables / rules)", report["nps"][name], tables["nps"][name], expected)
for name in ("score", "low", "high"):
    near(f"NPS {name} (report / tables)", report["nps"][name], tables["nps"][name])
empty = {name: 0 for name in ("segments", "plans", "surveys", "campaigns", "invitations", "responses")}
same("the second business", tables["other"], {"customers": 25, **empty})

if wrong:
    sys.exit("\n".join(["the figures do not agree:", *wrong]))
