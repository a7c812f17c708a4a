"""Waiting for a condition, never for ever, and never for a program that has ended."""

import sys
import time
from pathlib import Path


class Failure(Exception):
    """The main job cannot go on; its text is for people."""


class Process:
    """A server that the job depends on: looked at by its pid, explained by the end of its log."""

    def __init__(self, name, pid, log):
        self.name, self.pid, self.log = name, pid, Path(log)

    def lives(self):
        try:
            stat = Path(f"/proc/{self.pid}/stat").read_text()
        except OSError:
            return False
        return stat.rpartition(")")[2].split()[0] != "Z"

    def print_log(self, lines=20):
        try:
            text = self.log.read_text(errors="replace").splitlines()[-lines:]
        except OSError as error:
            text = [str(error)]
        print(f"--- the end of {self.log}", *text, sep="\n", file=sys.stderr)


class Patience:
    """Waits for what the servers do in the background."""

    def __init__(self, processes):
        self.processes = processes

    def until(self, what, look, stalled_after=60, every=0.1):
        """The first result of `look()` whose first part is true; `look` returns (result, how far it is).

        Fails when how far it is has not changed for `stalled_after` seconds, or when a server has ended.
        """
        last, since = None, time.monotonic()
        while True:
            result, position = look()
            if result:
                return result
            if position != last:
                last, since = position, time.monotonic()
            for process in self.processes:
                if not process.lives():
                    raise Failure(f"the {process.name} ended while waiting for {what}")
            if time.monotonic() - since > stalled_after:
                raise Failure(f"waited for {what}, and nothing moved for {stalled_after} seconds (at: {position})")
            time.sleep(every)
