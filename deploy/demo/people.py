"""Who the customers of the demo are and how they answer: everything follows from the reference, the orders and SEED.

README.md beside this file says the rules in words. No clock and no random source has a say, so that every run and every
machine has the same figures.
"""

import csv
import datetime
import hashlib
from dataclasses import dataclass, field
from pathlib import Path

SEED = "mehvar-1"
LAST_DAY = datetime.date(1998, 6, 30)  # the data set ends here
POTENTIAL = 200

GIVEN = {
    "fa": "آرش مریم سینا زهرا کاوه نرگس بهرام لیلا امید شیرین داریوش پریسا فرهاد مینا نیما سارا یاسر هدیه".split(),
    "en": "Alice Brian Clara David Emma Frank Grace Henry Irene James Karen Louis Maria Noah Olive Peter Ruth Simon".split(),
}
FAMILY = {
    "fa": "احمدی کریمی رضایی موسوی یزدانی صادقی نوری حسینی تهرانی شیرازی فرهادی کاظمی رستمی بهرامی گیلانی جعفری".split(),
    "en": "Adams Baker Carter Dixon Evans Foster Gibson Harris Irving Jordan Keller Lawson Mills Norris Owens Parker".split(),
}
COMMENTS = {
    "fa": {
        "promoter": ["ارسال سریع بود و بسته‌بندی عالی.", "همیشه از شما خرید می‌کنم.", "پشتیبانی‌تان بی‌نظیر است."],
        "passive": ["خوب بود، ولی قیمت‌ها کمی بالاست.", "تنوع بیشتر باشد بهتر است.", "در کل راضی هستم."],
        "detractor": ["سفارشم دیر رسید.", "کسی پاسخ تلفن را نداد.", "کالا با توضیح سایت فرق داشت."],
    },
    "en": {
        "promoter": ["Fast delivery, well packed.", "I always come back to you.", "Your support is excellent."],
        "passive": ["Good, but a little expensive.", "I would like a wider choice.", "Fine on the whole."],
        "detractor": ["My order came late.", "Nobody answered the phone.", "It was not what the page promised."],
    },
}


def chance(reference, purpose):
    """A number in [0, 1) that belongs to this reference and purpose."""
    digest = hashlib.sha256(f"{SEED}/{purpose}/{reference}".encode()).digest()
    return int.from_bytes(digest[:6], "big") / 2**48


def pick(items, reference, purpose):
    return items[int(chance(reference, purpose) * len(items))]


@dataclass
class Person:
    reference: str
    orders: int = 0
    amount: float = 0.0
    last_order: datetime.date = None
    language: str = field(init=False)

    def __post_init__(self):
        self.language = "fa" if int(self.reference.lstrip("P")) % 2 else "en"

    @property
    def name(self):
        return f"{pick(GIVEN[self.language], self.reference, 'given')} {pick(FAMILY[self.language], self.reference, 'family')}"

    @property
    def email(self):
        return "" if chance(self.reference, "no address") < 0.02 else f"{self.reference.lower()}@customers.example"

    @property
    def consent(self):
        return "no" if chance(self.reference, "no consent") < 0.03 else "yes"

    @property
    def answers(self):
        return chance(self.reference, "no answer") >= 0.4

    @property
    def opens_twice(self):
        return chance(self.reference, "opens twice") < 0.15

    @property
    def score(self):
        """0…10 from how often, how lately and how much they bought, and a mood of −3…+2."""
        frequency = min(self.orders, 8) * 0.4
        days = (LAST_DAY - self.last_order).days if self.last_order else 999
        recency = 2 if days <= 120 else 1 if days <= 240 else 0
        spend = 1.5 if self.amount >= 250 else 0.5 if self.amount >= 100 else 0
        mood = int(chance(self.reference, "mood") * 6) - 3
        return max(0, min(10, int(6 + frequency + recency + spend + mood)))

    @property
    def comment(self):
        if chance(self.reference, "comments") >= 1 / 3:
            return ""
        return pick(COMMENTS[self.language][group_of(self.score)], self.reference, "comment")


def group_of(score):
    return "promoter" if score >= 9 else "passive" if score >= 7 else "detractor"


def read_orders(path):
    """The rows of orders.csv, each with its number as the order's reference."""
    with open(path, newline="", encoding="utf-8") as file:
        for number, row in enumerate(csv.DictReader(file), start=1):
            yield {**row, "order_ref": f"CDNOW-{number:05}", "currency": "USD"}


def people_of(orders):
    """Everyone by reference: those who bought, and POTENTIAL who did not."""
    people = {}
    for row in orders:
        reference = row["customer_ref"]
        person = people.setdefault(reference, Person(reference))
        person.orders += 1
        person.amount += float(row["amount"])
        day = datetime.date.fromisoformat(row["ordered_on"])
        person.last_order = max(day, person.last_order or day)
    for number in range(1, POTENTIAL + 1):
        people[f"P{number:04}"] = Person(f"P{number:04}")
    return people


CUSTOMER_COLUMNS = ["reference", "name", "email", "language", "consent"]
ORDER_COLUMNS = ["customer_ref", "ordered_on", "quantity", "amount", "order_ref", "currency"]


def write_customers(path, people):
    rows = ({column: getattr(each, column) for column in CUSTOMER_COLUMNS} for each in people)
    return write_csv(path, CUSTOMER_COLUMNS, rows)


def write_csv(path, columns, rows):
    path = Path(path)
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)
    return path
