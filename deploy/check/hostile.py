"""hostile.py PORT KEY PID WORKER-PID UPLOAD-LIMIT: clients that mean harm, or know no better, against the API of that
process.
Prints what each part took of memory; tells what was not borne, and ends with 1 then."""

import asyncio
import sys
import time

import hostile_files
import hostile_parts as parts
import texts
from hostile_parts import LIST, MB, drip, each, endless, forget_peak, huge, memory, server
from wire import Closed, Failure

server.port, server.key = int(sys.argv[1]), sys.argv[2]
parts.pid, worker, upload_limit = map(int, sys.argv[3:6])
JSON, CHUNKED = "Content-Type: application/json", "Transfer-Encoding: chunked"
wrong = []
highest = 0


async def part(name, work, limit=None):
    """Does it, and asks for something ordinary then. The peak of memory may be above what was before by the limit."""
    global highest
    before, began = memory("VmRSS"), time.monotonic()
    if limit:
        forget_peak()
    try:
        said = await work
    except (Failure, Closed, OSError) as error:
        said = "NOT borne"
        wrong.append(f"{name}: {error or 'the connection was closed without an answer'}")
    grown = memory("VmHWM") - before
    highest = max(highest, memory("VmHWM"))
    if limit and grown > limit:
        wrong.append(f"{name}: memory grew by {grown:.0f} MB, and {limit} are allowed")
    took = time.monotonic() - began
    try:
        ordinary = f"an ordinary request then in {await server.ordinary() * 1000:.0f} ms"
    except Failure as error:
        ordinary = "nothing ordinary is served then"
        wrong.append(f"after {name}: {error}")
    size = f", memory + {grown:.0f} MB" if limit else ""
    print(f"  {name}: {said or 'borne'}; {took:.1f} s{size}, {ordinary}", flush=True)


def slow_parts():
    """They wait most of the time, and do so together."""
    customers, imports = ("POST", "/v1/customers", JSON), ("POST", "/v1/customers/imports", "Content-Type: text/csv")
    length = "Content-Length: 1000"
    yield part("heads that come byte by byte", parts.slowloris())
    for name, line in (("a customer", customers), ("an import", imports)):
        yield part(f"{name} that drips, of a length", drip(server.head(*line, length), False))
        yield part(f"{name} that drips, in chunks", drip(server.head(*line, CHUNKED), True))
    refused = server.head(*customers, length, key="mhv_wrong")
    yield part("a customer that drips, of a wrong key", drip(refused, False, 401, "invalid_token"))


async def quick_parts():
    """One after the other, so that it is known which of them memory went to."""
    json, csv = server.head("POST", "/v1/customers", JSON, CHUNKED), server.head(
        "POST", "/v1/customers/imports", "Content-Type: text/csv", CHUNKED)
    deaf = []
    await part("a customer without end", endless(json, b'"' * 65536), 64)
    await part("an import without end", endless(csv, b"reference,name\n" * 4096), 64)
    await part("a list of lists without end", endless(json, b"[" * 65536), 64)
    declared = server.head("POST", "/v1/customers", JSON, f"Content-Length: {100 * MB}")
    await part("a list of lists of 100 MB", endless(declared, b"[" * 65536, 100 * MB), 64)
    line = server.head("GET", "/v1/customers")[:-2]
    await part("huge heads", each([
        ("a field of 1 MB", line + b"X-A: " + b"a" * MB + b"\r\n\r\n"),
        ("a field whose name has 1 MB", line + b"a" * MB + b": a\r\n\r\n"),
        ("10,000 fields", line + b"".join(b"X-%d: a\r\n" % n for n in range(10_000)) + b"\r\n"),
        ("10,000 fields of one name", line + b"X-A: a\r\n" * 10_000 + b"\r\n"),
        ("a path of 1 MB", server.head("GET", "/v1/customers/" + "a" * MB)),
        ("a query of 1 MB", server.head("GET", "/v1/customers?limit=" + "1" * MB)),
        ("a method of 1 MB", server.head("A" * MB, "/v1/customers")),
    ], huge), 64)
    await part("files that mean harm", hostile_files.imported(worker), 64)
    await part("JSON that is none, or may not be", each(texts.bodies(), parts.body), 64)
    await part("JSON at the edge", each(((*case, True) for case in texts.legal_bodies()), parts.body), 64)
    await part("queries that are none", each(((text,) for text in texts.queries()), parts.query))
    await part("queries of raw bytes", each(((text,) for text in texts.raw_queries()), parts.raw_query))
    await part("fields that are none", each(texts.fields(), parts.field))
    await part("fields of any bytes", each(((text,) for text in texts.ignored_fields()), parts.ignored_field))
    await part("what is no HTTP", each(texts.garbage(), parts.nonsense))
    tail = server.request("GET", "/v1/customers?limit=1")
    await part("hidden requests", each(texts.smuggled(server, tail), parts.smuggling))
    await part("pipelined requests", parts.pipelined())
    await part("clients that do not read", parts.deaf(deaf), 300)
    # The last, since others would find the memory that it gave back.
    await part("10,000 idle connections", parts.crowd(10_000), 400)
    return deaf


async def pulse(times, began):
    """Others are served all the while."""
    while True:
        try:
            # While everything else goes on, on a machine that does more than this.
            times.append(await server.ordinary(within=5))
        except (Failure, OSError) as error:
            wrong.append(f"{time.monotonic() - began:.0f} s after the beginning, meanwhile: {error}")
        await asyncio.sleep(0.5)


async def main():
    began = time.monotonic()
    await server.prepare()
    first = memory("VmRSS")
    times = []
    pulsing = asyncio.create_task(pulse(times, began))
    slow = asyncio.gather(*slow_parts())
    await asyncio.sleep(2)
    deaf = await quick_parts()
    await slow
    pulsing.cancel()
    before, held = parts.connections(), len(deaf)
    for peer in deaf:
        peer.close()
    await part("the end of all connections", parts.emptied(20))
    highest_ever = max(highest, memory("VmHWM"))
    print(f"  meanwhile ordinary requests took {max(times) * 1000:.0f} ms at most; {before} files were open then, with "
          f"{held} clients\n  that do not read; memory {first:.0f} MB before, {highest_ever:.0f} MB at most, "
          f"{memory('VmRSS'):.0f} MB at the end; {time.monotonic() - began:.0f} s")
    if wrong:
        sys.exit("\n".join(f"  {what}" for what in wrong))


asyncio.run(main())
