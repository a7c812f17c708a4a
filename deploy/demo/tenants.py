"""The two businesses: made with the `mehvar` command, their keys kept in a file that only its owner may read."""

import json
import os
import subprocess
import time

from api import Api, Problem
from waiting import Failure

# Its orders are the data set's, in dollars, and only amounts in a business's own currency are added up.
FIRST = {
    "slug": "parsian",
    "name": "فروشگاه پارسیان",
    "locale": "fa",
    "time-zone": "Asia/Tehran",
    "calendar": "jalali",
    "currency": "USD",
    "sender-name": "فروشگاه پارسیان",
    "sender-address": "survey@parsian.example",
}
SECOND = {
    "slug": "other",
    "name": "Other Books",
    "locale": "en",
    "time-zone": "Europe/London",
    "calendar": "gregorian",
    "currency": "GBP",
    "sender-name": "Other Books",
    "sender-address": "survey@other.example",
}


class Command:
    """The `mehvar` command."""

    def __init__(self, program):
        self.program = program

    def __call__(self, *arguments):
        """What it printed, parsed; fails with what it said."""
        line = [self.program, *arguments, "--format", "json"]
        done = subprocess.run(line, capture_output=True, text=True, encoding="utf-8", timeout=120)
        if done.returncode != 0:
            raise Failure(f"mehvar {' '.join(arguments[:2])}: {done.stderr.strip() or f'exit {done.returncode}'}")
        try:
            return json.loads(done.stdout)
        except ValueError as error:
            raise Failure(f"mehvar {' '.join(arguments[:2])} printed no JSON: {done.stdout[:200]}") from error


class KeyFile:
    """slug → key, readable by its owner alone."""

    def __init__(self, path):
        self.path = path

    def read(self):
        try:
            return json.loads(self.path.read_text())
        except FileNotFoundError:
            return {}

    def write(self, keys):
        fresh = self.path.with_suffix(".new")
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(keys, file, indent=2)
        os.chmod(fresh, 0o600)
        os.replace(fresh, self.path)


def api_of(tenant, command, keys, base):
    """The API as this tenant; makes the tenant and its key unless an earlier run did."""
    slug = tenant["slug"]
    if not any(each["slug"] == slug for each in command("tenant", "list")):
        options = [part for name, value in tenant.items() for part in (f"--{name}", value)]
        command("tenant", "create", *options)
    known = keys.read()
    api = Api(base, known.get(slug, ""))
    if slug not in known or not is_accepted(api):
        name = time.strftime("demo %Y-%m-%dT%H:%M:%SZ", time.gmtime())
        known[slug] = command("key", "create", "--tenant", slug, "--name", name)["secret"]
        keys.write(known)
        api.key = known[slug]
    return api


def is_accepted(api):
    try:
        api.get("/v1/customers", limit=1)
    except Problem as problem:
        if problem.status == 401:
            return False
        raise
    return True
