"""A patch for the eye: files, hunks, numbered lines, with the syntax colours of each file's own language."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

from livhana_assets.web.pages.words import visible

if TYPE_CHECKING:
    from pygments.formatters import HtmlFormatter
    from pygments.lexer import Lexer

OPEN_LINES = 200
"""So many lines of a patch are shown at once; the rest of it is behind a click."""
COLOURED_LINE = 1000
LONGEST_NAME = 100
COLOURED_BYTES = 200_000
HEADER = re.compile(r"^diff --git a/(.+) b/(.+)$")
HUNK = re.compile(r"^@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@")
SIGNS = {"+": "added", "-": "removed", " ": "kept", "@": "hunk", "\\": "note"}


@dataclass(frozen=True)
class Line:
    """`kind` is added, removed, kept, hunk or note; numbers are None on the side where the line is not."""

    kind: str
    old: int | None
    new: int | None
    code: Markup


@dataclass
class File:
    path: str
    head: list[str] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    before: int = 0
    """Lines of the patch before this file."""

    @property
    def added(self) -> int:
        return sum(line.kind == "added" for line in self.lines)

    @property
    def removed(self) -> int:
        return sum(line.kind == "removed" for line in self.lines)

    @property
    def first(self) -> Sequence[Line]:
        """What is open from the beginning."""
        return self.lines[: max(0, OPEN_LINES - self.before)]

    @property
    def rest(self) -> Sequence[Line]:
        return self.lines[max(0, OPEN_LINES - self.before) :]


def files_of(patch: str) -> tuple[File, ...]:
    """The patch file by file. What is no diff is shown as it is, never left out."""
    files: list[File] = []
    coloured = len(patch) <= COLOURED_BYTES
    for path, lines in _sections(patch):
        before = files[-1].before + len(files[-1].lines) if files else 0
        files.append(_file(path, lines, before, coloured))
    return tuple(files)


def _sections(patch: str) -> Iterator[tuple[str, list[str]]]:
    path, lines = "", list[str]()
    for line in patch.removesuffix("\n").split("\n") if patch else ():
        begun = HEADER.match(line)
        if begun and lines:
            yield path, lines
            lines = []
        path = begun.group(2) if begun else path
        lines.append(line)
    if lines:
        yield path, lines


def _file(path: str, lines: list[str], before: int, coloured: bool) -> File:
    start = next((at for at, line in enumerate(lines) if line.startswith("@@")), len(lines))
    file = File(path or "the patch", lines[:start], before=before)
    for hunk in _hunks(lines[start:]):
        file.lines.extend(_numbered(hunk, path if coloured else ""))
    return file


def _hunks(lines: list[str]) -> Iterator[list[str]]:
    at = [number for number, line in enumerate(lines) if line.startswith("@@")]
    for first, last in zip(at, [*at[1:], len(lines)], strict=True):
        yield lines[first:last]


def _numbered(hunk: list[str], path: str) -> Iterator[Line]:
    """A hunk's lines. Each side is coloured as a whole, so that strings over several lines stay strings."""
    found = HUNK.match(hunk[0])
    old, new = (int(found.group(1)), int(found.group(2))) if found else (0, 0)
    body = hunk[1:]
    before = iter(_colours(path, [line[1:] for line in body if line[:1] in ("-", " ", "")]))
    after = iter(_colours(path, [line[1:] for line in body if line[:1] in ("+", " ", "")]))
    yield Line("hunk", None, None, escape(visible(hunk[0])))
    for line in body:
        kind = SIGNS.get(line[:1] or " ", "note")
        if kind == "removed":
            yield Line(kind, old, None, next(before))
        elif kind == "added":
            yield Line(kind, None, new, next(after))
        elif kind == "kept":
            next(before)
            yield Line(kind, old, new, next(after))
        else:
            yield Line("note", None, None, escape(visible(line)))
        old += kind in ("removed", "kept")
        new += kind in ("added", "kept")


def _colours(path: str, lines: list[str]) -> list[Markup]:
    """One piece of HTML per line, everything in it escaped."""
    shown = [visible(line) for line in lines]
    plain = [escape(line) for line in shown]
    if not path or not shown or max(map(len, shown)) > COLOURED_LINE:
        return plain
    coloured = _highlighted(path, "\n".join(shown))
    return coloured if len(coloured) == len(plain) else plain


def _highlighted(path: str, text: str) -> list[Markup]:
    from pygments import highlight

    language = _language(path.rpartition("/")[2][-LONGEST_NAME:])
    if language is None:
        return []
    html = highlight(text, language(stripnl=False, ensurenl=False), _formatter())
    return [Markup(line) for line in html.split("\n")][: text.count("\n") + 1]


@cache
def _formatter() -> HtmlFormatter[str]:
    from pygments.formatters import HtmlFormatter

    return HtmlFormatter(nowrap=True, classprefix="t-")


@lru_cache(512)
def _language(name: str) -> Callable[..., Lexer] | None:
    """The lexer of a file of this name. Finding it looks at hundreds of patterns, so it is remembered."""
    from pygments.lexers import find_lexer_class_for_filename

    found: Callable[..., Lexer] | None = find_lexer_class_for_filename(name)
    return found
