"""Anchored edits become whole new texts, or a reason why not: nothing is edited that was not shown, and nothing by guess."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from itertools import pairwise
from unicodedata import category

from livhana_assets.adapters.claude_analyst.answers import Edit


class Refused(Exception):
    """The edits cannot be made as they were given; the message says which and why, quoting no more of them than a path."""


def edited(edits: Sequence[Edit], shown: Collection[str], read: Callable[[str], str | None]) -> dict[str, str]:
    """New texts by path. Each `before` must stand exactly once in the base's text, whatever the other edits do. Raises Refused."""
    by_path: dict[str, list[Edit]] = {}
    for edit in edits:
        if edit.path not in shown:
            raise Refused(f"it edits {edit.path[:200]!r}, which it was not shown")
        by_path.setdefault(edit.path, []).append(edit)
    changed = {path: _applied(path, read(path), of_path) for path, of_path in by_path.items()}
    if all(text == read(path) for path, text in changed.items()):
        raise Refused("its edits change nothing")
    return changed


def _applied(path: str, base: str | None, edits: Sequence[Edit]) -> str:
    if base is None:
        raise Refused(f"{path} is no text at the base commit")
    if hidden := sorted({sign for edit in edits for sign in edit.after if _is_hidden(sign)} - set(base)):
        raise Refused(f"it brings a character into {path} that nobody sees (U+{ord(hidden[0]):04X})")
    places = sorted(((_place(path, base, edit.before), edit) for edit in edits), key=lambda place: place[0])
    for (start, edit), (following, _) in pairwise(places):
        if start + len(edit.before) > following:
            raise Refused(f"two of its edits of {path} overlap")
    for start, edit in reversed(places):
        base = base[:start] + edit.after + base[start + len(edit.before) :]
    return base


def _place(path: str, base: str, before: str) -> int:
    first, last = base.find(before), base.rfind(before)
    if first != last or first < 0:
        found = "more than once" if first >= 0 else "nowhere"
        raise Refused(f"a text that it replaces stands {found} in {path}; it must stand there exactly once")
    return first


def _is_hidden(sign: str) -> bool:
    """Whether a reviewer cannot see it: a control, or a mark that turns text around or takes no room."""
    return category(sign) in ("Cc", "Cf", "Co", "Cn", "Zl", "Zp") and sign not in "\t\n\r\f"
