"""Daily patterns merged over the days asked for, the most time lost first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from itertools import groupby
from typing import Any

from livhana_assets.loop.patterns.performance.days import performance_sql
from livhana_assets.loop.patterns.performance.found import WINDOW
from livhana_assets.loop.patterns.performance.model import LatencyDay, PerformancePattern, pattern_id
from livhana_assets.loop.sources.ports import Warehouse

Row = Mapping[str, Any]
LAST = ("title", "p50_ms", "p95_ms", "p99_ms", "reference_ms", "ratio", "ratio_low", "ratio_high", "changed_on", "before_ms",
        "after_ms", "suspect_release")  # fmt: skip
"""Told by the last day; the rest is summed over the days."""


def load_performance_patterns(
    warehouse: Warehouse,
    since: date | None = None,
    until: date | None = None,
    *,
    minimum: int = 1,
    limit: int = 200,
    prefix: str = "",
) -> tuple[PerformancePattern, ...]:
    """Patterns with at least `minimum` requests in the days asked for, both ends included, the most time lost first, at most `limit`; only
    those whose id begins with `prefix`."""
    asked = {"since": since or date(1970, 1, 1), "until": until or date(9999, 12, 31)}
    rows = warehouse.query(performance_sql("pattern_days"), asked).to_pylist()
    merged = [_merged(list(days)) for _, days in groupby(rows, _key)]
    wanted = [one for one in merged if one.requests >= minimum and one.pattern_id.startswith(prefix)]
    return _with_histories(warehouse, rank(wanted)[:limit])


def load_performance_pattern(warehouse: Warehouse, name: str) -> PerformancePattern | None:
    """One pattern by its id, over all days; None where the warehouse does not have it."""
    found = load_performance_patterns(warehouse, limit=1, prefix=name or "-")
    return found[0] if found else None


def rank(patterns: Sequence[PerformancePattern]) -> list[PerformancePattern]:
    """Most time lost first."""
    return sorted(patterns, key=lambda pattern: (-pattern.lost_ms, pattern.pattern_id))


def _key(row: Row) -> tuple[str, ...]:
    return row["kind"], row["service"] or "", row["endpoint"], row["method"] or ""


def _merged(days: Sequence[Row]) -> PerformancePattern:
    last = max(days, key=lambda row: row["day"])
    kind, service, endpoint, method = _key(last)
    return PerformancePattern(
        pattern_id=pattern_id(kind, service, endpoint, method),
        kind="slow" if kind == "slow" else "regression",
        service=service,
        endpoint=endpoint,
        method=method,
        day=last["day"],
        days=len(days),
        requests=sum(row["requests"] for row in days),
        errors=sum(row["errors"] or 0 for row in days),
        lost_ms=sum(row["lost_ms"] for row in days),
        **{name: last[name] for name in LAST},
    )


def _with_histories(warehouse: Warehouse, patterns: Sequence[PerformancePattern]) -> tuple[PerformancePattern, ...]:
    """Each with the days before it. An endpoint whose name held a secret has none: it is not found by its redacted name."""
    if not patterns:
        return ()
    first, last = min(one.day for one in patterns) - timedelta(days=WINDOW - 1), max(one.day for one in patterns)
    asked = {"since": first, "until": last, "endpoints": sorted({one.endpoint for one in patterns})}
    rows = warehouse.query(performance_sql("endpoint_histories"), asked).to_pylist()
    grouped = {name: list(days) for name, days in groupby(rows, _endpoint)}
    return tuple(_with_history(one, grouped.get((one.service, one.endpoint, one.method), [])) for one in patterns)


def _endpoint(row: Row) -> tuple[str, str, str]:
    return row["service"], row["endpoint"], row["method"]


def _with_history(pattern: PerformancePattern, rows: Sequence[Row]) -> PerformancePattern:
    first = pattern.day - timedelta(days=WINDOW - 1)
    within = [row for row in rows if first <= row["day"] <= pattern.day]
    days = (
        LatencyDay(day=row["day"], requests=row["requests"], errors=row["errors"], p95_ms=row["p95_ms"])
        for row in within
    )
    return pattern.model_copy(update={"history": tuple(days)})
