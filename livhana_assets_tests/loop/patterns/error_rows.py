"""Error rows for tests, as a service logs them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pyarrow as pa

from livhana_assets.loop.sources.arrow_rows import arrow_schema
from livhana_assets.loop.sources.ports import Warehouse
from livhana_assets.loop.sources.records import API_METRICS, ERROR_LOGS

DAY = date(2026, 11, 20)
MORNING = datetime(2026, 11, 20, 8, tzinfo=UTC)


def python_trace(
    root: str = "/srv/shop", line: int = 40, function: str = "total", source: str = 'return cart["sku"]'
) -> str:
    return (
        "Traceback (most recent call last):\n"
        f'  File "{root}/shop/app.py", line {line}, in respond\n'
        "    return handler(request)\n"
        f'  File "{root}/shop/cart.py", line {line + 7}, in {function}\n'
        f"    {source}\n"
        "           ~~~~^^^^^^^\n"
        "KeyError: 'sku'\n"
    )


def node_trace(
    root: str = "/srv/shop", line: int = 40, message: str = "Cannot read properties of undefined (reading 'id')"
) -> str:
    return (
        f"TypeError: {message}\n"
        f"    at Object.profile ({root}/api/customer.js:{line}:17)\n"
        f"    at async {root}/lib/router.js:{line + 3}:9\n"
        f"    at async Server.respond ({root}/server.js:{line + 5}:20)\n"
        "    at process.processTicksAndRejections (node:internal/process/task_queues:95:5)"
    )


def error_row(number: int = 0, **changes: Any) -> dict[str, Any]:
    """Error `number` of the morning; the context holds the variables of the innermost frame."""
    logged = {"file": "/srv/shop/shop/cart.py", "function": "Cart.total", "line": 47, "locals": {"sku": None}}
    context = {"customer_id": f"c{number % 3}", "request": {"method": "GET", "path": "/cart"}, "frames": [logged]}
    at = MORNING + timedelta(seconds=number)
    row = {
        "error_id": f"e{number:05d}", "occurred_at": at, "ingested_at": at, "service": "shop", "release": "v1.0",
        "endpoint": "GET /cart", "severity": "error", "error_type": "KeyError", "message": "'sku'",
        "stack_trace": python_trace(), "request_id": f"r{number}", "context": json.dumps(context),
    }  # fmt: skip
    return {**row, **changes}


def log_errors(warehouse: Warehouse, rows: Sequence[dict[str, Any]]) -> int:
    return warehouse.append(ERROR_LOGS, pa.Table.from_pylist(list(rows), schema=arrow_schema(ERROR_LOGS)))


def log_requests(
    warehouse: Warehouse,
    count: int,
    *,
    at: datetime,
    release: str | None,
    endpoint: str = "GET /cart",
    service: str = "shop",
) -> int:
    rows = [
        {
            "occurred_at": at + timedelta(milliseconds=number), "ingested_at": at, "service": service, "release": release,
            "endpoint": endpoint, "method": "GET", "status_code": 200, "duration_ms": 5.0,
            "request_id": f"{release}-{at.isoformat()}-{number}",
        }
        for number in range(count)
    ]  # fmt: skip
    return warehouse.append(API_METRICS, pa.Table.from_pylist(rows, schema=arrow_schema(API_METRICS)))
