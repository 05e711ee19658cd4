"""Error patterns: fingerprint a day's errors, keep the day's partial, merge partials into what keeps happening.

Two stages: the warehouse collapses every row to a key and counts; only the distinct keys are fingerprinted here. A day is made
again as a whole, so late rows cost one more run of that day and nothing else.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from livhana_assets.loop.patterns.days import day_bounds, day_sql
from livhana_assets.loop.patterns.exemplars import load_exemplars
from livhana_assets.loop.patterns.fingerprinting import row_fingerprint
from livhana_assets.loop.patterns.model import Count, DayCount, ErrorPattern, Exemplar, ReleaseCount
from livhana_assets.loop.patterns.traces import parse_trace
from livhana_assets.loop.sources.arrow_rows import arrow_schema
from livhana_assets.loop.sources.ports import Warehouse
from livhana_assets.loop.sources.records import ERROR_PATTERNS
from livhana_assets.loop.sources.redaction import redact_text

EXEMPLARS = 5
HALF_LIFE_DAYS = 7.0

# --- one day ---------------------------------------------------------------------------------------------------------


def error_patterns_day(warehouse: Warehouse, day: date) -> int:
    """Write `ai_learning.error_patterns` of one day out of its fingerprints; the number of patterns."""
    import pyarrow as pa

    bounds = {**day_bounds(day), "day": day}
    totals = warehouse.query(day_sql("error_day_totals"), bounds).to_pylist()
    counts = _grouped(warehouse.query(day_sql("error_day_counts"), bounds).to_pylist())
    exemplars = _grouped(warehouse.query(day_sql("error_day_exemplars"), bounds).to_pylist())
    rows = [_day_row(day, total, counts, exemplars) for total in totals]
    return warehouse.replace_day(ERROR_PATTERNS, day, pa.Table.from_pylist(rows, schema=arrow_schema(ERROR_PATTERNS)))


Rows = Sequence[Mapping[str, Any]]


def _grouped(rows: Rows) -> dict[str, list[Mapping[str, Any]]]:
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        groups.setdefault(row["fingerprint"], []).append(row)
    return groups


def _day_row(
    day: date, total: Mapping[str, Any], counts: Mapping[str, Rows], exemplars: Mapping[str, Rows]
) -> dict[str, Any]:
    chosen = exemplars[total["fingerprint"]]
    named = {
        dimension: _redacted_counts(
            row for row in counts.get(total["fingerprint"], ()) if row["dimension"] == dimension
        )
        for dimension in ("endpoint", "release", "service", "error_type", "customer")
    }
    return {
        **total,
        "day": day,
        "title": row_fingerprint(chosen[0]).title,
        "service": named["service"][0]["name"] if named["service"] else None,
        "error_type": named["error_type"][0]["name"] if named["error_type"] else None,
        "endpoints": _counts_json("endpoint", named["endpoint"]),
        "releases": _releases_json(named["release"]),
        "customers": json.dumps([row["name"] for row in named["customer"]]),
        "exemplars": json.dumps([row["error_id"] for row in chosen]),
    }


def _redacted_counts(rows: Iterable[Mapping[str, Any]]) -> Rows:
    """Names without secrets, most frequent first; those that differ in their secrets alone are one.

    Here, whoever wrote the rows: those of a platform's own warehouse are as they were logged."""
    total: Counter[str] = Counter()
    first: dict[str, datetime] = {}
    for row in rows:
        name = redact_text(row["name"])
        total[name] += row["occurrences"]
        first[name] = min(row["first_seen"], first.get(name, row["first_seen"]))
    return [
        {"name": name, "occurrences": count, "first_seen": first[name]}
        for name, count in sorted(total.items(), key=_most_first)
    ]


def _most_first(item: tuple[str, int]) -> tuple[int, str]:
    return -item[1], item[0]


def _counts_json(dimension: str, rows: Rows) -> str:
    return json.dumps([{dimension: row["name"], "occurrences": row["occurrences"]} for row in rows])


def _releases_json(rows: Rows) -> str:
    return json.dumps(
        [
            {
                "release": row["name"],
                "occurrences": row["occurrences"],
                "first_seen": _utc(row["first_seen"]).isoformat(),
            }
            for row in rows
        ]
    )


@dataclass(frozen=True)
class Conserved:
    """What became of one day's error rows. `grouped` is 0 until the day's patterns are made."""

    error_rows: int
    fingerprinted: int
    grouped: int

    @property
    def conserved(self) -> bool:
        """Whether every error row has exactly one fingerprint."""
        return self.error_rows == self.fingerprinted

    @property
    def all_grouped(self) -> bool:
        """Whether the day's patterns account for every error row."""
        return self.error_rows == self.grouped


def rows_conserved(warehouse: Warehouse, day: date) -> Conserved:
    """Count one day's rows before and after grouping."""
    row = warehouse.query(day_sql("rows_of_day"), {**day_bounds(day), "day": day}).to_pylist()[0]
    return Conserved(int(row["logged"]), int(row["fingerprinted"]), int(row["grouped"]))


# --- merged over days ------------------------------------------------------------------------------------------------


def load_error_patterns(
    warehouse: Warehouse,
    *,
    since: date | None = None,
    until: date | None = None,
    minimum: int = 1,
    limit: int = 200,
    prefix: str = "",
) -> tuple[ErrorPattern, ...]:
    """Patterns with at least `minimum` occurrences in the days asked for, the ones that matter most first, at most `limit`; only those whose
    fingerprint begins with `prefix`."""
    bounds = {"since": since or date(1970, 1, 1), "until": until or date(9999, 12, 31), "prefix": prefix}
    groups = _grouped(warehouse.query(day_sql("error_pattern_days"), bounds).to_pylist())
    merged = [merge_days(days) for days in groups.values()]
    patterns = rank([pattern for pattern in merged if pattern.occurrences >= minimum])[:limit]
    chosen = {pattern.fingerprint: choose_exemplars(groups[pattern.fingerprint]) for pattern in patterns}
    loaded = load_exemplars(warehouse, day_sql("exemplars"), patterns, chosen)
    return tuple(_with_exemplars(pattern, loaded[pattern.fingerprint]) for pattern in patterns)


def load_error_pattern(warehouse: Warehouse, pattern_id: str) -> ErrorPattern | None:
    """One pattern by its id, with its whole history; None where the warehouse does not have it."""
    found = load_error_patterns(warehouse, limit=1, prefix=pattern_id.removeprefix("error-") or "-")
    return found[0] if found else None


def merge_days(days: Rows) -> ErrorPattern:
    """One pattern out of its daily partials, in whatever order they come. Exemplars are loaded later."""
    days = sorted(days, key=lambda row: row["day"])
    last = max(days, key=lambda row: (row["occurrences"], row["day"]))
    value = str(last["fingerprint"])
    return ErrorPattern(
        pattern_id=f"error-{value[:12]}",
        fingerprint=value,
        rule=last["rule"] or "",
        title=last["title"] or "",
        service=last["service"] or "",
        language="other",
        error_type=last["error_type"] or "",
        occurrences=sum(row["occurrences"] for row in days),
        first_seen=_utc(min(row["first_seen"] for row in days)),
        last_seen=_utc(max(row["last_seen"] for row in days)),
        days=tuple(DayCount(day=row["day"], occurrences=row["occurrences"]) for row in days),
        endpoints=_summed("endpoint", (_json(row["endpoints"]) for row in days)),
        releases=_releases(days),
        customers=len({name for row in days for name in _json(row["customers"])}),
        exemplars=(),
    )


def _utc(value: datetime) -> datetime:
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def _json(value: Any) -> list[Any]:
    read = json.loads(value) if isinstance(value, str) else value
    return list(read or ())


def _summed(dimension: str, days: Iterable[Rows]) -> tuple[Count, ...]:
    total: Counter[str] = Counter()
    for counts in days:
        total.update({row[dimension]: row["occurrences"] for row in counts})
    ordered = sorted(total.items(), key=_most_first)
    return tuple(Count(name=name, occurrences=occurrences) for name, occurrences in ordered)


def _releases(days: Rows) -> tuple[ReleaseCount, ...]:
    """Most first. Partials made before releases had a `first_seen` tell the pattern's own of that day, which is no later."""
    first: dict[str, datetime] = {}
    for day in days:
        for row in _json(day["releases"]):
            seen = _utc(datetime.fromisoformat(row["first_seen"]) if row.get("first_seen") else day["first_seen"])
            first[row["release"]] = min(seen, first.get(row["release"], seen))
    counts = _summed("release", (_json(row["releases"]) for row in days))
    return tuple(ReleaseCount(**vars(count), first_seen=first[count.name]) for count in counts)


def rank(patterns: Sequence[ErrorPattern]) -> list[ErrorPattern]:
    """Most urgent first: occurrences × (1 + customers), halved for every week since the pattern was last seen (seen from the newest)."""
    newest = max((pattern.last_seen for pattern in patterns), default=datetime.now(UTC))

    def urgency(pattern: ErrorPattern) -> float:
        age = (newest - pattern.last_seen) / timedelta(days=1)
        return float(pattern.occurrences * (1 + pattern.customers) * 0.5 ** (age / HALF_LIFE_DAYS))

    return sorted(patterns, key=lambda pattern: (-urgency(pattern), pattern.fingerprint))


def choose_exemplars(days: Rows) -> tuple[str, ...]:
    """At most five error ids, taking turns between the days, the newest day first."""
    lists = [_json(row["exemplars"]) for row in sorted(days, key=lambda row: row["day"], reverse=True)]
    turns = [ids[turn] for turn in range(EXEMPLARS) for ids in lists if turn < len(ids)]
    return tuple(dict.fromkeys(turns))[:EXEMPLARS]


def _with_exemplars(pattern: ErrorPattern, exemplars: tuple[Exemplar, ...]) -> ErrorPattern:
    traces = (parse_trace(one.stack_trace, pattern.error_type, one.message) for one in exemplars)
    language = next((trace.language for trace in traces if trace.frames), "other")
    return pattern.model_copy(update={"exemplars": exemplars, "language": language})
