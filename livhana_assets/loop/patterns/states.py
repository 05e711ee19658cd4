"""Whether a pattern is new, grows, came back, or was fixed and is back all the same.

The first that holds is told, in this order:

`fixed_but_back`  seen, since a change for it landed, in a release that contains the landed commit;
`new`             first seen at most 2 days before the newest day that there are errors of;
`resurfaced`      seen again in the last 7 days after at least 14 silent ones;
`growing`         the daily rate of the last 3 days, against that of the 14 days before, has a lower bound over 1.5;
`ongoing`         none of these.

Given the total of both counts the later one is binomial, so that the Clopper-Pearson bound of its share gives the exact lower 95 % bound
of the ratio of two Poisson rates (Przyborowski and Wilenski 1940). Crashes that come in bursts vary more than that: the bound then errs
towards `growing`, which changes an order of reading and no decision.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from livhana_assets.loop.patterns.model import Value

NEW_DAYS = 2
LATE_DAYS = 3
BEFORE_DAYS = 14
LEAST_BEFORE_DAYS = 3
"""With fewer observed days before, a rate before is no rate."""
RATIO = 1.5
ALPHA = 0.05
SILENT_DAYS = 14
BACK_DAYS = 7

Holds = Callable[[str, str], bool | None]
"""Whether a release (by its name) contains a commit; None where the name means no commit."""


class State(StrEnum):
    NEW = "new"
    GROWING = "growing"
    RESURFACED = "resurfaced"
    FIXED_BUT_BACK = "fixed_but_back"
    ONGOING = "ongoing"


class StateTold(Value):
    """A pattern's state, and the figures that it rests on in one sentence."""

    state: State
    why: str


@dataclass(frozen=True)
class Seen:
    """One day of a pattern: rows, and rows by release."""

    day: date
    occurrences: int
    releases: Mapping[str, int]


@dataclass(frozen=True)
class Fix:
    """A change for the pattern that has landed and was not taken back."""

    proposal_id: str
    commit: str
    landed_at: datetime


@dataclass(frozen=True)
class Observed:
    """The first and the newest day that there are errors of, whatever their pattern: nothing is known outside of them."""

    first: date
    newest: date


def state_of(
    days: Sequence[Seen], observed: Observed, fixes: Sequence[Fix] = (), holds: Holds = lambda *_: None
) -> StateTold:
    """The state of a pattern with at least one day, told on the newest observed day. The order of days never matters."""
    days = sorted(days, key=lambda one: one.day)
    return (
        _fixed_but_back(days, fixes, holds)
        or _new(days, observed)
        or _resurfaced(days, observed)
        or _growing(days, observed)
        or StateTold(state=State.ONGOING, why=f"seen on {len(days)} days since {days[0].day}")
    )


def _fixed_but_back(days: Sequence[Seen], fixes: Sequence[Fix], holds: Holds) -> StateTold | None:
    for fix in sorted(fixes, key=lambda one: (one.landed_at, one.proposal_id), reverse=True):
        since = [one for one in days if one.day >= fix.landed_at.date()]
        names = sorted({name for one in since for name in one.releases})
        with_fix = {name for name in names if holds(name, fix.commit)}
        again = [(one.day, name, one.releases[name]) for one in since for name in sorted(with_fix & set(one.releases))]
        if again:
            day, name, _ = again[-1]
            count = sum(occurrences for _, _, occurrences in again)
            why = f"{count} occurrences in releases that contain {fix.proposal_id} ({fix.commit[:12]}), last in {name[:40]} on {day}"
            return StateTold(state=State.FIXED_BUT_BACK, why=why)
    return None


def _new(days: Sequence[Seen], observed: Observed) -> StateTold | None:
    first = days[0].day
    if (observed.newest - first).days > NEW_DAYS:
        return None
    why = f"first seen on {first}; errors are known from {observed.first} to {observed.newest}"
    return StateTold(state=State.NEW, why=why)


def _resurfaced(days: Sequence[Seen], observed: Observed) -> StateTold | None:
    pairs = list(itertools.pairwise(days))
    for before, after in reversed(pairs):
        silent = (after.day - before.day).days - 1
        if (observed.newest - after.day).days < BACK_DAYS and silent >= SILENT_DAYS:
            why = f"seen again on {after.day} after {silent} silent days"
            return StateTold(state=State.RESURFACED, why=why)
    return None


def _growing(days: Sequence[Seen], observed: Observed) -> StateTold | None:
    since = observed.newest - timedelta(days=LATE_DAYS - 1)
    from_day = max(since - timedelta(days=BEFORE_DAYS), observed.first)
    before_days = (since - from_day).days
    late = sum(one.occurrences for one in days if one.day >= since)
    before = sum(one.occurrences for one in days if from_day <= one.day < since)
    if before_days < LEAST_BEFORE_DAYS or not late:
        return None
    lower = lower_ratio(late, LATE_DAYS, before, before_days)
    if lower <= RATIO:
        return None
    why = f"{late} in the last {LATE_DAYS} days, {before} in the {before_days} before: at least {lower:.1f} times the rate (95 %)"
    return StateTold(state=State.GROWING, why=why)


def lower_ratio(late: int, late_days: int, before: int, before_days: int) -> float:
    """The exact lower 95 % bound of late rate / rate before; 0 where nothing was seen late."""
    from scipy.special import betaincinv

    share = float(betaincinv(late, before + 1, ALPHA)) if late else 0.0
    return share / (1 - share) * before_days / late_days if share < 1 else math.inf
