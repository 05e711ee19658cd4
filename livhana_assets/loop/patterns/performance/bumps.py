"""The best pair of opposite steps: a level that goes and comes back. One step alone explains such a series no better than none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from livhana_assets.loop.patterns.performance.rises import (
    ROUNDS,
    SHORTEST,
    autocorrelation,
    change_score,
    shape,
    whitened,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Values = NDArray[np.float64]


@dataclass(frozen=True)
class Bump:
    """A step of `size` at `start` and the opposite one at `end`, in logarithms. A negative size is a dip."""

    start: int
    end: int
    size: float
    error: float
    score: float
    phi: float


def best_bump(log: Values) -> Bump | None:
    """The bump that explains the series best, whether or not it is one; None where the series is too short to hold any."""
    points = len(log)
    if points < 3 * SHORTEST + 1:
        return None
    phi = 0.3
    for _ in range(ROUNDS):
        start, end, size, _, _ = _best(log, phi)
        phi = autocorrelation(log - size * (shape(points, start, 1) - shape(points, end, 1)))
    start, end, size, unit, left = _best(log, phi)
    error, score = change_score(size, unit, left, phi, points - 5)
    return Bump(start, end, size, error, score, phi)


def _best(log: Values, phi: float) -> tuple[int, int, float, float, float]:
    """Start, end, size, squared length of the whitened shape, and what is left unexplained."""
    import numpy as np

    points, rest = len(log), 1 - phi
    white, level = whitened(log, phi)
    place = np.arange(SHORTEST, points - SHORTEST + 1)
    tail = np.concatenate([np.cumsum(white[::-1])[::-1], [0.0]])
    along = white[place] + rest * tail[place + 1]
    after = points - place - 1
    with_level = rest + rest**2 * after
    alone = 1 + rest**2 * after - with_level**2 / level
    together = (rest + rest**2 * after)[np.newaxis, :] - np.outer(with_level, with_level) / level
    unit = alone[:, np.newaxis] + alone[np.newaxis, :] - 2 * together
    apart = np.triu(np.ones_like(unit, dtype=bool), SHORTEST)
    size = np.where(apart, (along[:, np.newaxis] - along[np.newaxis, :]) / np.where(apart, unit, 1.0), 0.0)
    gained = np.where(apart, size**2 * unit, -1.0)
    start, end = np.unravel_index(int(np.argmax(gained)), gained.shape)
    left = max(float(white @ white) - float(gained[start, end]), 0.0)
    return int(place[start]), int(place[end]), float(size[start, end]), float(unit[start, end]), left
