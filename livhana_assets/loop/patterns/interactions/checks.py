"""Whether what stands in `ai_learning.interaction_patterns` has its evidence and holds no secret."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from livhana_assets.loop.patterns.days import day_bounds
from livhana_assets.loop.patterns.interactions.partials import Row, Rows
from livhana_assets.loop.patterns.interactions.statements import statement
from livhana_assets.loop.sources.checks import Looked
from livhana_assets.loop.sources.ports import Warehouse
from livhana_assets.loop.sources.redaction import redact_text

TEXTS = ("title", "channels", "intents", "answers", "terms", "exemplars")
HASH = re.compile(r"[0-9a-f]{12,64}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""Digits of a hash may look like a card's."""


def minimum_evidence(warehouse: Warehouse, days: Sequence[date], minimum: int) -> Looked:
    """Whether every pattern of the days counts no more rows than stand in its group, and its exemplars are such rows."""
    rows = warehouse.query(statement("pattern_evidence"), span(days)).to_pylist() if days else []
    amiss = {_named(row): why for row in rows if (why := _thin(row))}
    read = sum(row["interactions"] for row in rows)
    return Looked("patterns", len(rows), amiss, {"days": len(days), "interactions": read, "needed": minimum})


def _thin(row: Row) -> str:
    if row["interactions"] != row["countable"]:
        return f"it says {row['interactions']} interactions, {row['countable']} can be counted"
    if row["found"] < row["exemplars"] or not row["exemplars"]:
        return f"{row['found']} of its {row['exemplars']} exemplars are interactions of its group"
    return ""


def no_secrets(warehouse: Warehouse, days: Sequence[date]) -> Looked:
    """Whether redaction, run again over every text of the days' patterns, changes nothing."""
    window = {"since": min(days), "until": max(days)} if days else {}
    rows = warehouse.query(statement("pattern_days"), window).to_pylist() if days else []
    return without_secrets(rows, TEXTS, len(days))


def without_secrets(rows: Rows, columns: Sequence[str], days: int) -> Looked:
    """Looks at the named columns of stored rows, JSON by its members."""
    clean: set[str] = set()
    amiss = {}
    for row in rows:
        leaking = [column for column in columns if _leaks(row[column], clean)]
        if leaking:
            amiss[_named(row)] = f"redaction changes {', '.join(leaking)}"
    return Looked("patterns", len(rows), amiss, {"days": days, "text columns": len(columns)})


def _leaks(held: Any, clean: set[str]) -> bool:
    """Days repeat their texts, so that each is looked at once."""
    texts = {text for text in _texts(_read(held)) if text not in clean and not HASH.fullmatch(text)}
    leaking = {text for text in texts if redact_text(text) != text}
    clean |= texts - leaking
    return bool(leaking)


def _read(held: Any) -> Any:
    """JSON as what it says; what is none is a text like any other."""
    if not isinstance(held, str) or held[:1] not in "[{":
        return held
    try:
        return json.loads(held)
    except ValueError:
        return held


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for member in value:
            yield from _texts(member)
    elif isinstance(value, str):
        yield value


def span(days: Sequence[date]) -> dict[str, object]:
    first, last = min(days), max(days)
    return {"since": first, "until": last, "start": day_bounds(first)["start"], "end": day_bounds(last)["end"]}


def _named(row: Row) -> str:
    """By id: a title may hold the very secret."""
    return f"{row['day']} {row['cluster_id']}"
