"""One word of a message: is it said by the program, or is it data?

A word is what stands between blanks. Its brackets, quotes and signs stay; in between, what holds a digit, a path, an address or a
host name becomes `<*>`. No pattern repeats a repetition, so that a word costs time in proportion to its length.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal, NamedTuple

WILD = "<*>"
"""Data by its form."""
MERGED = "<word>"
"""A place where other messages have other words."""
REMEMBERED = 1 << 16
Kind = Literal["word", "data", "unit", "calendar"]


class Word(NamedTuple):
    text: str
    kind: Kind


OPENING = "[](){}<>\"'`,;:!?.*#@|=+~-"
CLOSING = "[](){}<>\"'`,;:!?.*#@|="
SIGNS = "<>~+#-"
"""Before a number: less than, about, a sign. They belong to the number."""
PLACEHOLDER = re.compile(r"<[a-z-]{1,20}:0>")
"""What redaction puts for a secret: `<password:12>`."""
EMPTY = re.compile(r"(\(\)|\[\])[,;:.]*$")
"""Brackets that stand alone hold a value that is missing."""
SIMPLE = re.compile(r"[\w-]+$")
"""Neither address nor path nor pair."""
URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
EMAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+$")
PATH = re.compile(r"(?:[A-Za-z]:\\|~?/|\.{1,2}/)\S*[^\s/]|\\\\")
ENDPOINT = re.compile(r"[\w-]+\.[\w.-]*[A-Za-z][\w-]*:0$")
SOURCE_LINE = re.compile(
    r"\.(?:c|h|cc|cpp|hpp|cs|go|java|js|jsx|kt|m|mjs|php|py|rb|rs|scala|sh|swift|ts|tsx)(?::0)?$", re.IGNORECASE
)
HOST = re.compile(
    r"[\w-]+\.(?:[\w-]+\.)*(?:com|net|org|edu|gov|mil|info|biz|io|dev|cloud|local|localdomain|internal|lan|example|corp)(?:\.[a-z]{2})?$"
    r"|[\w-]+\.[\w-]+\.(?:[\w-]+\.)*[a-z]{2}$",
    re.IGNORECASE,
)
NUMBERED = re.compile(r"([A-Za-z]+[_-]?)0$")
"""`eth0`, `node-7`: the stem tells what is numbered."""
HEX_STEM = re.compile(r"[a-fA-F]+$")
PARTS = re.compile(r"([=:,;|()\[\]{}<>\"'@]+)")
JOINED = re.compile(r"<\*>(?:[:/.,@-]?<\*>)+")
NOTHING = frozenset({"null", "none", "nil", "undefined", "true", "false", "nan"})
"""After `key=`: a value like any other."""
UNITS = frozenset((
    "b", "kb", "mb", "gb", "tb", "kib", "mib", "gib", "tib", "k", "m", "g", "byte", "bytes", "kbyte", "kbytes",
    "mbyte", "mbytes", "s", "ms", "us", "µs", "ns", "sec", "secs", "second", "seconds", "millisecond",
    "milliseconds", "microseconds", "msec", "usec", "min", "mins", "minute", "minutes", "h", "hr", "hrs", "hour",
    "hours", "d", "day", "days", "%", "hz", "khz", "mhz", "ghz",
))  # fmt: skip
CALENDAR = frozenset((
    "mon", "tue", "wed", "thu", "fri", "sat", "sun", "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep",
    "oct", "nov", "dec", "am", "pm", "utc", "gmt", "est", "edt", "cst", "cdt", "mst", "mdt", "pst", "pdt", "cet",
    "cest", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "january", "february",
    "march", "april", "june", "july", "august", "september", "october", "november", "december",
))  # fmt: skip


@lru_cache(maxsize=REMEMBERED)
def read_word(word: str) -> Word:
    """The word without its data, and what it is to the words beside it. Numbers are expected as one 0."""
    if word.isalpha():
        return Word(word, _kind(word.lower(), word))
    if "<" in word:
        word = PLACEHOLDER.sub("0", word)
    if EMPTY.match(word):
        return Word(f"{word[0]}{WILD}{word[1:]}", "data")
    rest = word.lstrip(OPENING)
    core = rest.rstrip(CLOSING)
    if not core:
        return Word(word, "data" if WILD in word else "word")
    if core == "/":
        return Word(word.replace("/", WILD), "data")
    before, after = word[: len(word) - len(rest)], rest[len(core) :]
    masked = _masked(core)
    if masked.startswith(WILD):
        before = before.rstrip(SIGNS)
    return Word(before + masked + after, _kind(core.lower(), masked))


def _kind(core: str, masked: str) -> Kind:
    if WILD in masked:
        return "data"
    if core in UNITS:
        return "unit"
    return "calendar" if core in CALENDAR else "word"


def _masked(core: str) -> str:
    if SIMPLE.match(core):
        return _part(core, assigned=False)
    if URL.match(core) or PATH.match(core) or EMAIL.match(core):
        return WILD
    if ENDPOINT.match(core) and not SOURCE_LINE.search(core):
        return WILD
    parts = PARTS.split(core)
    parts[::2] = [
        _part(part, assigned=place > 0 and parts[2 * place - 1] == "=") for place, part in enumerate(parts[::2])
    ]
    return JOINED.sub(WILD, "".join(parts))


def _part(part: str, *, assigned: bool) -> str:
    if not part:
        return part
    stem = NUMBERED.match(part)
    if stem:
        return WILD if HEX_STEM.match(stem[1]) else stem[1] + WILD
    if "0" in part or PATH.match(part) or (assigned and part.lower() in NOTHING):
        return WILD
    return WILD if HOST.match(part) and not SOURCE_LINE.search(part) else part
