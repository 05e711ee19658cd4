"""Weekly, monthly and 90-day percentiles out of daily histograms, without a look at the requests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from livhana_assets.loop.patterns.performance.days import performance_sql
from livhana_assets.loop.sources.ports import Warehouse

GAMMA = 1.02
ZERO_BUCKET = -100_000


@dataclass(frozen=True)
class PeriodFigures:
    """An endpoint over a period. Percentiles are within 1 % of the nearest-rank ones; milliseconds."""

    service: str
    endpoint: str
    method: str
    measured: int
    p50_ms: float
    p95_ms: float
    p99_ms: float


def period_figures(warehouse: Warehouse, since: date, until: date) -> tuple[PeriodFigures, ...]:
    """Every endpoint with measured requests on the days asked for, both ends included, by name."""
    rows = warehouse.query(performance_sql("period_quantiles"), {"since": since, "until": until}).to_pylist()
    return tuple(_figures(row) for row in rows)


def _figures(row: Mapping[str, Any]) -> PeriodFigures:
    return PeriodFigures(
        service=row["service"],
        endpoint=row["endpoint"],
        method=row["method"],
        measured=int(row["measured"]),
        p50_ms=bucket_ms(row["p50_bucket"]),
        p95_ms=bucket_ms(row["p95_bucket"]),
        p99_ms=bucket_ms(row["p99_bucket"]),
    )


def bucket_ms(bucket: int) -> float:
    """The duration that stands for a bucket: its geometric middle, within √γ - 1 < 1 % of all that it holds."""
    return 0.0 if bucket == ZERO_BUCKET else float(GAMMA ** (bucket + 0.5))
