"""A day's errors, each with the fingerprint of its group: collapsed where the data is, fingerprinted here once for each distinct trace."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from livhana_assets.loop.patterns.corrections import Grouped, template_key
from livhana_assets.loop.patterns.days import day_bounds, day_sql
from livhana_assets.loop.patterns.fingerprints import Fingerprint, fingerprint, template
from livhana_assets.loop.patterns.settling import settle_day
from livhana_assets.loop.sources.ports import Warehouse
from livhana_assets.loop.sources.records import ERROR_FINGERPRINTS
from livhana_assets.loop.sources.redaction import redact_text


def fingerprint_day(warehouse: Warehouse, day: date) -> int:
    """Write `ai_learning.error_fingerprints` of one day; the number of rows."""
    import pyarrow as pa

    # Keys first: a row that arrives between the two queries then has a fingerprint nobody asks for, never the reverse.
    keyed = warehouse.query(day_sql("trace_keys"), day_bounds(day)).select(["error_id", "trace_key"])
    distinct = warehouse.query(day_sql("distinct_traces"), day_bounds(day)).to_pylist()
    made = [_grouped(row) for row in distinct]
    settled = settle_day(warehouse, day, made)
    mapping = pa.table(
        {
            "trace_key": pa.array([one.trace_key for one in made], pa.string()),
            "fingerprint": pa.array([one.value for one in settled], pa.string()),
            "rule": pa.array([one.rule for one in settled], pa.string()),
        }
    )
    joined = keyed.cast(pa.schema([("error_id", pa.string()), ("trace_key", pa.string())])).join(
        mapping, "trace_key", join_type="inner"
    )
    dated = joined.append_column("day", pa.array([day] * 1, pa.date32()).take(pa.array([0] * len(joined), pa.int64())))
    return warehouse.replace_day(ERROR_FINGERPRINTS, day, dated.select(list(ERROR_FINGERPRINTS.column_names)))


def _grouped(row: Mapping[str, Any]) -> Grouped:
    made, templated = row_fingerprint(row), template(redact_text(row["message"] or ""))
    key = template_key(made.value, templated)
    return Grouped(row["trace_key"], key, made.value, made.rule, templated or made.title, row["occurrences"])


def row_fingerprint(row: Mapping[str, Any]) -> Fingerprint:
    """Of redacted text, whoever wrote the row: a title is made of it, and one crash is one pattern whatever secret it names."""
    stack_trace, message, error_type, service = (
        redact_text(row[column] or "") for column in ("stack_trace", "message", "error_type", "service")
    )
    return fingerprint(stack_trace, error_type or None, message, service or None)
