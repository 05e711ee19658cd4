"""The pattern of a latency: what is slow, what became slower, and what the days before it were like."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date
from typing import Any, Literal

from livhana_assets.loop.patterns.model import Value

Kind = Literal["slow", "regression"]


class LatencyDay(Value):
    """One day of an endpoint, as `ai_learning.endpoint_days` has it."""

    day: date
    requests: int
    errors: int
    p95_ms: float | None


class PerformancePattern(Value):
    """An endpoint that is slow, or became slower and stayed so. Figures without another word are of `day`, the last one asked for."""

    pattern_id: str
    """`performance-` and 12 hex digits of the hash over service, method, endpoint and kind."""
    kind: Kind
    service: str
    endpoint: str
    method: str
    title: str
    day: date
    days: int
    """On how many of the days asked for it was so."""
    requests: int
    """Of those days, as `errors` and `lost_ms`."""
    errors: int
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    reference_ms: float
    """What p95 is held against: the threshold, or p95 before the change."""
    ratio: float
    ratio_low: float | None = None
    """With `ratio_high`: holds a regression's ratio in 95 of 100 cases."""
    ratio_high: float | None = None
    changed_on: date | None = None
    before_ms: float | None = None
    after_ms: float | None = None
    suspect_release: str | None = None
    lost_ms: float
    """Requests × what p95 exceeds the reference by: a scale to rank by, not a time that somebody waited."""
    history: tuple[LatencyDay, ...] = ()
    """The 90 days up to `day`, those with requests, oldest first."""


def pattern_id(kind: str, service: str, endpoint: str, method: str) -> str:
    named = "\x1f".join((service, method, endpoint, kind))
    return f"performance-{hashlib.sha256(named.encode()).hexdigest()[:12]}"


def pattern_rows(patterns: Sequence[PerformancePattern]) -> list[dict[str, Any]]:
    """Plain values for JSON, in camelCase."""
    return [pattern.model_dump(mode="json", by_alias=True) for pattern in patterns]
