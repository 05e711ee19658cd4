"""BigQuery's JSON forms of schemas, rows and parameters, from and to Arrow."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DUCKDB_TYPES = {
    "STRING": "VARCHAR", "TIMESTAMP": "TIMESTAMPTZ", "DATE": "DATE", "INT64": "BIGINT", "INTEGER": "BIGINT",
    "FLOAT64": "DOUBLE", "FLOAT": "DOUBLE", "BOOL": "BOOLEAN", "BOOLEAN": "BOOLEAN", "JSON": "JSON",
}  # fmt: skip


def duckdb_type(described: Mapping[str, Any]) -> str:
    """The type of a column as DuckDB spells it; a record is a STRUCT."""
    if described["type"] not in ("RECORD", "STRUCT"):
        return DUCKDB_TYPES[described["type"]]
    inner = ", ".join(f'"{one["name"]}" {duckdb_type(one)}' for one in described["fields"])
    return f"STRUCT({inner})"


def field(name: str, kind: pa.DataType, duckdb_type: str) -> dict[str, Any]:
    if pa.types.is_list(kind):
        return {**field(name, kind.value_type, duckdb_type.removesuffix("[]")), "mode": "REPEATED"}
    described: dict[str, Any] = {"name": name, "type": _type(kind, duckdb_type), "mode": "NULLABLE"}
    if pa.types.is_struct(kind):
        described["fields"] = [field(inner.name, inner.type, "") for inner in kind]
    return described


def _type(kind: pa.DataType, duckdb_type: str) -> str:
    checks = (
        (pa.types.is_boolean, "BOOLEAN"), (pa.types.is_integer, "INTEGER"), (pa.types.is_floating, "FLOAT"),
        (pa.types.is_decimal, "NUMERIC"), (pa.types.is_date, "DATE"), (pa.types.is_struct, "RECORD"),
    )  # fmt: skip
    if pa.types.is_timestamp(kind):
        return "TIMESTAMP" if kind.tz else "DATETIME"
    named = next((name for check, name in checks if check(kind)), "STRING")
    return "JSON" if duckdb_type == "JSON" else named


def row(values: Mapping[str, Any]) -> dict[str, Any]:
    return {"f": [{"v": cell(value)} for value in values.values()]}


def cell(value: Any) -> Any:
    """One value as getQueryResults writes it: text, with times as microseconds since 1970."""
    if value is None:
        return None
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime) and value.tzinfo:
        seconds = value - EPOCH
        return str((seconds.days * 86_400 + seconds.seconds) * 1_000_000 + seconds.microseconds)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list):
        return [{"v": cell(member)} for member in value]
    return row(value) if isinstance(value, dict) else str(value)


def parameter(described: Mapping[str, Any]) -> Any:
    kind, value = described["parameterType"], described["parameterValue"]
    if kind["type"] == "ARRAY":
        return [member["value"] for member in value.get("arrayValues", [])]
    return READERS[kind["type"]](value["value"])


READERS: dict[str, Any] = {
    "STRING": str,
    "INT64": int,
    "FLOAT64": float,
    "BOOL": lambda text: str(text).lower() == "true",
    "TIMESTAMP": datetime.fromisoformat,
    "DATE": date.fromisoformat,
}
