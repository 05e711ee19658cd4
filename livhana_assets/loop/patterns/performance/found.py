"""One day's performance patterns: what is over the threshold, and what rose within the 90 days before and stands there still."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Any

from livhana_assets.loop.patterns.days import day_bounds
from livhana_assets.loop.patterns.performance.changes import LEAST_RATIO, Change, find_changes, lasting_rises
from livhana_assets.loop.patterns.performance.days import performance_sql
from livhana_assets.loop.sources.arrow_rows import arrow_schema
from livhana_assets.loop.sources.ports import Warehouse
from livhana_assets.loop.sources.records import PERFORMANCE_LOOKS, PERFORMANCE_PATTERNS, Table
from livhana_assets.loop.sources.redaction import redact_text

if TYPE_CHECKING:
    import pyarrow as pa

WINDOW = 90
MINIMUM_REQUESTS = 20
"""Measured requests of an endpoint's day under which its p95 says too little."""
METHOD = "2026-11"
"""Another word has every day's patterns made again."""
RELEASED_WITHIN = timedelta(days=7)
"""A release that came longer before a change is not suspected."""

Row = Mapping[str, Any]
Endpoint = tuple[str, str, str]
"""Service, endpoint, method."""


@dataclass(frozen=True)
class Looked:
    """What a look at a day found. `made` is False where nothing had changed since the last look."""

    endpoints: int
    series: int
    patterns: int
    made: bool = True


def performance_patterns_day(
    warehouse: Warehouse, day: date, threshold_ms: float, minimum: int = MINIMUM_REQUESTS
) -> Looked:
    """Write `ai_learning.performance_patterns` of one day out of the daily figures, unless they are what they were made of before."""
    made_of = _made_of(warehouse, day, threshold_ms, minimum)
    before = warehouse.query(performance_sql("look_of_day"), {"day": day}).to_pylist()
    if before and before[0]["made_of"] == made_of:
        return Looked(before[0]["endpoints"], before[0]["series"], before[0]["patterns"], made=False)
    today = warehouse.query(performance_sql("endpoints_of_day"), {"day": day}).to_pylist()
    series = _series(warehouse, day, minimum)
    rows = _distinct([*_slow(day, today, threshold_ms, minimum), *_regressed(warehouse, day, today, series)])
    if not before and not today:
        return Looked(0, 0, 0, made=False)
    warehouse.replace_day(PERFORMANCE_PATTERNS, day, _table(PERFORMANCE_PATTERNS, rows))
    look = {"day": day, "made_of": made_of, "endpoints": len(today), "series": len(series), "patterns": len(rows)}
    warehouse.replace_day(PERFORMANCE_LOOKS, day, _table(PERFORMANCE_LOOKS, [look]))
    return Looked(len(today), len(series), len(rows))


def _table(table: Table, rows: Sequence[Row]) -> pa.Table:
    import pyarrow as pa

    return pa.Table.from_pylist(list(rows), schema=arrow_schema(table))


def _made_of(warehouse: Warehouse, day: date, threshold_ms: float, minimum: int) -> str:
    window = {"since": day - timedelta(days=WINDOW - 1), "until": day}
    marks = warehouse.query(performance_sql("window_marks"), window).to_pylist()
    told = [[str(row["day"]), int(row["endpoints"]), int(row["requests"]), str(row["newest"])] for row in marks]
    return hashlib.sha256(json.dumps([METHOD, threshold_ms, minimum, told]).encode()).hexdigest()[:32]


def _series(warehouse: Warehouse, day: date, minimum: int) -> dict[Endpoint, list[float]]:
    """p95 of each of the 90 days up to this one; NaN where there were too few requests."""
    first = day - timedelta(days=WINDOW - 1)
    asked = {"since": first, "until": day, "minimum": minimum}
    rows = warehouse.query(performance_sql("endpoint_series"), asked).to_pylist()
    series = {}
    for endpoint, days in groupby(rows, _endpoint):
        known = {(row["day"] - first).days: row["p95_ms"] for row in days}
        series[endpoint] = [known.get(place, float("nan")) for place in range(WINDOW)]
    return series


def _endpoint(row: Row) -> Endpoint:
    return row["service"], row["endpoint"], row["method"]


def _slow(day: date, today: Sequence[Row], threshold_ms: float, minimum: int) -> Iterator[dict[str, Any]]:
    for row in today:
        if row["measured"] >= minimum and row["p95_ms"] > threshold_ms:
            ratio = row["p95_ms"] / threshold_ms
            title = (
                f"is slow: p95 is {row['p95_ms']:,.0f} ms, {ratio:.1f} times the threshold of {threshold_ms:,.0f} ms"
            )
            lost = row["measured"] * (row["p95_ms"] - threshold_ms)
            yield _pattern(day, "slow", row, title, reference_ms=float(threshold_ms), ratio=ratio, lost_ms=lost)


def _regressed(
    warehouse: Warehouse, day: date, today: Sequence[Row], series: Mapping[Endpoint, Sequence[float]]
) -> list[dict[str, Any]]:
    standing = {name: rise for name, values in series.items() if (rise := standing_rise(values)) is not None}
    released = _releases(warehouse, day, [endpoint for _, endpoint, _ in standing]) if standing else {}
    rows = [(row, standing[_endpoint(row)]) for row in today if _endpoint(row) in standing]
    return [_regression(day, row, rise, released.get(_endpoint(row), {})) for row, rise in rows]


def standing_rise(values: Sequence[float]) -> Change | None:
    """The latest lasting rise that has not been taken back: the level is still a tenth above what it was before."""
    changes = find_changes(values)
    rises = [rise for rise in lasting_rises(changes) if changes[-1].after >= LEAST_RATIO * rise.before]
    return rises[-1] if rises else None


def _regression(day: date, row: Row, rise: Change, released: Mapping[str, datetime]) -> dict[str, Any]:
    changed_on = day - timedelta(days=WINDOW - 1 - rise.place)
    title = (
        f"became slower on {changed_on}: p95 rose from {rise.before:,.3g} to {rise.after:,.3g} ms, {rise.ratio:.2f} times "
        f"({rise.low:.2f} to {rise.high:.2f})"
    )
    return _pattern(
        day,
        "regression",
        row,
        title,
        reference_ms=rise.before,
        ratio=rise.ratio,
        ratio_low=rise.low,
        ratio_high=rise.high,
        changed_on=changed_on,
        before_ms=rise.before,
        after_ms=rise.after,
        suspect_release=suspect_release(released, changed_on),
        lost_ms=row["requests"] * max(rise.after - rise.before, 0.0),
    )


def _pattern(day: date, kind: str, row: Row, title: str, **figures: Any) -> dict[str, Any]:
    """A row of the table. Names come from requests: they are redacted before they are kept."""
    service, endpoint, method = (redact_text(part) for part in _endpoint(row))
    named = " ".join(part for part in (method if not endpoint.startswith(f"{method} ") else "", endpoint) if part)
    return {
        "day": day,
        "kind": kind,
        "service": service,
        "endpoint": endpoint,
        "method": method,
        "title": f"{named or 'a request without an endpoint'} {title}",
        **{name: row[name] for name in ("requests", "errors", "p50_ms", "p95_ms", "p99_ms")},
        **figures,
    }


def _distinct(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """One row a key: endpoints that differ in their secrets alone are one, told by the worst of them."""
    worst: dict[tuple[str, ...], dict[str, Any]] = {}
    for row in sorted(rows, key=lambda row: (-row["lost_ms"], row["title"])):
        worst.setdefault(tuple(row[name] for name in PERFORMANCE_PATTERNS.key), row)
    return list(worst.values())


def _releases(warehouse: Warehouse, day: date, endpoints: Sequence[str]) -> dict[Endpoint, dict[str, datetime]]:
    """When each release was first seen, for every endpoint asked for."""
    asked = {"since": day - timedelta(days=WINDOW - 1), "until": day, "endpoints": sorted(set(endpoints))}
    found: dict[Endpoint, dict[str, datetime]] = {}
    for row in warehouse.query(performance_sql("endpoint_histories"), asked).to_pylist():
        seen = found.setdefault(_endpoint(row), {})
        for one in json.loads(row["releases"] or "[]"):
            first = datetime.fromisoformat(one["first_seen"])
            seen[one["release"]] = min(first, seen.get(one["release"], first))
    return found


def suspect_release(released: Mapping[str, datetime], changed_on: date) -> str | None:
    """The release first seen nearest at or before the change: by the end of its day, and at most a week before. None where there is none."""
    end = day_bounds(changed_on)["end"]
    near = [(at, name) for name, at in released.items() if end - RELEASED_WITHIN - timedelta(days=1) <= at < end]
    return redact_text(max(near)[1]) if near else None
