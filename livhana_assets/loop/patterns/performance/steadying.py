"""A series made ready to be compared with itself: logarithms, without season, without spikes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Values = NDArray[np.float64]
    Counts = NDArray[np.intp]

NORMAL = 1.4826
"""Median absolute deviation → standard deviation of normal values."""
FLOOR = 0.005
"""Noise under half a percent is not told from none."""
CYCLES = 4
"""A season is looked for where this many of its periods were seen."""
WINDOW, CLIP = 9, 3.0
"""What stands over 3 deviations off the median of the 9 points around it is brought down to that: up to four points in a row, no step."""


def steadied(values: Values, places: Counts, period: int) -> Values:
    """Logarithms of positive values at these places, without the season of `period` places, and with spikes cut to size."""
    import numpy as np

    return _without_spikes(_without_season(np.log(values), places % period, period))


def noise_scale(values: Values) -> float:
    """The standard deviation of independent noise around a level that may jump: 1.4826 · MAD of the differences / √2."""
    import numpy as np

    steps = np.diff(values)
    return max(float(NORMAL * np.median(np.abs(steps - np.median(steps))) / np.sqrt(2)), FLOOR)


def _without_season(log: Values, phase: Counts, period: int) -> Values:
    """Each phase's median departure from the running median is taken out, so that a step in the series is not taken for season."""
    import numpy as np

    if period < 2 or len(log) < CYCLES * period:
        return log
    off = log - _running_median(log, period | 1)
    seen = [off[phase == number] for number in range(period)]
    effect = np.array([np.median(some) if len(some) else 0.0 for some in seen])
    return np.asarray(log - (effect - effect.mean())[phase])


def _without_spikes(log: Values) -> Values:
    import numpy as np

    level = _running_median(log, WINDOW)
    off = log - level
    allowed = CLIP * max(float(NORMAL * np.median(np.abs(off - np.median(off)))), FLOOR)
    return np.asarray(level + np.clip(off, -allowed, allowed))


def _running_median(log: Values, window: int) -> Values:
    """Of the points around each one; at the ends, of those that there are."""
    import numpy as np

    half = window // 2
    if len(log) <= window:
        return np.full(len(log), np.median(log))
    whole = np.median(np.lib.stride_tricks.sliding_window_view(log, window), axis=1)
    first = [np.median(log[: place + half + 1]) for place in range(half)]
    last = [np.median(log[place - half :]) for place in range(len(log) - half, len(log))]
    return np.concatenate([first, whole, last])
