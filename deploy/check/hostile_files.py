"""Files that mean harm, as they are sent to be imported: each is refused with a word that says why, or imported as far
as it goes."""

import asyncio
import gzip
import json
import time

import hostile_parts as parts
from hostile_parts import MB, server
from wire import Failure

CSV, NDJSON = "text/csv", "application/x-ndjson"
HEADER = b"reference,name\n"
LIMIT = 64  # MB that the worker may grow by

taken = {}  # the ids of what was taken in, each with its name and what is to become of it


def bomb(beginning, piece):
    """Four gigabytes in four megabytes: members of gzip, one after the other."""
    return gzip.compress(beginning) + gzip.compress(piece * (64 * MB // len(piece)), 6) * 64


def files():
    """What each is called, its type, whether it is packed, its bytes, and the code of its refusal; or the state in
    which its import ends, with the code of its failure or of the first row that is wrong."""
    cells, names = b"," * 1_000_000, b",".join(b"%d" % n for n in range(MB))
    brackets = b"[" * 65536 + b'\n{"reference": "3", "name": "One"}\n'
    yield "a header that never ends", CSV, True, bomb(b"", b"a"), "too_large"
    yield "a row that never ends", CSV, True, bomb(HEADER + b"1,", b"a"), "too_large"
    yield "cells that never end", CSV, True, bomb(HEADER + b"1,", b"a,"), "too_large"
    yield "a quote that never ends", CSV, True, bomb(HEADER + b'1,"', b"\n"), "too_large"
    yield "blank lines that never end", CSV, True, bomb(HEADER, b"\n"), "too_large"
    yield "a list of lists that never ends", NDJSON, True, bomb(b"", b"["), "too_large"
    yield "what is no gzip", CSV, True, HEADER + b"1,One\n", "unreadable"
    yield "a header of a million cells", CSV, False, HEADER.strip() + cells + b"\n1,One\n", "unknown_column"
    yield "a million names in a header", CSV, False, names + b"\n1\n", "unknown_column"
    yield "a row, and one that never ends", CSV, True, bomb(HEADER + b"1,One\n2,", b"a"), ("failed", "too_large")
    yield "a row of a million cells", CSV, False, HEADER + b"1" + cells + b"\n2,Two\n", ("done", "cell_count")
    yield "a line of brackets", NDJSON, False, brackets, ("done", "malformed")


async def send(name, kind, packed, data, outcome):
    fields = ("Content-Encoding: gzip",) if packed else ()
    answer = await server.ask(server.request("POST", "/v1/customers/imports", data, *fields, kind=kind), 60)
    if isinstance(outcome, tuple):
        if answer.status != 202:
            raise Failure(f"answered with {answer}")
        taken[json.loads(answer.body)["id"]] = name, outcome
    else:
        errors = json.loads(answer.body).get("errors", []) if answer.status == 422 else []
        if not 1 <= len(errors) <= 20 or errors[0]["code"] != outcome:
            raise Failure(f"answered with {answer}")


async def get(path):
    answer = await server.ask(server.request("GET", f"/v1/customers/imports/{path}"))
    if answer.status != 200:
        raise Failure(f"answered with {answer}")
    return json.loads(answer.body)


async def ended(id_, deadline):
    """How an import ended, and why."""
    while (found := await get(id_))["state"] not in ("done", "failed"):
        if time.monotonic() > deadline:
            raise Failure(f"still {found['state']}, {found['progress']} of it read")
        await asyncio.sleep(0.2)
    if found["failure"]:
        return found["state"], found["failure"]["code"]
    rows = (await get(f"{id_}/rejected-rows"))["data"]
    return found["state"], rows[0]["errors"][0]["code"] if rows else None


async def imported(worker):
    """Sends them all, and waits for the imports of those that were taken in."""
    before = parts.memory("VmRSS", worker)
    parts.forget_peak(worker)
    # Each keeps a processor busy for a while; others are served by the other one.
    await parts.each(files(), send, 1)
    deadline = time.monotonic() + 60
    for id_, (name, outcome) in taken.items():
        if (found := await ended(id_, deadline)) != outcome:
            raise Failure(f"{name}: its import ended as {found}")
    grown = parts.memory("VmHWM", worker) - before
    if grown > LIMIT:
        raise Failure(f"the worker's memory grew by {grown:.0f} MB, and {LIMIT} are allowed")
    return f"{len(taken)} imported, the others refused, the worker's memory + {grown:.0f} MB"
