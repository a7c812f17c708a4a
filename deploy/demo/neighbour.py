"""The second business: customers with the same references as the first one's, and a look at all it has.

Whatever the first business does, the second must have the same before and after, and must not see a thing of it.
"""

import hashlib
import json
import uuid

from people import ORDER_COLUMNS, Person, write_csv
from waiting import Failure

CUSTOMERS = 25
LISTS = ["customers", "segments", "plans", "surveys", "campaigns", "responses"]


def import_own(command, folder):
    """Its customers and a few orders, by the command line."""
    references = [f"{number:04}" for number in range(1, CUSTOMERS + 1)]
    customers = [
        {"reference": each, "name": f"{Person(each).name} (other)", "email": f"reader{each}@other.example", "language": "en"}
        for each in references
    ]
    orders = [
        {"customer_ref": each, "ordered_on": f"2026-0{month}-15", "quantity": 1, "amount": "12.50",
         "order_ref": f"OTHER-{each}-{month}", "currency": "GBP"}
        for each in references[:12] for month in (3, 6, 9)
    ]  # fmt: skip
    for kind, columns, rows in (
        ("customers", ["reference", "name", "email", "language"], customers),
        ("orders", ORDER_COLUMNS, orders),
    ):
        path = write_csv(folder / f"other-{kind}.csv", columns, rows)
        command("import", kind, "--tenant", "other", str(path))


def snapshot(api):
    """How many of everything there are, and a digest over all of it."""
    counts, digest = {}, hashlib.sha256()
    for name in LISTS:
        rows = sorted(api.pages(f"/v1/{name}"), key=lambda row: row["id"])
        counts[name] = len(rows)
        digest.update(json.dumps([name, rows], sort_keys=True, ensure_ascii=False).encode())
    for scope in ("tenant", "language"):
        digest.update(json.dumps(api.get("/v1/scores", metric="nps", scope=scope), sort_keys=True).encode())
    return counts, digest.hexdigest()


def check_unseen(api, ids):
    """With the second one's key every id of the first answers 404, just as an id that nobody has. Returns how many."""
    nobody = str(uuid.uuid4())
    calls = [
        ("GET", "customers/{}", None),
        ("PATCH", "customers/{}", {"name": "nobody"}),
        ("GET", "segments/{}", None),
        ("GET", "segments/{}/members", None),
        ("POST", "segments/{}/evaluate", None),
        ("GET", "plans/{}", None),
        ("PATCH", "plans/{}", {"name": "nobody"}),
        ("GET", "surveys/{}", None),
        ("POST", "surveys/{}/publish", None),
        ("GET", "campaigns/{}", None),
        ("GET", "campaigns/{}/invitations", None),
        ("POST", "campaigns/{}/preview", None),
        ("POST", "campaigns/{}/launch", None),
    ]
    for method, path, body in calls:
        there = "/v1/" + path.format(ids[path.partition("/")[0]])
        seen = api.status(method, there, body)
        if seen[0] != 404 or seen != api.status(method, "/v1/" + path.format(nobody), body):
            raise Failure(f"the second business asked {method} {there} of the first and was answered {seen}")
    return len(calls)
