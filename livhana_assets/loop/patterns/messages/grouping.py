"""All distinct messages of a day grouped: each template, and what the merge made of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence

from livhana_assets.loop.patterns.messages.merging import merge_templates
from livhana_assets.loop.patterns.messages.templates import template_of
from livhana_assets.loop.patterns.messages.variants import plainer_variants

Scoped = tuple[Hashable, str]


def group_heads(heads: Sequence[Scoped], lines: Sequence[int]) -> list[tuple[str, str]]:
    """For each collapsed head its template and the template of its group. Heads of different scopes never share a group."""
    templates = [(scope, template_of(head)) for scope, head in heads]
    counted: Counter[Scoped] = Counter()
    for one, count in zip(templates, lines, strict=True):
        counted[one] += count
    groups = group_templates(counted)
    return [(one[1], groups[one]) for one in templates]


def group_templates(counted: Counter[Scoped]) -> dict[Scoped, str]:
    """Merged, then without variants, then merged once more, as variants that are gone bring values together."""
    known = list(counted)
    merged = _merged(counted)
    plainest = plainer_variants(set(merged.values()))
    joined = {one: (one[0], plainest.get(scoped, scoped[1])) for one, scoped in merged.items()}
    again: Counter[Scoped] = Counter()
    for one in known:
        again[joined[one]] += counted[one]
    final = _merged(again)
    return {one: final[joined[one]][1] for one in known}


def _merged(counted: Counter[Scoped]) -> dict[Scoped, Scoped]:
    known = list(counted)
    merged = merge_templates(known, [counted[one] for one in known])
    return {one: (one[0], text) for one, text in zip(known, merged, strict=True)}
