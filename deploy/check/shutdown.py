"""shutdown.py PORT MONITORING KEY PID: tells the API to stop in the middle of an upload; ends with 1 when it does not
finish what runs, or does not say what it does."""

import http.client
import json
import os
import signal
import sys
import time

port, monitoring, key, pid = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
BEARER = {"Authorization": f"Bearer {key}"}


def ask(at, path, headers=None):
    connection = http.client.HTTPConnection("127.0.0.1", at, timeout=10)
    connection.request("GET", path, headers=headers or {})
    answer = connection.getresponse()
    return answer.status, answer.read()


def expect(what, found, wanted):
    if found != wanted:
        sys.exit(f"  {what}: {found}, and not {wanted}")


def until(what, condition, seconds=10):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            sys.exit(f"  {what}: not within {seconds} s")
        time.sleep(0.02)


def is_alive():
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        return stat.read().rsplit(")", 1)[1].split()[0] != "Z"


def is_closed():
    try:
        http.client.HTTPConnection("127.0.0.1", port, timeout=1).connect()
    except OSError:
        return True
    return False


expect("ready", ask(monitoring, "/readyz")[0], 200)
body = b"reference,name\nA-1,Ada\n"
upload = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
upload.putrequest("POST", "/v1/customers/imports")
for name, value in {**BEARER, "Content-Type": "text/csv", "Content-Length": str(len(body))}.items():
    upload.putheader(name, value)
upload.endheaders()
upload.send(body[:10])
began = time.monotonic()
os.kill(pid, signal.SIGTERM)
until("draining is told", lambda: ask(monitoring, "/readyz") == (503, b'{"status":"draining"}'), 1)
status, problem = ask(port, "/readyz")
expect("draining is told to clients", (status, json.loads(problem)["code"]), (503, "draining"))
expect("it goes on meanwhile", ask(port, "/v1/customers", BEARER)[0], 200)
until("no more connections are taken", is_closed)
drained = time.monotonic() - began
upload.send(body[10:])
answer = upload.getresponse()
expect("what ran is finished", (answer.status, json.loads(answer.read())["state"]), (202, "waiting"))
until("the process ends", lambda: not is_alive())
print(f"  drained for {drained:.1f} s, finished an upload, and ended after {time.monotonic() - began:.1f} s")
if drained < 1.9:
    sys.exit(f"  it drained for {drained:.1f} s and not for 2")
