"""Whether stored patterns hold what redaction would have taken out: the same question for every analysis."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from livhana_assets.loop.sources.checks import Looked
from livhana_assets.loop.sources.redaction import redact_text
from livhana_assets.loop.sources.table import Table

HASH = re.compile(r"(?=.*[a-f])[0-9a-f]{16,64}")
"""Digits of a hash may look like a card's; what has no letter is no hash."""
Row = Mapping[str, Any]


def without_secrets(
    rows: Sequence[Row],
    table: Table,
    columns: Sequence[str],
    days: int,
    named: Callable[[Row], str],
    identifiers: Mapping[str, re.Pattern[str]] | None = None,
) -> Looked:
    """Looks at the named columns of a table's rows, JSON ones by their members. `identifiers` says of a column what in it is an identifier and no text.

    Rows are told by `named`, which must not use a text of theirs: it may hold the very secret."""
    own = identifiers or {}
    structured = {column.name for column in table.columns if column.type == "JSON"}
    clean: dict[re.Pattern[str], set[str]] = {}
    amiss = {}
    for row in rows:
        held = {name: _read(row[name]) if name in structured else row[name] for name in columns}
        kinds = {name: own.get(name, HASH) for name in columns}
        leaking = [name for name, kind in kinds.items() if _leaks(held[name], kind, clean.setdefault(kind, set()))]
        if leaking:
            amiss[named(row)] = f"redaction changes {', '.join(leaking)}"
    return Looked("patterns", len(rows), amiss, {"days": days, "text columns": len(columns)})


def _leaks(held: Any, identifier: re.Pattern[str], clean: set[str]) -> bool:
    """Days repeat their texts, so that each is looked at once."""
    texts = {text for text in _texts(held) if text not in clean and not identifier.fullmatch(text)}
    leaking = {text for text in texts if redact_text(text) != text}
    clean |= texts - leaking
    return bool(leaking)


def _read(held: Any) -> Any:
    """JSON as what it says; what is none is a text like any other."""
    try:
        return json.loads(held) if isinstance(held, str) else held
    except ValueError:
        return held


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        value = [*value.keys(), *value.values()]
    if isinstance(value, list):
        for member in value:
            yield from _texts(member)
    elif isinstance(value, str):
        yield value
