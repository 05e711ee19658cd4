"""Made-up daily p95 of many endpoints, with the truth: what regressed, and on which day. Nothing here knows the detectors.

A series is a level, times a weekly season, times noise that is log-normal and AR(1), with spikes. Then one thing happens, or nothing:

    nothing (40 %)      step up (25 %, ×1.15 to ×2.5)      ramp up (15 %, ×1.3 to ×2.5 within 5 to 14 days; its day is the first of the rise)
    step down (10 %)    transient (10 %, 2 to 4 days, ×1.5 to ×3, then as before)

Steps and ramps up are regressions. The rest is there to be left alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
DAYS = 90
KINDS, SHARES = ("none", "step", "ramp", "down", "transient"), (0.40, 0.25, 0.15, 0.10, 0.10)


@dataclass(frozen=True)
class Series:
    values: Values
    kind: str
    changed: int | None
    """The day of the regression; None where there is none."""


def fleet(seed: int, endpoints: int = 500, days: int = DAYS) -> list[Series]:
    """σ of the noise 4 to 12 %, φ 0 to .6, season up to ±25 %, up to three spikes of ×1.5 to ×5."""
    random = np.random.default_rng(seed)
    return [_series(random, days) for _ in range(endpoints)]


def _series(random: np.random.Generator, days: int) -> Series:
    kind = str(random.choice(KINDS, p=SHARES))
    day = int(random.integers(10, days - 10))
    noise = ar1(random, days, random.uniform(0.04, 0.12), random.uniform(0.0, 0.6))
    season = random.uniform(0.0, 0.25) * _week(random)[np.arange(days) % 7]
    log = np.log(random.uniform(20, 2000)) + noise + season + _change(random, kind, day, days)
    for place in random.integers(0, days, random.integers(0, 4)):
        log[place] += np.log(random.uniform(1.5, 5.0))
    return Series(np.exp(log), kind, day if kind in ("step", "ramp") else None)


def _week(random: np.random.Generator) -> Values:
    """A weekend unlike the week, on days of its own, and a little of everything else."""
    week = np.roll(np.array([1.0, 1.0, 0, 0, 0, 0, 0]), int(random.integers(7))) * random.choice([-1, 1])
    return np.asarray(week + 0.2 * random.standard_normal(7))


def _change(random: np.random.Generator, kind: str, day: int, days: int) -> Values:
    after = np.arange(days) - day
    if kind in ("step", "down"):
        size = np.log(1.15) + random.random() * np.log(2.5 / 1.15)
        return np.where(after >= 0, size if kind == "step" else -size, 0.0)
    if kind == "ramp":
        size, length = np.log(1.3) + random.random() * np.log(2.5 / 1.3), int(random.integers(5, 15))
        return np.asarray(size * np.clip((after + 1) / length, 0, 1))
    if kind == "transient":
        size, length = np.log(random.uniform(1.5, 3.0)), int(random.integers(2, 5))
        return np.where((after >= 0) & (after < length), size, 0.0)
    return np.zeros(days)


def ar1(random: np.random.Generator, days: int, sigma: float, phi: float) -> Values:
    """Stationary noise whose standard deviation is `sigma`, whatever φ is."""
    shocks = random.standard_normal(days) * sigma * np.sqrt(1 - phi**2)
    noise = np.empty(days)
    noise[0] = random.standard_normal() * sigma
    for place in range(1, days):
        noise[place] = phi * noise[place - 1] + shocks[place]
    return noise


@dataclass(frozen=True)
class Family:
    """A kind of series in which nothing ever happens."""

    name: str
    period: int
    make: Callable[[np.random.Generator], Values]


def _weekly(random: np.random.Generator) -> Values:
    season = 0.2 * np.sin(2 * np.pi * (np.arange(DAYS) + random.integers(7)) / 7)
    return np.exp(season + ar1(random, DAYS, 0.1, 0.3))


def _hourly(random: np.random.Generator) -> Values:
    season = 0.3 * np.sin(2 * np.pi * (np.arange(240) + random.integers(24)) / 24)
    return np.exp(season + ar1(random, 240, 0.1, 0.3))


STATIONARY: tuple[Family, ...] = (
    Family("normal, iid, σ 10 %", 7, lambda r: 1 + 0.1 * r.standard_normal(DAYS)),
    Family("log-normal, iid, σ .5", 7, lambda r: np.exp(0.5 * r.standard_normal(DAYS))),
    Family("AR(1) φ .6, σ 10 %", 7, lambda r: np.exp(ar1(r, DAYS, 0.1, 0.6))),
    Family("AR(1) φ .6, σ 20 %", 7, lambda r: np.exp(ar1(r, DAYS, 0.2, 0.6))),
    Family("weekly season ±20 %, AR(1) φ .3, σ 10 %", 7, _weekly),
    Family("daily season ±30 %, 240 hours, AR(1) φ .3, σ 10 %", 24, _hourly),
)
