"""Interactions for tests, as a platform logs them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pyarrow as pa

from livhana_assets.loop.sources.arrow_rows import arrow_schema
from livhana_assets.loop.sources.ports import Warehouse
from livhana_assets.loop.sources.records import CUSTOMER_INTERACTIONS

DAY = date(2026, 11, 20)
MORNING = datetime(2026, 11, 20, 8, tzinfo=UTC)


def interaction_row(number: int = 0, query: str | None = "where is my order", **changes: Any) -> dict[str, Any]:
    """Interaction `number` of the morning, by one of twenty customers, answered and rated."""
    at = MORNING + timedelta(seconds=number)
    row = {
        "interaction_id": f"i{number:06d}", "occurred_at": at, "ingested_at": at, "customer_id": f"c{number % 20}",
        "channel": ("web", "phone", "chat")[number % 3], "query": query, "response": "It left our house yesterday.",
        "intent": "delivery", "success": True, "feedback_score": 4.0, "latency_ms": 120.0,
    }  # fmt: skip
    return {**row, **changes}


def log_interactions(warehouse: Warehouse, rows: Sequence[dict[str, Any]]) -> int:
    return warehouse.append(
        CUSTOMER_INTERACTIONS, pa.Table.from_pylist(list(rows), schema=arrow_schema(CUSTOMER_INTERACTIONS))
    )
