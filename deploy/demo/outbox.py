"""The outbox as a mail program sees it: a maildir, its messages parsed as MIME."""

import email
import email.parser
import email.policy
import os
import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

from waiting import Failure

HEADERS = email.parser.BytesHeaderParser(policy=email.policy.default)


class Letter:
    """A message: whom it is for and what it is about at once, its link when it is asked for."""

    def __init__(self, path, handled):
        self.path, self.handled = path, handled
        with open(path, "rb") as file:
            header = HEADERS.parse(file)
        self.recipient = header["To"].addresses[0].addr_spec.lower()
        self.subject = str(header["Subject"])

    @property
    def link(self):
        """The survey's address, from the text part, where it stands on a line of its own."""
        message = email.message_from_bytes(self.path.read_bytes(), policy=email.policy.default)
        part = message.get_body(preferencelist=("plain",))
        found = part and re.search(r"^\s*(https?://\S+/s/\S+)\s*$", part.get_content(), re.MULTILINE)
        if not found:
            raise Failure(f"{self.path} has no text part with a link to a survey on a line of its own")
        return found.group(1)

    def mark_handled(self):
        """From new/ to cur/, seen: what a mail program does."""
        there = self.path.parent.parent / "cur" / f"{self.path.name}:2,S"
        os.rename(self.path, there)
        self.path, self.handled = there, True


class Outbox:
    def __init__(self, path):
        self.path = Path(path)

    @staticmethod
    def of_url(url):
        """The maildir that the worker delivers to, or None when it sends by SMTP."""
        parts = urlsplit(url)
        return Outbox(unquote(parts.path)) if parts.scheme == "maildir" else None

    def letters(self):
        """Every message, those in new/ and those in cur/."""
        for folder, handled in (("new", False), ("cur", True)):
            if not (self.path / folder).is_dir():
                continue
            for path in sorted((self.path / folder).iterdir()):
                yield Letter(path, handled)
