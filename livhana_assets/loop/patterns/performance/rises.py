"""The best single change of a level under AR(1) noise: a step, or a ramp of some days, by generalised least squares.

The noise's φ is estimated together with the change, corrected for the bias of short series, and never taken to be above 0.8: a noise that
remembers more than that cannot be told from a change in 90 points. Everything is a sum or a correlation, so that one series costs
a fraction of a millisecond.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Values = NDArray[np.float64]

SHORTEST = 5
"""Points that stand before a change and after it."""
LENGTHS = (1, 4, 7, 10, 14)
"""Points that a rise may take: 1 is a step."""
PREFERS_STEP = 3.0
"""A ramp is believed where it explains the series better than a step by this likelihood ratio, in units of 2 ln."""
LARGEST_PHI = 0.8
ROUNDS = 3
FLOOR = 0.005


@dataclass(frozen=True)
class Rise:
    """A change of level, in logarithms. Negative sizes are falls."""

    place: int
    """The first point that is not as before."""
    length: int
    size: float
    error: float
    """Standard error of the size, with the noise's memory in it."""
    score: float
    """Size over error, as a normal deviate."""
    phi: float

    @property
    def settled(self) -> int:
        """The first point at the new level."""
        return self.place + self.length - 1


@dataclass(frozen=True)
class _Fits:
    """One row per place and length: the change that fits best there, and what it leaves unexplained."""

    place: Values
    length: Values
    size: Values
    unit: Values
    """Squared length of the whitened shape: what the size's precision comes from."""
    left: Values


def best_rise(log: Values) -> Rise | None:
    """The change that explains the series best, whether or not it is one; None where the series is too short to hold any."""
    if len(log) < 2 * SHORTEST + 1:
        return None
    phi, points = 0.3, len(log)
    for _ in range(ROUNDS):
        fits = _fits(log, phi)
        chosen = _choose(fits, points)
        phi = autocorrelation(
            log - fits.size[chosen] * shape(points, int(fits.place[chosen]), int(fits.length[chosen]))
        )
    return _rise(_fits(log, phi), chosen, phi, points)


def _rise(fits: _Fits, chosen: int, phi: float, points: int) -> Rise:
    size = float(fits.size[chosen])
    error, score = change_score(size, float(fits.unit[chosen]), float(fits.left[chosen]), phi, points - 4)
    return Rise(int(fits.place[chosen]), int(fits.length[chosen]), size, error, score, phi)


def change_score(size: float, unit: float, left: float, phi: float, freedom: int) -> tuple[float, float]:
    """The standard error of a change's size, and size over error as a normal deviate. Noise is never taken to be under half a percent."""
    error = (max(left / freedom, FLOOR**2 * (1 - phi**2)) / unit) ** 0.5
    return error, _normal_deviate(size / error, freedom)


def _normal_deviate(t: float, freedom: int) -> float:
    """The normal deviate as rare as a t of so many degrees of freedom (Wallace's approximation)."""
    from math import copysign, log1p, sqrt

    return copysign((8 * freedom + 1) / (8 * freedom + 3) * sqrt(freedom * log1p(t * t / freedom)), t)


def _choose(fits: _Fits, points: int) -> int:
    """The row that leaves least unexplained, a step unless a ramp is clearly better."""
    import numpy as np

    steps = np.flatnonzero(fits.length == 1)
    step, any_length = int(steps[np.argmin(fits.left[steps])]), int(np.argmin(fits.left))
    floor = points * FLOOR**2 * 0.1
    gain = points * np.log((fits.left[step] + floor) / (fits.left[any_length] + floor))
    return any_length if gain > PREFERS_STEP else step


def autocorrelation(residuals: Values) -> float:
    """φ of the noise: autocorrelation at lag 1, with the bias of a short series' estimate taken out."""
    import numpy as np

    points, centred = len(residuals), residuals - residuals.mean()
    power = float(centred @ centred)
    if power <= points * FLOOR**2 * 0.01:
        return 0.0
    raw = float(centred[1:] @ centred[:-1]) / power
    return float(np.clip((points * raw + 1.5) / (points - 4), 0.0, LARGEST_PHI))


def shape(points: int, place: int, length: int) -> Values:
    """0 before the change, 1 after it, straight between."""
    import numpy as np

    return np.asarray(np.clip((np.arange(points) - place + 1) / length, 0.0, 1.0))


def whitened(log: Values, phi: float) -> tuple[Values, float]:
    """x[t] - φ x[t-1], the first point scaled by √(1 - φ²), without the level; and the squared length of a whitened level of 1."""
    import numpy as np

    first = float(np.sqrt(1 - phi**2))
    white = np.concatenate([[first * log[0]], log[1:] - phi * log[:-1]])
    ones = np.full(len(log), 1 - phi)
    ones[0] = first
    level = float(ones @ ones)
    return np.asarray(white - ones * (float(ones @ white) / level)), level


def _fits(log: Values, phi: float) -> _Fits:
    """Every place and length."""
    import numpy as np

    white, level = whitened(log, phi)
    rows = [part for length in LENGTHS if (part := _fits_of_length(white, phi, level, length)) is not None]
    place, lengths, size, unit = (np.concatenate(column) for column in zip(*rows, strict=True))
    return _Fits(place, lengths, size, unit, np.maximum(float(white @ white) - size**2 * unit, 0.0))


def _fits_of_length(white: Values, phi: float, level: float, length: int) -> tuple[Values, ...] | None:
    """Inner products of the whitened shapes with the whitened series: a short kernel while it rises, a constant after."""
    import numpy as np

    points, rest = len(white), 1 - phi
    place = np.arange(SHORTEST, points - SHORTEST - length + 2)
    if not len(place):
        return None
    kernel = (np.arange(1, length + 1) - phi * np.arange(length)) / length
    after = points - place - length
    tail = np.concatenate([np.cumsum(white[::-1])[::-1], [0.0]])
    along = np.correlate(white, kernel, mode="valid")[place] + rest * tail[place + length]
    with_level = rest * kernel.sum() + rest**2 * after
    unit = float(kernel @ kernel) + rest**2 * after - with_level**2 / level
    return place.astype(float), np.full(len(place), float(length)), along / unit, unit
