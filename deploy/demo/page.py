"""The response page as a browser sees it: its form, what is chosen in it, and what it would send."""

from html.parser import HTMLParser
from urllib.parse import urlencode, urljoin


class Form:
    def __init__(self, action, method):
        self.action, self.method = action, method.lower()
        self.fixed = []  # (name, value): hidden fields
        self.choices = {}  # name → the values that may be chosen
        self.chosen = {}  # name → value
        self.texts = []  # names of free text fields


class PageReader(HTMLParser):
    """Reads the forms of a page."""

    def __init__(self, html):
        super().__init__()
        self.forms, self.language, self.direction, self.select = [], None, None, None
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        have = {name: value or "" for name, value in attributes}
        if tag == "html":
            self.language, self.direction = have.get("lang"), have.get("dir")
        elif tag == "form":
            self.forms.append(Form(have.get("action", ""), have.get("method", "get")))
        elif self.forms:
            self.field(self.forms[-1], tag, have)

    def field(self, form, tag, have):
        name, kind = have.get("name"), have.get("type", "text")
        if tag == "option" and self.select:
            self.choice(form, self.select, have.get("value", ""), "selected" in have)
        elif not name:
            return
        elif tag == "select":
            self.select = name
        elif tag == "textarea":
            form.texts.append(name)
        elif tag == "input" and kind == "hidden":
            form.fixed.append((name, have.get("value", "")))
        elif tag == "input" and kind in ("radio", "checkbox"):
            self.choice(form, name, have.get("value", "on"), "checked" in have)
        elif tag == "input" and kind == "text":
            form.texts.append(name)

    @staticmethod
    def choice(form, name, value, is_chosen):
        form.choices.setdefault(name, []).append(value)
        if is_chosen:
            form.chosen[name] = value

    def handle_endtag(self, tag):
        if tag == "select":
            self.select = None


def answer_form(html, url, score, comment):
    """What a browser would post for this score and comment: (URL, body, what was chosen already).

    None when the page has no form that takes a score, as when it only says thank you.
    """
    for form in PageReader(html).forms:
        names = [name for name, values in form.choices.items() if {"0", "10", str(score)} <= set(values)]
        if form.method != "post" or not names:
            continue
        fields = form.fixed + [(names[0], str(score))] + [(name, comment) for name in form.texts[:1]]
        return urljoin(url, form.action or url), urlencode(fields).encode(), form.chosen.get(names[0])
    return None
