"""HTTP/1.1 as clients send it that no library would be: bytes over a socket, and the answers that come back."""

import asyncio
import json
import time

PATIENCE = 20  # seconds for what has no limit of its own


class Failure(Exception):
    """What the server did wrong."""


class Closed(Exception):
    """The server ended the connection where an answer could have been."""


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def code(self):
        """Of a problem of ours, else nothing."""
        if self.headers.get("content-type", "").partition(";")[0] != "application/problem+json":
            return None
        try:
            problem = json.loads(self.body)
        except ValueError:
            return None
        return problem.get("code") if problem.get("status") == self.status else None

    def __str__(self):
        kind = self.headers.get("content-type", "no type")
        return f"{self.status} ({kind}) {self.body[:200].decode('utf-8', 'replace')!r}"


class Peer:
    """A client's end of a connection."""

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer

    @classmethod
    async def open(cls, port):
        return cls(*await asyncio.wait_for(asyncio.open_connection("127.0.0.1", port, limit=1 << 24), PATIENCE))

    async def send(self, data):
        """Whether the server still took it."""
        try:
            self.writer.write(data)
            await self.writer.drain()
        except OSError:
            return False
        return not self.writer.is_closing()

    async def answer(self, within=PATIENCE):
        try:
            return await asyncio.wait_for(self.read(), within)
        except (asyncio.TimeoutError, TimeoutError):
            raise Failure(f"no answer within {within} s") from None
        except (asyncio.IncompleteReadError, OSError):
            raise Closed from None

    async def read(self):
        lines = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        if not lines[0].startswith("HTTP/1."):
            raise Failure(f"an answer begins with {lines[0][:60]!r}")
        status, body = int(lines[0].split()[1]), b""
        if headers.get("transfer-encoding") == "chunked":
            while size := int((await self.reader.readuntil(b"\r\n")).partition(b";")[0], 16):
                body += (await self.reader.readexactly(size + 2))[:-2]
            await self.reader.readuntil(b"\r\n")
        elif status not in (204, 304):
            body = await self.reader.readexactly(int(headers.get("content-length", 0)))
        return Answer(status, headers, body)

    async def is_closed(self, within):
        """Whether the server ends the connection, and says no more before."""
        try:
            rest = await asyncio.wait_for(self.reader.read(200), within)
        except (asyncio.TimeoutError, TimeoutError):
            return False
        except OSError:
            return True
        if rest:
            raise Failure(f"more came after the answer: {rest!r}")
        return True

    def close(self):
        self.writer.close()


class Server:
    """The server that is tried, and how it is spoken to in an ordinary way."""

    def __init__(self, port, key):
        self.port, self.key = port, key

    def head(self, method, path, *fields, key=None):
        """Texts are latin-1, so that every byte can be said."""
        lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", f"Authorization: Bearer {key or self.key}", *fields]
        return "".join(line + "\r\n" for line in lines + [""]).encode("latin-1")

    def request(self, method, path, body=b"", *fields, kind="application/json"):
        if body:
            fields += (f"Content-Type: {kind}", f"Content-Length: {len(body)}")
        return self.head(method, path, *fields) + body

    async def ask(self, data, within=PATIENCE):
        """The answer to these bytes on a connection of their own."""
        peer = await Peer.open(self.port)
        try:
            await peer.send(data)
            return await peer.answer(within)
        finally:
            peer.close()

    async def ordinary(self, within=2):
        """Seconds that an ordinary request takes."""
        began = time.monotonic()
        try:
            answer = await self.ask(self.request("GET", "/v1/customers?limit=1"), within)
        except Closed:
            raise Failure("an ordinary request was not answered") from None
        if answer.status != 200:
            raise Failure(f"an ordinary request was answered with {answer}")
        return time.monotonic() - began

    async def prepare(self):
        """Limits on the rate are another matter. They are heeded a few seconds after they were changed."""
        rates = b'{"requests_per_second": 100000, "key_requests_per_second": 100000}'
        answer = await self.ask(self.request("PATCH", "/v1/settings", rates))
        for _ in range(100):
            if answer.status != 200:
                raise Failure(f"the rates could not be raised: {answer}")
            if "100000" in answer.headers.get("ratelimit-policy", ""):
                return
            await asyncio.sleep(0.1)
            answer = await self.ask(self.request("GET", "/v1/settings"))
        raise Failure("raised rates are not heeded")
