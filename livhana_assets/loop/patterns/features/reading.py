"""Whether a message asks for something new, complains, or reports a fault: a linear model of cues that anyone can read in `cues.toml`."""

from __future__ import annotations

import math
import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

Meaning = Literal["request", "complaint", "bug", "other"]
Effort = Literal["small", "medium", "large"]
LONGEST = 600
"""Characters that are read: what follows is a story, whose words say less about what is wanted."""


@dataclass(frozen=True)
class Cue:
    name: str
    pattern: re.Pattern[str]
    request: float
    complaint: float
    bug: float
    unserved: float
    """More for a request where the platform could not help: who asks whether it is offered would have it."""
    frame: bool


@dataclass(frozen=True)
class Cues:
    threshold: float
    cues: tuple[Cue, ...]
    effort: dict[str, re.Pattern[str]]
    sentiment: dict[str, re.Pattern[str]]


@dataclass(frozen=True)
class Reading:
    """What a message is, and by which cues."""

    meaning: Meaning
    certainty: float
    """0 to 1: the logistic of how far the meaning's score is above the next one, or above the threshold."""
    cues: tuple[str, ...]
    sentiment: float
    """From -1 to 1."""
    effort: Effort
    """A hint from the words, no estimate."""


@cache
def cues() -> Cues:
    told = tomllib.loads(files(__package__).joinpath("cues.toml").read_text(encoding="utf-8"))
    return Cues(
        told["threshold"],
        tuple(map(_cue, told["cue"])),
        {name: re.compile(pattern) for name, pattern in told["effort"].items()},
        {name: re.compile(pattern) for name, pattern in told["sentiment"].items()},
    )


def _cue(told: dict[str, Any]) -> Cue:
    request, complaint, bug = (float(told.get(name, 0)) for name in ("request", "complaint", "bug"))
    return Cue(
        told["name"],
        re.compile(told["pattern"]),
        request,
        complaint,
        bug,
        float(told.get("unserved", 0)),
        bool(told.get("frame")),
    )


def read(message: str | None, *, unserved: bool = False) -> Reading:
    """The meaning of one message, out of its first 600 characters. `unserved`: the platform could not help who said it."""
    text, known = _head(message), cues()
    found = [cue for cue in known.cues if cue.pattern.search(text)]
    scores: dict[Meaning, float] = {
        "request": sum(cue.request + cue.unserved * unserved for cue in found),
        "bug": sum(cue.bug for cue in found),
        "complaint": sum(cue.complaint for cue in found),
    }
    meaning = max(scores, key=lambda name: scores[name])
    best = scores.pop(meaning)
    margin = best - max(known.threshold, *scores.values())
    if best < known.threshold:
        meaning = "other"
    certainty = 1 / (1 + math.exp(-abs(margin)))
    return Reading(meaning, round(certainty, 4), tuple(cue.name for cue in found), _sentiment(text), _effort(text))


def wish(message: str | None) -> str:
    """The message without the turns of phrase that only say that something is wished for: what is left says what."""
    text = _head(message)
    for cue in cues().cues:
        if cue.frame:
            text = cue.pattern.sub(" ", text)
    return " ".join(text.split())


def _head(message: str | None) -> str:
    text = (message or "")[: LONGEST * 2].replace("\x00", " ").replace("\u2019", "'").lower()
    return " ".join(text.split())[:LONGEST]


def _sentiment(text: str) -> float:
    good, bad = (len(cues().sentiment[name].findall(text)) for name in ("good", "bad"))
    return round((good - bad) / (good + bad + 1), 4)


def _effort(text: str) -> Effort:
    if cues().effort["large"].search(text):
        return "large"
    return "small" if cues().effort["small"].search(text) else "medium"
