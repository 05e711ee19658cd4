"""Why the rows of a group are in it: which templates it holds, how many rows each has, and which rule put them there."""

from __future__ import annotations

import re
from datetime import date

from livhana_assets.loop.patterns.days import day_sql
from livhana_assets.loop.patterns.model import Value
from livhana_assets.loop.sources.ports import Warehouse

SHOWN = 20


class Joined(Value):
    """One template of a group. `number` counts from 1, most frequent first."""

    number: int
    template_key: str
    template: str
    rule: str
    occurrences: int
    first_day: date
    last_day: date


class Explanation(Value):
    """At most 20 templates of a group; the rest is counted."""

    templates: tuple[Joined, ...]
    more_templates: int = 0
    more_occurrences: int = 0


def explain(warehouse: Warehouse, fingerprint: str, shown: int = SHOWN) -> Explanation:
    """What `ai_learning.error_templates` tells of the group; nothing of days that were grouped before templates were kept."""
    joined = templates_of(warehouse, fingerprint)
    rest = joined[shown:]
    return Explanation(
        templates=joined[:shown], more_templates=len(rest), more_occurrences=sum(one.occurrences for one in rest)
    )


def templates_of(warehouse: Warehouse, fingerprint: str) -> tuple[Joined, ...]:
    """Every template of the group, most frequent first."""
    rows = warehouse.query(day_sql("templates_of_pattern"), {"fingerprint": fingerprint}).to_pylist()
    return tuple(Joined(number=number, **row) for number, row in enumerate(rows, 1))


def named_template(templates: tuple[Joined, ...], name: str) -> Joined | None:
    """The template that a person names: by its number, or by at least 6 characters of its key; None where that is none or several."""
    if re.fullmatch(r"\d{1,4}", name):
        return next((one for one in templates if one.number == int(name)), None)
    found = {one.template_key: one for one in templates if len(name) >= 6 and one.template_key.startswith(name)}
    return next(iter(found.values())) if len(found) == 1 else None
