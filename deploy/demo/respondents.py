"""People who got the mail: they follow its link and answer on the response page, over HTTP like a browser."""

import http.client
import queue
import threading
from urllib.parse import urljoin, urlsplit

from page import answer_form
from waiting import Failure

THREADS = 4


class Browser:
    """One person's browser after another, on one kept connection to the server at `base`."""

    def __init__(self, base):
        self.address = urlsplit(base).netloc
        self.connection = http.client.HTTPConnection(self.address, timeout=30)

    def open(self, method, url, body=None):
        """(status, Location, page). The path of `url` counts; a restart may have moved the port since it was mailed."""
        parts = urlsplit(url)
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        headers = {"Content-Type": "application/x-www-form-urlencoded"} if body is not None else {}
        for attempt in (1, 2):  # a kept connection may have been closed meanwhile; answering again changes nothing
            try:
                self.connection.request(method, target, body, headers)
                answer = self.connection.getresponse()
                return answer.status, answer.headers.get("Location"), answer.read().decode()
            except (OSError, http.client.HTTPException) as error:
                self.connection.close()
                if attempt == 2:
                    raise Failure(f"{method} {parts.path}: {error or type(error).__name__}") from error


def answer(browser, link, person):
    """Answers one invitation. The score's link only chooses; the form is what records."""
    url = f"{link}?score={person.score}"
    for _ in range(2 if person.opens_twice else 1):
        status, _, html = browser.open("GET", url)
        if status != 200:
            raise Failure(f"the response page answered {status}")
    found = answer_form(html, url, person.score, person.comment)
    if found is None:
        raise Failure("the response page has no form with the scores 0 to 10")
    action, body, chosen = found
    if chosen != str(person.score):
        raise Failure(f"the link for {person.score} opened a page where {chosen} is chosen")
    status, location, html = browser.open("POST", action, body)
    if status != 303 or not location:
        raise Failure(f"posting the answer was answered with {status}, not 303")
    status, _, html = browser.open("GET", urljoin(action, location))
    if status != 200:
        raise Failure(f"the page after the answer answered {status}")


def answer_all(base, letters, moved):
    """Answers every (letter, person) on a few connections at a time; `moved()` is called after each.

    A letter becomes handled only after its answer was taken, so a run that was killed goes on where it stopped; an
    answer that was posted but not marked is posted once more, which changes nothing. The first failure ends it.
    """
    waiting, failures = queue.Queue(), []
    for item in letters:
        waiting.put(item)

    def work():
        browser = Browser(base)
        while not failures:
            try:
                letter, person = waiting.get_nowait()
            except queue.Empty:
                break
            try:
                if person.answers:
                    answer(browser, letter.link, person)
                letter.mark_handled()
                moved()
            except Exception as error:  # handed to the caller below
                failures.append((letter, error))
        browser.connection.close()

    threads = [threading.Thread(target=work, daemon=True) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        letter, error = failures[0]
        raise Failure(f"{letter.recipient} could not answer ({letter.path.name}): {error}") from error
