"""All distinct messages of a day grouped: each template, and what the merge made of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from typing import TypeVar

from livhana_assets.loop.patterns.messages.merging import merge_templates
from livhana_assets.loop.patterns.messages.templates import template_of
from livhana_assets.loop.patterns.messages.variants import plainer_variants

Scope = TypeVar("Scope", bound=Hashable)


def group_heads(heads: Sequence[tuple[Scope, str]], lines: Sequence[int]) -> list[tuple[str, str]]:
    """For each collapsed head its template and the template of its group. Heads of different scopes never share a group."""
    places, templates, counts = read_heads(heads, lines)
    groups = group_templates(templates, counts)
    return [(templates[place][1], groups[place]) for place in places]


def read_heads(
    heads: Sequence[tuple[Scope, str]], lines: Sequence[int]
) -> tuple[list[int], list[tuple[Scope, str]], list[int]]:
    """The place of each head's template, the distinct templates, and how many lines each has."""
    known: dict[tuple[Scope, str], int] = {}
    counts: list[int] = []
    places: list[int] = []
    for (scope, head), count in zip(heads, lines, strict=True):
        place = known.setdefault((scope, template_of(head)), len(counts))
        if place == len(counts):
            counts.append(0)
        counts[place] += count
        places.append(place)
    return places, list(known), counts


def group_templates(templates: Sequence[tuple[Scope, str]], lines: Sequence[int]) -> list[str]:
    """Of each distinct template the template of its group: merged, then without variants, then merged once more, as variants that are
    gone bring values together."""
    scopes = [scope for scope, _ in templates]
    merged = list(zip(scopes, merge_templates(templates, lines), strict=True))
    plainest = plainer_variants(set(merged))
    joined = [(scope, plainest.get((scope, text), text)) for scope, text in merged]
    again: Counter[tuple[Scope, str]] = Counter()
    for one, count in zip(joined, lines, strict=True):
        again[one] += count
    distinct = list(again)
    final = dict(zip(distinct, merge_templates(distinct, [again[one] for one in distinct]), strict=True))
    return [final[one] for one in joined]
