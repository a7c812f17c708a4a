"""What the main job prints: steps with their times, progress while something is long, tables."""

import contextlib
import os
import sys
import time
import unicodedata

WIDTH = 28


class Story:
    def __init__(self, seconds):
        self.seconds = dict(seconds)
        self.live = sys.stderr.isatty()
        self.bold, self.plain = ("\033[1m", "\033[0m") if sys.stdout.isatty() and "NO_COLOR" not in os.environ else ("", "")

    def heading(self, text):
        print(f"\n{self.bold}{text}{self.plain}", flush=True)

    def line(self, text=""):
        print(text, flush=True)

    @contextlib.contextmanager
    def step(self, name, title):
        """Times what is done inside; the caller may put a finding into the yielded list, for the end of the line."""
        began, findings = time.monotonic(), []
        yield findings
        self.seconds[name] = round(time.monotonic() - began, 1)
        print(f"  {title:<52} {self.seconds[name]:>6} s   {' '.join(findings)}", flush=True)

    def progress(self, what):
        return Progress(what, self.live)


class Progress:
    """A bar on a terminal, a line now and then elsewhere; on standard error."""

    def __init__(self, what, live):
        self.what, self.live, self.next, self.shown = what, live, time.monotonic() + 5, False

    def __call__(self, done, total):
        now = time.monotonic()
        if self.live and (now >= self.next - 4.9 or done == total):
            full = WIDTH * done // total if total else 0
            print(f"\r\033[K  {self.what} {'█' * full}{'·' * (WIDTH - full)} {done}/{total}", end="", file=sys.stderr)
            sys.stderr.flush()
            self.next, self.shown = now + 5, True
        elif not self.live and now >= self.next:
            print(f"  {self.what} {done}/{total}", file=sys.stderr, flush=True)
            self.next = now + 5

    def end(self):
        if self.shown:
            print("\r\033[K", end="", file=sys.stderr, flush=True)


def columns_of(text):
    """How many places of a terminal a text takes; marks and joiners take none."""
    return sum(0 if unicodedata.category(char) in ("Mn", "Me", "Cf") else 1 for char in text)


def padded(text, width, right=False):
    space = " " * (width - columns_of(text))
    return space + text if right else text + space


def table(header, rows, left=1):
    """Lines of a table; numbers stand to the right, the texts of the first `left` columns and all bars to the left."""
    rows = [[str(cell) for cell in row] for row in rows]
    widths = [max(columns_of(cell) for cell in column) for column in zip(header, *rows)]
    for row in [header, ["─" * width for width in widths], *rows]:
        cells = (padded(cell, width, right=place >= left and not header[place].startswith("█")) for place, (cell, width) in enumerate(zip(row, widths)))
        yield ("  " + "  ".join(cells)).rstrip()


def decimal(value, digits=1):
    return "–" if value is None else f"{value:.{digits}f}"


def bar(score):
    """Promoters, passives and detractors as one bar."""
    n = score["n"]
    if not n:
        return ""
    promoters = round(WIDTH * score["promoters"] / n)
    detractors = round(WIDTH * score["detractors"] / n)
    return "█" * promoters + "▒" * (WIDTH - promoters - detractors) + "░" * detractors


def score_row(name, score):
    interval = "–" if score["low"] is None else f"{score['low']:.1f} … {score['high']:.1f}"
    rate = score["n"] / score["sent"] if score["sent"] else None
    return [
        name, decimal(score["score"]), interval, score["n"], "–" if rate is None else f"{100 * rate:.0f} %",
        *("–" if score[group] is None else score[group] for group in ("promoters", "passives", "detractors")), bar(score),
    ]  # fmt: skip
