"""Tests that cannot fail, or hardly: what each language's reader found, as findings. A test is one by the runner's own naming."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from livhana_assets.loop.patterns.code_quality.model import Finding, Place

Why = Literal["empty", "constant", "swallowed", "skipped", "no_assertion"]
TOLD: dict[Why, str] = {
    "empty": "is empty",
    "constant": "only asserts what is always so",
    "swallowed": "catches every failure of its own assertions",
    "skipped": "is skipped always",
    "no_assertion": "asserts nothing: it fails only where something raises",
}
GRAVITY: dict[Why, float] = {
    "swallowed": 500.0,
    "constant": 400.0,
    "empty": 300.0,
    "skipped": 200.0,
    "no_assertion": 100.0,
}
ASSERTING = re.compile(
    r"assert|expect|should|verif|check|ensure|validate|fail|raises|warns|match|must|approve|snapshot|golden|compare",
    re.IGNORECASE,
)
"""A call of such a name asserts, whoever wrote it: better a test passed over than one accused wrongly."""
MEANS_NOT_TO_RAISE = re.compile(
    r"smoke|(not?|never|without|doesnt|dont|no)_?\w*?(raise|error|exception|crash|fail|throw|warn|break|hang|deadlock|leak)"
    r"|(does|do|should)\s?n[o']t|without\s+(an?\s+)?(error|exception)|survives?|tolerate|_can_|able|success|loads?\b|accept|allow|works?$|runs?$|import|compat|repr$",
    re.IGNORECASE,
)
"""In such a test's name its author says that not raising is all it asks."""

MEANS_THE_SAME = re.compile(
    r"same|stable|idempot|identi|reflexi|cache|memo|hash|equal|_eq\b|constant|singleton", re.IGNORECASE
)
"""In such a test's name its author says that a thing is compared with itself."""


@dataclass(frozen=True)
class Suspicion:
    """Why a test may never fail."""

    path: str
    name: str
    first: int
    last: int
    why: Why
    skip_line: int = 0
    """Where it is skipped: the line whose age counts."""


def findings(found: Iterable[Suspicion]) -> list[Finding]:
    return [_finding(one) for one in found if not _meant(one)]


def _meant(one: Suspicion) -> bool:
    """Whether the test's own name says that it asks no more."""
    if one.why == "constant":
        return bool(MEANS_THE_SAME.search(one.name))
    return one.why == "no_assertion" and bool(MEANS_NOT_TO_RAISE.search(one.name))


def _finding(one: Suspicion) -> Finding:
    title = f"the test “{one.name}” {TOLD[one.why]}"
    details = {"test": one.name, "why": one.why, **({"skip_line": one.skip_line} if one.skip_line else {})}
    place = Place(path=one.path, first=one.first, last=one.last)
    weight = GRAVITY[one.why] + min(one.last - one.first + 1, 99)
    return Finding("test_never_fails", f"{one.name} {one.why}", title, (place,), float(weight), details)
