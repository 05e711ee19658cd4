"""Real occurrences of a pattern, and where in the repository they happened."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from livhana_assets.loop.patterns.frames import frames_of_context, in_app, join_locals, map_frames
from livhana_assets.loop.patterns.model import ErrorPattern, Exemplar, Suspect
from livhana_assets.loop.patterns.traces import parse_trace
from livhana_assets.loop.sources.ports import Warehouse
from livhana_assets.loop.sources.redaction import redact_text, redact_value


def load_exemplars(
    warehouse: Warehouse, sql: str, patterns: Sequence[ErrorPattern], chosen: Mapping[str, Sequence[str]]
) -> dict[str, tuple[Exemplar, ...]]:
    """The chosen rows of each pattern's fingerprint as exemplars, in the order chosen; rows that are gone are left out."""
    ids = [error_id for pattern in patterns for error_id in chosen[pattern.fingerprint]]
    rows = {}
    if ids:
        start = min(pattern.first_seen for pattern in patterns)
        end = max(pattern.last_seen for pattern in patterns) + timedelta(seconds=1)
        found = warehouse.query(sql, {"start": start, "end": end, "ids": ids}).to_pylist()
        rows = {row["error_id"]: exemplar_of(row) for row in found}
    return {
        pattern.fingerprint: tuple(rows[one] for one in chosen[pattern.fingerprint] if one in rows)
        for pattern in patterns
    }


def exemplar_of(row: Mapping[str, Any]) -> Exemplar:
    """One row of `logs.error_logs` as an exemplar: its own frames joined with the variables that the service logged.

    Redacted here once more: a warehouse that others write holds rows as they were logged."""
    context = redact_value(_context(row.get("context")))
    message, stack_trace = redact_text(row["message"] or ""), redact_text(row["stack_trace"] or "")
    logged = context.get("frames") if isinstance(context.get("frames"), list) else []
    trace = parse_trace(stack_trace, row["error_type"] and redact_text(row["error_type"]), message)
    frames = join_locals(trace.frames, logged) or frames_of_context(logged)
    request = context.get("request")
    customer = context.get("customer_id")
    return Exemplar(
        error_id=redact_text(row["error_id"]),
        occurred_at=_utc(row["occurred_at"]),
        release=row["release"] and redact_text(row["release"]),
        endpoint=row["endpoint"] and redact_text(row["endpoint"]),
        message=message,
        stack_trace=stack_trace,
        customer_id=None if customer is None else str(customer),
        request=request if isinstance(request, Mapping) else None,
        frames=tuple(frame for frame in frames if in_app(frame)),
    )


def _context(value: Any) -> Mapping[str, Any]:
    try:
        read = json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return {}
    return read if isinstance(read, Mapping) else {}


def _utc(value: datetime) -> datetime:
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def with_suspect(
    pattern: ErrorPattern, paths: Sequence[str], blame: Callable[[Exemplar, str, int], Suspect | None]
) -> ErrorPattern:
    """The pattern with the commit that last touched its deepest in-app line; `blame` answers for one exemplar's release, path and line."""
    for exemplar in pattern.exemplars:
        mapped = map_frames(exemplar.frames, paths)
        suspect = blame(exemplar, mapped[-1].file, mapped[-1].line) if mapped else None
        if suspect:
            return pattern.model_copy(update={"suspect": suspect})
    return pattern
