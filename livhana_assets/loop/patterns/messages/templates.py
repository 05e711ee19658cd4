"""A message without its data."""

from __future__ import annotations

import re

from livhana_assets.loop.patterns.messages.heads import collapse, whole_words
from livhana_assets.loop.patterns.messages.words import CALENDAR, CLOSING, OPENING, WILD, Kind, Word, read_word

IDENTIFIER = r"'[A-Za-z_$][\w$.]*'"
CODE_NAMES = re.compile(
    rf"\((?:reading|setting) {IDENTIFIER}\)|{IDENTIFIER} object|has no attribute {IDENTIFIER}|name {IDENTIFIER} is not"
    rf"|arguments?:? {IDENTIFIER}|module named {IDENTIFIER}|instances of {IDENTIFIER} and {IDENTIFIER}"
    rf"|(?:and|type\(s\) for [^:]*:) {IDENTIFIER}"
)
"""Quoted words that are code, not data: kept, for they tell two bugs apart."""
QUOTED = re.compile(r"(?<!\w)(?:\"[^\"\n]*\"|'[^'\n]*'(?!\w)|`[^`\n]*`)")
REQUEST_LINE = re.compile(r"\"[A-Z]{3,10} ")
"""`"GET /cart HTTP/1.1"`: the verb is no data."""
SAID_BEFORE = re.compile(r"(?:^|[\s{,](?:msg|message|event|err|error|reason|title|detail)=)$")
"""In structured logs a quotation at the start, or after such a key, is the message itself."""
NAME = re.compile(r"[A-Za-z_][\w.$-]*$")


def template(message: str) -> str:
    """The message without its data, all that is quoted among it. A function of the collapsed head alone."""
    return template_of(collapse(message), keep_names=False)


def template_of(head: str, *, keep_names: bool = True) -> str:
    """The template of a collapsed head. `keep_names`: a quoted word without digits may be a name in the code, and stays for the
    merge to judge by the other words that stand there."""
    head = whole_words(head)
    if '"' in head or "'" in head or "`" in head:
        head = _without_quoted(head, keep_names)
    return _joined([read_word(word) for word in head.split()])


def _without_quoted(head: str, keep_names: bool) -> str:
    pieces: list[str] = []
    at = 0
    for kept in CODE_NAMES.finditer(head):
        pieces += [_quotes_masked(head[at : kept.start()], keep_names), kept.group()]
        at = kept.end()
    return "".join([*pieces, _quotes_masked(head[at:], keep_names)])


def _quotes_masked(text: str, keep_names: bool) -> str:
    def masked(found: re.Match[str]) -> str:
        quoted = found.group()
        if REQUEST_LINE.match(quoted) or (keep_names and NAME.match(quoted[1:-1])):
            return quoted
        if keep_names and SAID_BEFORE.search(text[max(0, found.start() - 12) : found.start()]):
            return quoted
        return f"{quoted[0]}{WILD}{quoted[-1]}"

    return QUOTED.sub(masked, text)


def _joined(words: list[Word]) -> str:
    """The words in a line; a quantity takes its unit, a time its day and month, a list becomes its first element."""
    out: list[str] = []
    last: Kind = "word"
    for text, kind in words:
        if kind == "word" or (kind == "data" and last == "word"):
            out.append(text)
        elif kind == "data":
            _add_data(out, text)
        elif last == "data" and (kind == "calendar" or out[-1].endswith(WILD)):
            out[-1] += _tail(text)
            continue
        else:
            out.append(text)
        last = kind
    return " ".join(out)


def _add_data(out: list[str], text: str) -> None:
    """A value at the end of the line, without the day and month before it; once only where the same stands there already."""
    while text.startswith(WILD) and out and out[-1].strip(OPENING).lower() in CALENDAR:
        before = out.pop()
        text = before[: len(before) - len(before.lstrip(OPENING))] + text
    opened = out[-1][: len(out[-1]) - len(out[-1].lstrip("(["))] if out else ""
    if out and WILD in out[-1] and out[-1].lstrip("([").rstrip(",") == text.rstrip(",;.)]"):
        out[-1] = opened + text
    else:
        out.append(text)


def _tail(text: str) -> str:
    return text[len(text.rstrip(CLOSING)) :]
