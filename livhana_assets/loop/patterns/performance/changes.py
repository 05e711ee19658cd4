"""Where a series of daily latencies changed for good, and by how much.

Two witnesses have to agree. Kernel change-point detection (ruptures' KernelCPD, rbf; Arlot, Celisse, Harchaoui 2019) on the log series,
scaled by 1.4826 · MAD(differences) / √2, says where the distribution changed. A step or ramp fitted by generalised least squares under AR(1)
noise says whether noise that remembers explains it as well. Alone, the first calls up to a fifth of stationary AR(1) series changed.
`bench/regressions.py` prints F1, false alarms and power.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from math import exp, log
from typing import TYPE_CHECKING

from livhana_assets.loop.patterns.performance.bumps import Bump, best_bump
from livhana_assets.loop.patterns.performance.rises import SHORTEST, Rise, best_rise
from livhana_assets.loop.patterns.performance.steadying import noise_scale, steadied

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Values = NDArray[np.float64]

FEWEST = 14
"""Points in which a change can be told at all."""
LEAST_RATIO = 1.1
"""A rise of less than a tenth is not reported."""
BELIEVED, REMEMBERS = 3.7, 2.4
"""A score is believed above 3.7 + 2.4 φ: found with seeds that no benchmark uses."""
BELIEVED_PAIR = 5.4
"""Instead of 3.7, for two changes that undo each other: there are many more pairs of places than places."""
WITHIN = 3
"""Points by which the two witnesses may differ."""
PASSING = 10
"""A rise that falls back by most of its size within so many points passes; it is no regression."""
DEEPEST = 4


@dataclass(frozen=True)
class Change:
    """A change that is believed. `ratio` is the new level over the old one; bounds hold it in 95 of 100 cases."""

    place: int
    """The first point of the change; of a ramp, its onset."""
    length: int
    """Points until the new level is reached: 1 for a step."""
    ratio: float
    low: float
    high: float
    before: float
    """Typical value between the change before, or the beginning, and this one."""
    after: float
    """Typical value from this change to the next one, or the end."""
    score: float


def find_changes(values: Sequence[float] | Values, period: int = 7) -> tuple[Change, ...]:
    """The changes of a series of equally spaced values, in order, rises and falls. What is no positive number is passed over."""
    import numpy as np

    given = np.asarray(values, dtype=float)
    kept = np.flatnonzero(np.isfinite(given) & (given > 0))
    if len(kept) < FEWEST:
        return ()
    steady = steadied(given[kept], kept, period)
    changes = _levelled(steady, sorted(_believed(steady), key=lambda rise: rise.place))
    return tuple(replace(change, place=int(kept[change.place])) for change in changes)


def regressions(values: Sequence[float] | Values, period: int = 7) -> tuple[Change, ...]:
    """The rises by a tenth or more that did not pass by themselves, in order."""
    return lasting_rises(find_changes(values, period))


def lasting_rises(changes: Sequence[Change]) -> tuple[Change, ...]:
    pairs = zip_longest(changes, changes[1:])
    return tuple(rise for rise, next_one in pairs if rise.ratio >= LEAST_RATIO and not _passes(rise, next_one))


def _passes(rise: Change, following: Change | None) -> bool:
    if following is None or following.place - rise.place > PASSING:
        return False
    return -log(following.ratio) > 0.6 * log(rise.ratio)


def _believed(steady: Values) -> list[Rise]:
    rises = _split(steady)
    if not rises:
        return []
    cuts = _kernel_cuts(steady)
    return [rise for rise in rises if any(rise.place - WITHIN <= cut <= rise.settled + WITHIN for cut in cuts)]


def _split(steady: Values, offset: int = 0, depth: int = 0) -> list[Rise]:
    """The changes of a stretch: the clearest one, or two that undo each other; then those on every side of them."""
    if len(steady) < FEWEST or depth > DEEPEST:
        return []
    here = _clearest(steady)
    starts, ends = [0, *(rise.settled for rise in here)], [*(rise.place for rise in here), len(steady)]
    parts = zip(starts, ends, strict=True) if here else ()
    within = [rise for start, end in parts for rise in _split(steady[start:end], offset + start, depth + 1)]
    return [*(replace(rise, place=rise.place + offset) for rise in here), *within]


def _clearest(steady: Values) -> list[Rise]:
    rise = best_rise(steady)
    if rise and abs(rise.score) > BELIEVED + REMEMBERS * rise.phi:
        return [rise]
    bump = best_bump(steady)
    if bump and abs(bump.score) > BELIEVED_PAIR + REMEMBERS * bump.phi:
        return _edges(steady, bump)
    return []


def _edges(steady: Values, bump: Bump) -> list[Rise]:
    """The two changes of a bump, each as the stretch up to the other one tells it: a step or a ramp, of its own size."""
    first = best_rise(steady[: bump.end])
    second = best_rise(steady[bump.start :])
    there = Rise(bump.start, 1, bump.size, bump.error, bump.score, bump.phi)
    back = Rise(bump.end, 1, -bump.size, bump.error, -bump.score, bump.phi)
    if first and abs(first.place - bump.start) <= SHORTEST and first.settled < bump.end:
        there = first
    if second and abs(second.place + bump.start - bump.end) <= SHORTEST and second.place + bump.start > there.settled:
        back = replace(second, place=second.place + bump.start)
    return [there, back]


def _kernel_cuts(steady: Values) -> Sequence[int]:
    import numpy as np
    import ruptures

    scaled = (steady / noise_scale(steady))[:, np.newaxis]
    cuts = ruptures.KernelCPD(kernel="rbf", min_size=SHORTEST).fit(scaled).predict(pen=log(len(steady)))
    return [int(cut) for cut in cuts[:-1]]


def _levelled(steady: Values, rises: Sequence[Rise]) -> list[Change]:
    import numpy as np

    starts, ends = [0, *(rise.settled for rise in rises)], [*(rise.place for rise in rises), len(steady)]
    levels = [exp(float(np.median(steady[start:end]))) for start, end in zip(starts, ends, strict=True)]
    return [
        Change(
            place=rise.place,
            length=rise.length,
            ratio=exp(rise.size),
            low=exp(rise.size - 1.96 * rise.error),
            high=exp(rise.size + 1.96 * rise.error),
            before=levels[number],
            after=levels[number + 1],
            score=rise.score,
        )
        for number, rise in enumerate(rises)
    ]
