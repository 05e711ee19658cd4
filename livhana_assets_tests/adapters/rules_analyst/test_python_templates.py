"""Each template: a made-up module crashes, the first fix is applied, the real code runs again."""

from __future__ import annotations

from decimal import Decimal

import pytest

from livhana_assets.adapters.rules_analyst import RulesAnalyst
from livhana_assets_tests.adapters.rules_analyst.a_crash import after, changed_lines, python_crash


def first(folder, source, call, others=None):
    crash = python_crash(folder, source, call, others)
    found = list(RulesAnalyst().candidates(crash))
    assert found, f"no candidate for {crash.exemplar.message}"
    before = crash.read("shop.py")
    return found[0], changed_lines(before, found[0].edits["shop.py"])


FIND = """
    BOOKS = {"a": {"title": " Emma ", "pages": 9}}

    def find(key):
        return BOOKS.get(key)
"""

CASES = {
    "a missing result is answered as the function answers elsewhere": (
        FIND + """
    def title(key):
        if not key:
            return "untitled"[:0] or ""
        book = find(key)
        return book["title"].strip()   # keep
""", "title('zz')", "", ["+    if book is None:\n", '+        return ""\n']),
    "the annotation tells the answer": (
        FIND + """
    def pages(key) -> list[int]:
        book = find(key)
        return [book["pages"]]
""", "pages('zz')", [], ["+    if book is None:\n", "+        return []\n"]),
    "an optional annotation tells None": (
        FIND + """
    def pages(key) -> "int | None":
        book = find(key)
        return book["pages"] + 1
""", "pages('zz')", None, ["+    if book is None:\n", "+        return None\n"]),
    "a sibling's way with the same value is taken": (
        FIND + """
    def has_pages(key):
        found = find(key)
        if found is None:
            return 0
        return found["pages"]

    def size(key):
        book = find(key)
        return book["pages"] * 2
""", "size('zz')", 0, ["+    if book is None:\n", "+        return 0\n"]),
    "a missing member of a sum counts nothing": (
        """
    def total(lines):
        return sum(line["price"] * 2 for line in lines)
""", "total([{'price': 2}, {'price': None}])", 4,
        ['-    return sum(line["price"] * 2 for line in lines)\n', '+    return sum((line["price"] or 0) * 2 for line in lines)\n']),
    "a member without a value is skipped in a loop": (
        """
    def names(people):
        found = []
        for person in people:
            address = person["address"]
            found.append(address["city"])
        return found
""", "names([{'address': None}, {'address': {'city': 'Lyon'}}])", ["Lyon"],
        ["+        if address is None:\n", "+            continue\n"]),
    "an addition is left out rather than what other turns of the loop have made": (
        """
    def table(titles, rows):
        lines = []
        for place in range(2):
            cells = [row[place] for row in rows]
            if titles is not None:
                cells.append(titles[place])  # wide enough
            lines.append("|".join(cells))
        return "".join(lines)
""", "table(['a'], ['xy'])", "x|ay",
        ["-            cells.append(titles[place])  # wide enough\n", "+            if place < len(titles):\n",
         "+                cells.append(titles[place])  # wide enough\n"]),
    "a missing name becomes empty text": (
        """
    def view(person):
        return {"name": person["name"].title(), "age": 3}
""", "view({'name': None})", {"name": None, "age": 3}, None),
    "a key is read with the default of other places": (
        """
    def shipping(order):
        return 5 if order.get("express", False) else 0

    def label(order):
        speed = "fast" if order["express"] else "slow"
        return speed + "!"
""", "label({})", "slow!", ['-    speed = "fast" if order["express"] else "slow"\n', '+    speed = "fast" if order.get("express", False) else "slow"\n']),
    "a key is read with a default that fits its use": (
        """
    def total(order):
        return 10 + order["fee"]
""", "total({})", 10, ['-    return 10 + order["fee"]\n', '+    return 10 + order.get("fee", 0)\n']),
    "the first of none is answered as elsewhere": (
        """
    def newest(rows):
        '''The newest row, or None.'''
        ranked = sorted(rows)
        return ranked[0]
""", "newest([])", None, ["+    if not ranked:\n", "+        return None\n"]),
    "the maximum of none has a default": (
        """
    def longest(words):
        return max(len(word) for word in words) + 1
""", "longest([])", 1, ["-    return max(len(word) for word in words) + 1\n", "+    return max((len(word) for word in words), default=0) + 1\n"]),
    "the next of none has a default": (
        """
    def match(words, start):
        return next(word for word in words if word.startswith(start))
""", "match(['a'], 'b')", None,
        ["-    return next(word for word in words if word.startswith(start))\n", "+    return next((word for word in words if word.startswith(start)), None)\n"]),
    "the mean of none is guarded": (
        """
    from statistics import mean

    def average(scores) -> float:
        return mean(scores)
""", "average([])", 0.0, ["+    if not scores:\n", "+        return 0.0\n"]),
    "a number is made text beside text": (
        """
    def label(number):
        return "No. " + number
""", "label(4)", "No. 4", ['-    return "No. " + number\n', '+    return "No. " + str(number)\n']),
    "numbers are joined as text": (
        """
    def line(numbers):
        return ", ".join(numbers)
""", "line([1, 2])", "1, 2", ['-    return ", ".join(numbers)\n', '+    return ", ".join(map(str, numbers))\n']),
    "an empty number is zero": (
        """
    def quantity(text):
        return int(text)
""", "quantity('')", 0, ["-    return int(text)\n", "+    return int(text or 0)\n"]),
    "a malformed number is answered as elsewhere": (
        """
    def quantity(text):
        if not text:
            return 0
        return int(text)
""", "quantity('four')", 0,
        ["-    return int(text)\n", "+    try:\n", "+        return int(text)\n", "+    except ValueError:\n", "+        return 0\n"]),
    "an unbound name starts with its empty value": (
        """
    def note(kind):
        if kind == "gift":
            text = "For you"
        return text.upper()
""", "note('plain')", "", ['+    text = ""\n']),
    "a share of nothing is nothing": (
        """
    def share(part, whole):
        return part / whole
""", "share(3, 0)", 0, ["-    return part / whole\n", "+    return part / whole if whole else 0\n"]),
    "a misspelt name is spelt as meant": (
        """
    class Box:
        def __init__(self):
            self.weight = 3

    def heavy(box):
        return box.wieght > 2
""", "heavy(Box())", True, ["-    return box.wieght > 2\n", "+    return box.weight > 2\n"]),
    "members without a rank come last": (
        """
    def ranked(rows):
        return sorted(rows, key=lambda row: row["rank"])
""", "ranked([{'rank': None}, {'rank': 2}, {'rank': None}])", [{"rank": 2}, {"rank": None}, {"rank": None}], None),
    "one word is a first name only": (
        """
    def names(text):
        first, last = text.split(" ")
        return last, first
""", "names('Mia')", ("", "Mia"), ['-    first, last = text.split(" ")\n', '+    first, _, last = text.partition(" ")\n']),
    "a stranger has no place": (
        """
    def place(queue, who) -> "int | None":
        return queue.index(who)
""", "place(['a'], 'b')", None, ["+    if who not in queue:\n", "+        return None\n"]),
    "a loop that removes goes through a copy": (
        """
    def kept(stock):
        for name in stock:
            if not stock[name]:
                del stock[name]
        return stock
""", "kept({'a': 0, 'b': 1})", {"b": 1}, ["-    for name in stock:\n", "+    for name in list(stock):\n"]),
    "a float beside a Decimal is read as it prints": (
        """
    from decimal import Decimal

    def taxed(price):
        return price * 1.5
""", "taxed(Decimal('2'))", Decimal("3.0"), ["-    return price * 1.5\n", '+    return price * Decimal("1.5")\n']),
    "an amount that is missing is zero beside a number": (
        """
    def owed(person):
        debt = person["debt"]
        return {"owed": debt + 1}
""", "owed({'debt': None})", {"owed": 1}, None),
}  # fmt: skip


@pytest.mark.parametrize("sentence", CASES)
def test_the_first_fix_holds(tmp_path, sentence):
    source, call, value, lines = CASES[sentence]
    candidate, changed = first(tmp_path, source, call)
    assert after(candidate, call, tmp_path) == value
    if lines is not None:
        assert changed == lines
