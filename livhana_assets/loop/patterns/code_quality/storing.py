"""A look's patterns as rows of `ai_learning.code_quality_patterns`, and back."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from importlib.resources import files
from typing import Any

from livhana_assets.loop.patterns.code_quality.analysis import Look, inputs_of, look_at_code
from livhana_assets.loop.patterns.code_quality.model import KINDS, CodeQualityPattern
from livhana_assets.loop.sources.arrow_rows import arrow_schema
from livhana_assets.loop.sources.ports import CodeHistory, Warehouse
from livhana_assets.loop.sources.records import CODE_QUALITY_PATTERNS

EVER = date(1970, 1, 1)
LOOK = "look"


@dataclass(frozen=True)
class Stored:
    """The newest look as the warehouse holds it."""

    day: date | None = None
    head: str = ""
    inputs: str = ""
    patterns: tuple[CodeQualityPattern, ...] = ()
    found: Mapping[str, int] = field(default_factory=dict)
    """By kind, also those beyond what is kept."""
    files: int = 0
    left_out: Mapping[str, int] = field(default_factory=dict)
    commits: int = 0
    covered_files: int = 0
    """Files that coverage reports tell of."""
    new: bool = False
    """Whether it was made just now."""


def look_when_new(
    warehouse: Warehouse, history: CodeHistory, reports: Sequence[tuple[str, bytes]], day: date
) -> Stored | None:
    """The look at the target's present head, stored as `day`; the newest one as it is where commit and reports are the same. None where
    the target has no commit."""
    head = history.head()
    if head is None:
        return None
    newest = _newest(warehouse)
    if newest is None or newest["inputs"] != inputs_of(head, reports):
        store_look(warehouse, look_at_code(history, head, reports, day), day)
        return _stored(warehouse, day, new=True)
    return _stored(warehouse, newest["day"], new=False)


def load_code_quality_look(warehouse: Warehouse) -> Stored:
    """The newest look; one without a day where nobody has looked."""
    newest = _newest(warehouse)
    return _stored(warehouse, newest["day"], new=False) if newest else Stored()


def load_code_quality_patterns(warehouse: Warehouse) -> tuple[CodeQualityPattern, ...]:
    """What the newest look found, by kind and rank. `model_dump(mode="json", by_alias=True)` gives a pattern's JSON."""
    return load_code_quality_look(warehouse).patterns


def store_look(warehouse: Warehouse, look: Look, day: date) -> int:
    """Make a look the whole content of its day; the number of patterns. One that found nothing is a row too, so that it counts as made."""
    import pyarrow as pa

    rows = [_look_row(look, day), *(_row(pattern, look.inputs) for pattern in look.patterns)]
    table = pa.Table.from_pylist(rows, schema=arrow_schema(CODE_QUALITY_PATTERNS))
    warehouse.replace_day(CODE_QUALITY_PATTERNS, day, table)
    return len(look.patterns)


def _newest(warehouse: Warehouse) -> dict[str, Any] | None:
    found = warehouse.query(_sql("newest_look"), {"since": EVER}).to_pylist()
    return found[0] if found else None


def _stored(warehouse: Warehouse, day: date, *, new: bool) -> Stored:
    rows = warehouse.query(_sql("code_quality_patterns"), {"day": day}).to_pylist()
    look = next(row for row in rows if row["kind"] == LOOK)
    patterns = sorted(map(_pattern, (row for row in rows if row["kind"] in KINDS)), key=_order)
    return Stored(day, look["head"], look["inputs"], tuple(patterns), new=new, **_read(look["details"]))


def _order(pattern: CodeQualityPattern) -> tuple[int, int]:
    return KINDS.index(pattern.kind), pattern.rank


def _look_row(look: Look, day: date) -> dict[str, Any]:
    told = {
        "found": dict(look.found),
        "files": look.files,
        "left_out": dict(look.left_out),
        "commits": look.commits,
        "covered_files": look.covered_files,
    }
    title = f"{len(look.patterns)} patterns in {look.files} files"
    facts = {"day": day, "pattern_id": LOOK, "kind": LOOK, "head": look.head, "inputs": look.inputs}
    return {**facts, "title": title, "details": json.dumps(told, sort_keys=True)}


def _row(pattern: CodeQualityPattern, inputs: str) -> dict[str, Any]:
    plain = pattern.model_dump(mode="python")
    return {
        **{name: plain[name] for name in plain if name not in ("places", "details")},
        "path": pattern.places[0].path,
        "lines": pattern.lines,
        "places": json.dumps(plain["places"], sort_keys=True),
        "details": json.dumps(plain["details"], sort_keys=True),
        "inputs": inputs,
    }


def _pattern(row: Mapping[str, Any]) -> CodeQualityPattern:
    held = {name: row[name] for name in CodeQualityPattern.model_fields if name not in ("places", "details")}
    return CodeQualityPattern.model_validate({**held, "places": _read(row["places"]), "details": _read(row["details"])})


def _read(held: Any) -> Any:
    """JSON comes as text from one warehouse, as values from the other."""
    return json.loads(held) if isinstance(held, str) else held


def _sql(name: str) -> str:
    return files(__package__).joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")
