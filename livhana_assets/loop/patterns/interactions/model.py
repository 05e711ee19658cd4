"""What customers ask, as values: a pattern of questions with how it is answered."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from livhana_assets.loop.patterns.model import DayCount, Value

Kind = Literal["gap", "failure", "success", "mixed", "unjudged"]


class Rate(Value):
    """A share with its 95 % bounds by Wilson's score interval (1927); no rate of nothing."""

    hits: int
    of: int
    rate: float | None = None
    low: float | None = None
    high: float | None = None


class ServedShare(Value):
    """One channel, intent or answer within a pattern."""

    name: str
    interactions: int
    served: Rate
    differs: bool = False
    """Whether its rate differs from that of the pattern's other rows (two proportions, 95 %)."""


class TellingTerm(Value):
    """A word or two that tells served customers from the others: log-odds with an informative Dirichlet prior (Monroe et al., 2008)."""

    term: str
    served: int
    unserved: int
    log_odds: float
    z: float


class InteractionPattern(Value):
    """Questions that ask the same, merged over days."""

    pattern_id: str
    """`interaction-` and 12 hex digits."""
    cluster_id: str
    kind: Kind
    why: str
    """What its kind rests on, in one sentence."""
    title: str
    terms: tuple[str, ...]
    interactions: int
    customers: int
    success: Rate
    feedback: float | None
    rated: int
    latency_ms: float | None
    repeat_day: Rate
    """Of the rows that say who asked: those who had asked the like within 24 hours before."""
    repeat_week: Rate
    unanswered: Rate
    distinct_answers: int
    """At least so many responses differ in more than digits."""
    answers: tuple[ServedShare, ...]
    channels: tuple[ServedShare, ...]
    intents: tuple[ServedShare, ...]
    served_terms: tuple[TellingTerm, ...]
    unserved_terms: tuple[TellingTerm, ...]
    unserved: int
    """Judged rows that were not served: what is to be gained."""
    first_seen: datetime
    last_seen: datetime
    days: tuple[DayCount, ...]
    exemplars: tuple[str, ...]
    """Interaction ids."""


class InteractionFindings(Value):
    """What a window of interactions says; without enough of them, only that."""

    interactions: int
    minimum: int
    enough: bool
    told: str
    success: Rate
    patterns: tuple[InteractionPattern, ...] = ()
