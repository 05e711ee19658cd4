"""The platform's live metrics in its own Redis: streams, hashes and sorted sets. Only read, and never more than a bounded number of entries."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import redis

from livhana_assets.loop.sources.live_metrics import LiveMetric, LiveMetricsError, Sample

MOST = 10_000
"""The newest so many entries of a window."""
SECONDS = 5.0
MILLISECONDS_FROM = 1e11
"""A score above this is a time in milliseconds, below it in seconds."""


class RedisLiveMetrics:
    """The LiveMetrics port."""

    def __init__(self, url: str) -> None:
        try:
            self._redis: Any = redis.Redis.from_url(url, socket_timeout=SECONDS, socket_connect_timeout=SECONDS)
        except ValueError as why:
            raise LiveMetricsError(f"IMPROVEMENT_METRICS_REDIS_URL is no address of a Redis: {why}.") from None

    def samples(self, metric: LiveMetric, since: datetime, until: datetime) -> tuple[Sample, ...]:
        read = {"stream": self._stream, "hash": self._hash, "sorted_set": self._sorted_set}[metric.kind]
        try:
            return tuple(read(metric, since, until))
        except redis.ResponseError as why:
            raise LiveMetricsError(f"{metric.key} cannot be read as a {metric.kind}: {why}") from None
        except redis.RedisError as why:
            raise LiveMetricsError(
                f"The platform's Redis does not answer ({type(why).__name__}): look at IMPROVEMENT_METRICS_REDIS_URL."
            ) from None

    def _stream(self, metric: LiveMetric, since: datetime, until: datetime) -> Iterable[Sample]:
        first, last = (str(int(moment.timestamp() * 1000)) for moment in (since, until))
        entries = self._redis.xrevrange(metric.key, last, first, count=MOST)
        for name, fields in reversed(entries):
            value = _number(fields.get(metric.field.encode()))
            if value is not None:
                yield Sample(value, _moment(int(name.split(b"-")[0])))

    def _hash(self, metric: LiveMetric, since: datetime, until: datetime) -> Iterable[Sample]:
        held = self._redis.hget(metric.key, metric.field)
        value = _number(held)
        if held is not None and value is None:
            raise LiveMetricsError(f"The field {metric.field} of {metric.key} holds no number.")
        return [] if value is None else [Sample(value)]

    def _sorted_set(self, metric: LiveMetric, since: datetime, until: datetime) -> Iterable[Sample]:
        if metric.score == "time":
            return self._members_of(metric, since, until)
        if metric.field:
            score = self._redis.zscore(metric.key, metric.field)
            return [] if score is None else [Sample(float(score))]
        ranked = self._redis.zrange(metric.key, -MOST, -1, withscores=True)
        return [Sample(float(score)) for _, score in ranked]

    def _members_of(self, metric: LiveMetric, since: datetime, until: datetime) -> Iterable[Sample]:
        newest = self._redis.zrange(metric.key, -1, -1, withscores=True)
        scale = 1000 if newest and newest[0][1] > MILLISECONDS_FROM else 1
        first, last = since.timestamp() * scale, until.timestamp() * scale
        found = self._redis.zrevrangebyscore(metric.key, last, first, start=0, num=MOST, withscores=True)
        for member, score in reversed(found):
            value = _number(member.rpartition(b":")[2])
            if value is not None:
                yield Sample(value, _moment(score * 1000 / scale))


def _moment(milliseconds: float) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def _number(text: bytes | None) -> float | None:
    try:
        value = float(text) if text is not None else math.nan
    except ValueError:
        return None
    return value if math.isfinite(value) else None
