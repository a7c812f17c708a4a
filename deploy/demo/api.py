"""A client of the HTTP API: JSON in and out, problems as exceptions, lists page by page."""

import http.client
import json
import time
from urllib.parse import urlencode, urlsplit

from waiting import Failure


class Problem(Failure):
    """An answer that is an error: its status and its problem+json body."""

    def __init__(self, method, path, status, body):
        self.status, self.body = status, body
        title = body.get("detail") or body.get("title") or body.get("code") or "no explanation"
        errors = "".join(f"\n  {e.get('pointer')}: {e.get('detail')}" for e in body.get("errors", [])[:5])
        super().__init__(f"{method} {path} answered {status}: {title}{errors}")


class Api:
    """The API at `base` ("http://127.0.0.1:8080") with one key. Not for several threads at once."""

    def __init__(self, base, key):
        self.address, self.key = urlsplit(base).netloc, key
        self.connection = None

    def get(self, path, **query):
        # The brackets of filter[…] stay readable, as in the documentation.
        return self.call("GET", path + ("?" + urlencode(query, safe="[]") if query else ""))

    def post(self, path, body=None):
        return self.call("POST", path, body)

    def import_csv(self, path, data, patience):
        """Sends a file and waits for what comes of it."""
        sent = self.call("POST", path, data, "text/csv")

        def look():
            found = self.get(f"{path}/{sent['id']}")
            return found["state"] in ("done", "failed") and found, found["rows"]

        found = patience.until(f"the import {sent['id']}", look)
        if found["state"] != "done" or found["rejected"]:
            raise Failure(f"the file was not imported: {found}")
        return found

    def pages(self, path, **query):
        """Every object of a list, over all its pages."""
        query.setdefault("limit", 200)
        while True:
            page = self.get(path, **query)
            yield from page["data"]
            if page.get("next_cursor") is None:
                return
            query["cursor"] = page["next_cursor"]

    def named(self, path, name):
        """The object of a list that has this name, or None."""
        return next((each for each in self.pages(path) if each["name"] == name), None)

    def status(self, method, path, body=None):
        """The status and the problem's code alone, for calls that are meant to fail."""
        try:
            self.call(method, path, body)
        except Problem as problem:
            return problem.status, problem.body.get("code")
        return 200, None

    def call(self, method, path, body=None, content_type="application/json"):
        deadline = time.monotonic() + 30
        while True:
            status, headers, answer = self.exchange(method, path, body, content_type)
            if status != 503 or time.monotonic() > deadline:
                break
            time.sleep(min(int(headers.get("Retry-After") or 1), 5))
        try:
            parsed = json.loads(answer) if answer else {}
        except ValueError:
            parsed = {"detail": answer[:200].decode(errors="replace")}
        if status >= 400:
            raise Problem(method, path, status, parsed if isinstance(parsed, dict) else {})
        return parsed

    def exchange(self, method, path, body, content_type):
        headers = {"Authorization": f"Bearer {self.key}", "Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = content_type
            if content_type == "application/json":
                body = json.dumps(body, ensure_ascii=False).encode()
        # A write goes out on a connection of its own: one that the server just closed would leave it in doubt.
        reuse = method == "GET" and self.connection is not None
        while True:
            if not reuse:
                self.close()
                self.connection = http.client.HTTPConnection(self.address, timeout=120)
            try:
                self.connection.request(method, path, body, headers)
                answer = self.connection.getresponse()
                return answer.status, answer.headers, answer.read()
            except (OSError, http.client.HTTPException) as error:
                self.close()
                if not reuse:
                    raise Failure(f"{method} {path}: {error or type(error).__name__}") from error
                reuse = False

    def close(self):
        if self.connection is not None:
            self.connection.close()
            self.connection = None
