"""How values are said on a page. Text from traces and repositories is made visible: nothing in it can hide, turn or break the text around it."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

from markupsafe import Markup, escape

CODE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
MARKS = {
    "specified": "a specification, waiting for a yes or no",
    "accepted": "worth building, waiting to be built",
    "drafting": "being drafted",
    "proposed": "waiting for a decision",
    "approved": "waiting to be carried out",
    "executing": "being carried out",
    "implemented": "landed, not measured yet",
    "rolled_back": "could not land; nothing was changed",
    "rejected": "refused by a person",
    "expired": "nobody decided in time",
    "superseded": "replaced by a newer one",
    "improved": "landed and measured: it helped",
    "not_improved": "landed and measured: it did not help",
    "inconclusive": "landed; too little was seen to tell",
    "reverted": "landed and taken back",
}
"""What each status means, in the order of the ledger."""


def visible(value: Any) -> Any:
    """What Jinja prints: plain text with every character that a reader could not see written out by its number."""
    if isinstance(value, Markup) or not isinstance(value, str):
        return "" if value is None else value
    if value.isprintable():
        return value
    return "".join(c if c.isprintable() or c in "\n\t" else f"⟦U+{ord(c):04X}⟧" for c in value)


def is_visible(text: str) -> bool:
    """Whether a reader sees every character of it: only then may it go back into a field as it was."""
    return text.replace("\n", "").replace("\t", "").isprintable()


def coded(text: str) -> Markup:
    """The text with what stands between single backticks as code. It is escaped first, so that no other markup comes out of it."""
    return Markup(CODE.sub(r"<code>\1</code>", str(escape(visible(text)))))


def one_line(text: str, length: int = 240) -> str:
    """The text in one line, cut where it is longer."""
    line = " ".join(text[: 4 * length].split())
    return line if len(line) <= length and len(text) <= 4 * length else f"{line[: length - 1].rstrip()}…"


def moment(value: datetime | None) -> str:
    return f"{value:%Y-%m-%d %H:%M} UTC" if value else "–"


def clock(text: str) -> str:
    """A time as evidence keeps it, for the eye; any other text as it is."""
    return re.sub(r"^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)\+00:00$", r"\1 \2 UTC", text)


def ago(then: datetime, now: datetime) -> str:
    """How long since, in the largest unit that says something."""
    passed = max(now - then, timedelta())
    for unit, size in (("day", timedelta(days=1)), ("hour", timedelta(hours=1)), ("minute", timedelta(minutes=1))):
        if count := passed // size:
            return f"{counted(count, unit)} ago"
    return "just now"


def lasting(span: timedelta | None) -> str:
    """A length of time to two places of its largest unit."""
    if span is None:
        return "–"
    minutes = span / timedelta(minutes=1)
    if minutes < 100:
        return f"{minutes:.0f} min"
    return f"{minutes / 60:.1f} h" if minutes < 72 * 60 else f"{minutes / 1440:.1f} days"


def counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def number_word(count: int) -> str:
    """A small number as a word."""
    words = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
    return words[count] if count < len(words) else f"{count:,}"
