"""What clients that mean harm, or know no better, do to the API. Each part tells what it saw, or raises."""

import asyncio
import contextlib
import os
import resource
import socket
import time

from wire import Closed, Failure, Peer, Server

MB = 1 << 20
LIST = 200  # customers in the longest list
REFUSALS = [*range(400, 500), 501, 505]  # of what is no HTTP

server, pid = Server(0, ""), 0


def memory(which, of=None):
    """MB that the process, the API unless one is named, has (VmRSS) or had at most since that was forgotten (VmHWM)."""
    with open(f"/proc/{of or pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) / 1024 for line in status if line.startswith(which))


def kernel_memory():
    """MB that the connections of the whole machine hold of what was sent and not yet read."""
    with open("/proc/net/sockstat", encoding="ascii") as file:
        words = next(line for line in file if line.startswith("TCP:")).split()
    return int(words[words.index("mem") + 1]) * resource.getpagesize() / MB


def forget_peak(of=None):
    with open(f"/proc/{of or pid}/clear_refs", "w", encoding="ascii") as file:
        file.write("5")


def connections():
    return len(os.listdir(f"/proc/{pid}/fd"))


async def each(cases, check, at_once=8):
    """Checks them all, a few at once, and tells of all that failed."""
    turns, failures, count = asyncio.Semaphore(at_once), [], 0

    async def one(case):
        async with turns:
            try:
                await check(*case)
            except Closed:
                failures.append(f"{case[0]}: closed without an answer")
            except Failure as error:
                failures.append(f"{case[0]}: {error}")

    cases = list(cases)
    await asyncio.gather(*map(one, cases))
    if failures:
        raise Failure(f"{len(failures)} of {len(cases)}:\n    " + "\n    ".join(failures))
    return f"{len(cases)} refused"


def refused(answer, statuses=range(400, 500)):
    if answer.status not in statuses or answer.code is None:
        raise Failure(f"answered with {answer}")


async def slowloris():
    """Heads that come byte by byte: half of them behind a whole request."""
    open_ones, times, whole = {}, [], server.request("GET", "/v1/customers?limit=1")
    for number in range(500):
        peer = await Peer.open(server.port)
        if number % 2:
            await peer.send(whole)
            await peer.answer()
        await peer.send(b"GET /v1/customers HTTP/1.1\r\nX-A: ")
        open_ones[peer] = time.monotonic()
    while open_ones and time.monotonic() < max(open_ones.values()) + 75:
        for peer, began in list(open_ones.items()):
            if peer.reader.at_eof() or not await peer.send(b"a"):
                times.append(time.monotonic() - began)
                del open_ones[peer]
                peer.close()
        await asyncio.sleep(1)
    for peer in open_ones:
        peer.close()
    if open_ones:
        raise Failure(f"{len(open_ones)} of 500 connections were still open after 75 s")
    return f"500 ended after {min(times):.0f} to {max(times):.0f} s"


async def drip(head, chunked, status=408, code="timed_out"):
    """A body that comes a byte a second."""
    peer, began = await Peer.open(server.port), time.monotonic()

    async def drips():
        while await peer.send(b"1\r\n \r\n" if chunked else b" "):
            await asyncio.sleep(1)

    await peer.send(head)
    dripping = asyncio.create_task(drips())
    try:
        answer = await peer.answer(45)
        answered = time.monotonic() - began
        if (answer.status, answer.code) != (status, code):
            raise Failure(f"answered with {answer}")
        if not await peer.is_closed(max(45 - answered, 1)):
            raise Failure(f"still open 45 s after it began, though answered after {answered:.0f} s")
        return f"{status} after {answered:.0f} s, closed after {time.monotonic() - began:.0f} s"
    finally:
        dripping.cancel()
        peer.close()


async def endless(head, piece, length=None):
    """A body as fast as it is taken: refused, and the connection closed rather than read for ever."""
    peer, sent, chunk = await Peer.open(server.port), 0, b"%x\r\n%s\r\n" % (len(piece), piece)

    async def pour():
        nonlocal sent
        while sent < (length or 512 * MB) and await peer.send(piece if length else chunk):
            sent += len(piece)
            # What the kernel takes at once lets nothing else run, and who never looks for an answer while it sends may lose it.
            await asyncio.sleep(0)

    await peer.send(head)
    pouring = asyncio.create_task(pour())
    try:
        answer = await peer.answer(30)
        refused(answer, [413])
        answered = sent
        await asyncio.wait([pouring], timeout=15)
        if not pouring.done() or (not length and sent >= 512 * MB):
            raise Failure(f"413 after {answered / MB:.1f} MB, but {sent / MB:.0f} MB more were read, and then some")
        return f"413 after {answered / MB:.1f} MB, {sent / MB:.1f} MB were taken"
    finally:
        pouring.cancel()
        peer.close()


async def crowd(wanted):
    """Idle connections, of several addresses: one alone has not enough ports everywhere."""
    count = min(wanted, resource.getrlimit(resource.RLIMIT_NOFILE)[0] - 1500)
    before, began = connections(), memory("VmRSS")
    peers, loop, deadline = [], asyncio.get_running_loop(), time.monotonic() + 30
    try:
        for number in range(count):
            peer = socket.socket()
            peers.append(peer)
            peer.setblocking(False)
            peer.bind((f"127.0.0.{2 + number % 8}", 0))
            await asyncio.wait_for(loop.sock_connect(peer, ("127.0.0.1", server.port)), 10)
            # Who comes while the queue of new connections is full waits for a second or three, by the rules of TCP.
            while number % 100 == 99 and connections() - before < number - 500 and time.monotonic() < deadline:
                await asyncio.sleep(0.02)
        while (reached := connections() - before) < count * 0.99:
            if time.monotonic() > deadline:
                raise Failure(f"{reached} of {count} connections were taken")
            await asyncio.sleep(0.2)
        each_one = (memory("VmRSS") - began) * 1024 / count
        slowest = max([await server.ordinary() for _ in range(20)])
    finally:
        for peer in peers:
            peer.close()
    for _ in range(50):
        if connections() < before + 100:
            break
        await asyncio.sleep(0.2)
    else:
        raise Failure(f"{connections() - before} connections are still there 10 s after they were closed")
    lack = "" if count == wanted else f" (the limit of open files allows no {wanted})"
    return f"{count} idle ones{lack}, {each_one:.1f} KB each; among them ordinary requests in {slowest * 1000:.0f} ms"


async def huge(name, data):
    """A head beyond all bounds: a refusal, or the end of the connection."""
    peer = await Peer.open(server.port)
    try:
        sending = asyncio.create_task(peer.send(data))
        with contextlib.suppress(Closed):
            answer = await peer.answer(10)
            if answer.status not in (400, 414, 431):
                raise Failure(f"answered with {answer}")
        if not await peer.is_closed(5):
            raise Failure("the connection was left open")
        await sending
    finally:
        peer.close()


async def body(name, text, legal=False):
    answer = await server.ask(server.request("POST", "/v1/customers", text))
    if not (legal and answer.status == 201):
        refused(answer)


async def query(text):
    refused(await server.ask(server.request("GET", f"/v1/customers?{text}")))


async def raw_query(text):
    with contextlib.suppress(Closed):
        refused(await server.ask(server.request("GET", f"/v1/customers?{text}")))


async def field(method, text):
    path = "/v1/customers" + ("/019aab50-c4c0-7000-8000-000000000001" if method == "PATCH" else "")
    kind = [] if text.startswith("Content-Type") else ["Content-Type: application/json"]
    data = server.head(method, path, *kind, text, "Content-Length: 12") + b'{"name":"a"}'
    if text.startswith("Authorization"):
        data = data.replace(f"Authorization: Bearer {server.key}\r\n".encode(), b"", 1)
    refused(await server.ask(data))


async def ignored_field(text):
    answer = await server.ask(server.head("GET", "/v1/customers?limit=1", text))
    if answer.status != 200:
        refused(answer)


async def answers_to(data, quiet=1.5):
    """All that come until the connection ends or nothing comes any more."""
    peer, found = await Peer.open(server.port), []
    try:
        await peer.send(data)
        with contextlib.suppress(Closed, Failure):
            while True:
                found.append(await peer.answer(quiet))
        return found
    finally:
        peer.close()


async def nonsense(name, data):
    found = await answers_to(data)
    if len(found) > 1 or any(answer.status not in REFUSALS for answer in found):
        raise Failure(f"{len(found)} answers: {', '.join(map(str, found))}")


async def smuggling(name, data):
    found = await answers_to(data)
    # That what follows cannot be read may be said too.
    if any(answer.status not in REFUSALS for answer in found[1:]):
        raise Failure(f"the request behind it was answered too: {', '.join(str(answer)[:60] for answer in found)}")
    if found and found[0].status not in REFUSALS:
        raise Failure(f"answered with {found[0]}")


async def pipelined():
    peer = await Peer.open(server.port)
    try:
        await peer.send(b"".join(server.request("GET", f"/v1/customers?fields=name&limit={n}") for n in range(1, 101)))
        for number in range(1, 101):
            answer = await peer.answer()
            if answer.status != 200 or answer.body.count(b'"name"') != number:
                raise Failure(f"the answer at place {number} is another one's: {answer}")
    finally:
        peer.close()
    return "100 answers in their order"


async def deaf(peers):
    """Clients that ask for much and take none of it. They stay for what comes next."""
    data, before = server.request("GET", f"/v1/customers?limit={LIST}") * 200, kernel_memory()
    for _ in range(200):
        peer = socket.socket()
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        peer.setblocking(False)
        await asyncio.get_running_loop().sock_connect(peer, ("127.0.0.1", server.port))
        with contextlib.suppress(BlockingIOError):
            peer.send(data)
        peers.append(peer)
        # Not all at one instant, which would tell how quickly heads are read.
        await asyncio.sleep(0.005)
    slowest = 0
    for _ in range(20):
        slowest = max(slowest, await server.ordinary())
        await asyncio.sleep(0.5)
    return (f"200 connections × 200 lists, {kernel_memory() - before:.0f} MB of the kernel's memory; "
            f"among them ordinary requests in {slowest * 1000:.0f} ms")


async def emptied(most):
    """Nothing stays of connections that have ended."""
    for _ in range(50):
        if (count := connections()) <= most + 20:
            return f"{count} files open"
        await asyncio.sleep(0.2)
    raise Failure(f"{count} files are still open 10 s after all connections ended")
