"""Requests as rows of performance.api_metrics."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pyarrow as pa

from livhana_assets.loop.sources.arrow_rows import arrow_schema
from livhana_assets.loop.sources.ports import Warehouse
from livhana_assets.loop.sources.records import API_METRICS

DAY = date(2026, 3, 4)


def at(day: date, hour: int = 12, second: int = 0) -> datetime:
    return datetime.combine(day, time(hour), UTC) + timedelta(seconds=second)


def metric(number: int, duration_ms: float, day: date = DAY, **columns: Any) -> dict[str, Any]:
    row = {
        "occurred_at": at(day, second=number % 3600), "ingested_at": at(day, 13), "service": "shop", "release": "r1", "endpoint": "/carts/{id}",
        "method": "GET", "status_code": 200, "duration_ms": duration_ms, "request_id": f"{day}-{number}",
    }  # fmt: skip
    return {**row, **columns}


def log_metrics(warehouse: Warehouse, rows: Sequence[dict[str, Any]]) -> None:
    warehouse.append(API_METRICS, pa.Table.from_pylist(list(rows), schema=arrow_schema(API_METRICS)))
