"""away.py PORT MONITORING-PORT KEY PSQL URL: clients that create customers, each under a key of its own and again
until it is done, while the database goes away and comes back. What happens to it is read from standard input, a word a
line. Prints figures, and what the server did wrong, and ends with 1 if it did."""

import asyncio
import json
import random
import subprocess
import sys
import time
from collections import Counter

from wire import Closed, Failure, Peer, Server

CLIENTS = 16
LONGEST = 6  # seconds for any answer
RECOVERY = 2  # seconds from the database's first answer to ours
LAST_CHANCE = 20  # seconds for what is open when all ends

port, monitoring = int(sys.argv[1]), int(sys.argv[2])
server = Server(port, sys.argv[3])
wrong = Counter()
answers = Counter()  # of the clients, by what they said
longest = {}  # seconds, by what was asked
moments = {}
sent, acknowledged, replayed = set(), set(), 0
first = {}  # the first success of each kind once the database accepts


def is_away():
    """Surely: it has stopped, and was not told to start."""
    return "stopped" in moments and "starting" not in moments


async def ask(peer, what, data):
    """The answer, its time being watched."""
    began, phase = time.monotonic(), "away" if is_away() else "up"
    try:
        await peer.send(data)
        answer = await peer.answer(LONGEST)
    except Failure:
        wrong[f"{what}: no answer within {LONGEST} s"] += 1
        raise Closed from None
    finally:
        took = time.monotonic() - began
        longest[what, phase] = max(longest.get((what, phase), 0), took)
    if answer.status < 300 and "accepting" in moments:
        first.setdefault(what, time.monotonic() - moments["accepting"])
    return answer, phase == "away" and is_away()


def check_refusal(what, answer):
    """That the answer while the database is away is the one that is promised."""
    if answer.status != 503 or answer.code is None or "retry-after" not in answer.headers:
        wrong[f"{what} while the database is away: {answer} Retry-After: {answer.headers.get('retry-after')}"] += 1


async def client(number):
    """Creates one customer after the other."""
    peer, count = None, 0
    while "ending" not in moments:
        count += 1
        reference = f"A-{number}-{count}"
        body = json.dumps({"name": f"Client {number}", "reference": reference}).encode()
        data = server.request("POST", "/v1/customers", body, f"Idempotency-Key: {reference}")
        sent.add(reference)
        while reference not in acknowledged:
            if "ending" in moments and time.monotonic() > moments["ending"] + LAST_CHANCE:
                return
            peer = await attempt(peer, reference, data)
        await asyncio.sleep(0.01)


async def attempt(peer, reference, data):
    """One try, and the pause after it if it failed. Returns the connection while it lasts."""
    global replayed
    try:
        peer = peer or await Peer.open(port)
        answer, away = await ask(peer, "create", data)
    except (Closed, OSError):
        answers["connection lost"] += 1
        if peer:
            peer.close()
        await asyncio.sleep(0.2)
        return None
    answers[f"{answer.status} {answer.code or ''}".strip()] += 1
    if answer.status == 201:
        acknowledged.add(reference)
        replayed += answer.headers.get("idempotency-replayed") == "true"
        if json.loads(answer.body)["reference"] != reference:
            wrong["another customer was answered than was sent"] += 1
        if away:
            wrong["a customer was created while the database was away"] += 1
        return peer
    if away:
        check_refusal("create", answer)
    elif answer.status != 503 and answer.code != "in_flight":
        wrong[f"create: {answer}"] += 1
    await asyncio.sleep(float(answer.headers.get("retry-after", 1)) + random.uniform(0, 0.5))
    if answer.headers.get("connection") == "close":
        peer.close()
        return None
    return peer


async def reader():
    """Looks all the time, since the others wait for as long as they are told."""
    while "ending" not in moments:
        await asyncio.sleep(0.05)
        peer = await Peer.open(port)
        try:
            answer, away = await ask(peer, "list", server.request("GET", "/v1/customers?limit=1"))
        except Closed:
            wrong["list: the connection was lost"] += 1
            continue
        finally:
            peer.close()
        if away:
            check_refusal("list", answer)
        elif answer.status not in (200, 503):
            wrong[f"list: {answer}"] += 1


async def prober(which, path, expected):
    """The process lives all the time, and is not ready while the database is away."""
    while "ending" not in moments:
        await asyncio.sleep(0.1)
        peer = await Peer.open(which)
        try:
            answer, away = await ask(peer, path, server.request("GET", path))
        except Closed:
            wrong[f"{path}: the connection was lost"] += 1
            continue
        finally:
            peer.close()
        if away and answer.status != expected:
            after = time.monotonic() - moments["stopped"]
            place = "for monitoring" if which == monitoring else "of the API"
            wrong[f"{path} at the port {place}: {answer.status}, {after:.0f} s after the database had ended"] += 1
        elif path == "/healthz" and answer.status != 200:
            wrong[f"{path}: {answer}"] += 1


async def listen():
    """What happens to the database."""
    words = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(words), sys.stdin)
    while word := (await words.readline()).decode().strip():
        moments[word] = time.monotonic()
    if "ending" not in moments:
        sys.exit("the database was not brought back")


def compare():
    """Every customer that was sent is there once."""
    found = subprocess.run(
        [sys.argv[4], "-XAtq", "-d", sys.argv[5], "-c", "SELECT reference FROM crm.customer"],
        check=True, capture_output=True, text=True).stdout.split()
    times = Counter(found)
    for what, names in {
        "acknowledged but not there": acknowledged - set(found),
        "there more than once": {name for name, count in times.items() if count > 1},
        "never acknowledged, for all its repetitions": sent - acknowledged,
        "there but never sent": set(found) - sent,
    }.items():
        if names:
            wrong[f"customers {what}: {len(names)}, such as {min(names)}"] += 1
    return len(found)


async def main():
    await server.prepare()
    probes = [prober(which, path, expected) for which in (port, monitoring)
              for path, expected in (("/healthz", 200), ("/readyz", 503))]
    await asyncio.gather(listen(), reader(), *probes, *(client(number) for number in range(CLIENTS)))
    found = compare()
    away = moments["accepting"] - moments["stopping"]
    print(f"  customers: {len(sent)} sent, {len(acknowledged)} acknowledged ({replayed} done before), {found} there")
    print(f"  answers: {', '.join(f'{count} × {what}' for what, count in sorted(answers.items()))}")
    print(f"  the database was away for {away:.1f} s; first success after it: "
          + ", ".join(f"{what} {first[what]:.2f} s" for what in ("list", "create") if what in first))
    print("  slowest answers: " + ", ".join(
        f"{what} {took:.2f} s ({phase})" for (what, phase), took in sorted(longest.items())))
    for what in ("list", "create"):
        if what not in first:
            wrong[f"{what}: never succeeded after the database came back"] += 1
    if first and min(first.values()) > RECOVERY:
        wrong[f"the first success came {min(first.values()):.1f} s after the database was back"] += 1
    if wrong:
        sys.exit("\n".join(f"  {count} × {what}" for what, count in wrong.items()))


asyncio.run(main())
