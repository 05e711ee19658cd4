"""The platform's live metrics: which there are, what they read now, and which of them is alarming.

Only numbers come in: the names are the configuration's, and nothing that the platform wrote is shown or followed as text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import fmean
from typing import Literal, Protocol

from livhana_assets.loop.sources.checks import Looked

Aggregate = Literal["last", "mean", "max", "min", "sum", "count"]
AGGREGATES: dict[str, Callable[[Sequence[float]], float]] = {
    "last": lambda values: values[-1],
    "mean": fmean,
    "max": max,
    "min": min,
    "sum": sum,
}


@dataclass(frozen=True)
class LiveMetric:
    """One metric of the platform's Redis, as `[live_metrics.NAME]` in livhana.toml maps it.

    stream: entries of the window, the number in `field`. hash: the number in `field`. sorted_set: with `score` time, members of the
    window, the number after a member's last colon; with `score` value, the score of the member `field`, or of every member."""

    key: str
    kind: Literal["stream", "hash", "sorted_set"]
    field: str = ""
    score: Literal["time", "value"] = "time"
    window_seconds: int = 300
    aggregate: Aggregate = "last"
    above: float | None = None
    """Alarming over this."""
    below: float | None = None
    """Alarming under this."""

    @property
    def timed(self) -> bool:
        """Whether its samples say when they were taken."""
        return self.kind == "stream" or (self.kind == "sorted_set" and self.score == "time")


@dataclass(frozen=True)
class Sample:
    value: float
    at: datetime | None = None


class LiveMetricsError(Exception):
    """The platform's live metrics could not be read; the message is one sentence that says what to do."""


class LiveMetrics(Protocol):
    """The platform's Redis, only read."""

    def samples(self, metric: LiveMetric, since: datetime, until: datetime) -> Sequence[Sample]:
        """The metric's numbers of that time, oldest first; those without a time as they are now. Raises LiveMetricsError."""
        ...


@dataclass(frozen=True)
class Reading:
    """What a metric read at one moment."""

    name: str
    metric: LiveMetric
    value: float | None = None
    samples: int = 0
    newest: datetime | None = None
    unreadable: str = ""

    @property
    def limit(self) -> str:
        """The limit that it passes; empty where it passes none."""
        if self.value is None:
            return ""
        if self.metric.above is not None and self.value > self.metric.above:
            return f"above {self.metric.above:g}"
        if self.metric.below is not None and self.value < self.metric.below:
            return f"below {self.metric.below:g}"
        return ""

    def told(self) -> str:
        if self.unreadable:
            return f"{self.name} cannot be read: {self.unreadable}"
        if self.value is None:
            return f"{self.name} has no numbers in the last {self.metric.window_seconds} s"
        said = f"{self.name} is {self.value:g} ({self.metric.aggregate} of {self.samples})"
        return f"{said}, {self.limit}" if self.limit else said


def read_all(live: LiveMetrics, metrics: Mapping[str, LiveMetric], now: datetime) -> tuple[Reading, ...]:
    """Every metric now. One that cannot be read does not keep the others from it."""
    return tuple(read(live, name, metric, now) for name, metric in sorted(metrics.items()))


def read(live: LiveMetrics, name: str, metric: LiveMetric, now: datetime) -> Reading:
    try:
        samples = live.samples(metric, now - timedelta(seconds=metric.window_seconds), now)
    except LiveMetricsError as why:
        return Reading(name, metric, unreadable=str(why))
    newest = max((sample.at for sample in samples if sample.at), default=None)
    return Reading(name, metric, aggregated([s.value for s in samples], metric.aggregate), len(samples), newest)


def aggregated(values: Sequence[float], how: Aggregate) -> float | None:
    """One number of many; none of nothing, but that they are 0 where they are counted."""
    if how == "count":
        return float(len(values))
    return AGGREGATES[how](values) if values else None


def alarms(readings: Iterable[Reading]) -> tuple[Reading, ...]:
    return tuple(reading for reading in readings if reading.limit)


def readable(readings: Sequence[Reading]) -> Looked:
    return Looked("live metrics", len(readings), {one.name: one.unreadable for one in readings if one.unreadable})


def fresh(readings: Sequence[Reading]) -> Looked:
    """A metric whose samples say when they were taken has one in its window."""
    timed = [one for one in readings if one.metric.timed]
    silent = {one.name: one.told() for one in timed if one.newest is None}
    return Looked("live metrics that say when", len(timed), silent)
