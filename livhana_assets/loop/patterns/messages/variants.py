"""Templates that differ in a value which may be missing or wrapped: `sent <*> (<*>)` and `sent <*>`, `to LOCAL(<*>)` and `to <*>`."""

from __future__ import annotations

import re
from collections.abc import Collection, Hashable
from typing import TypeVar

from livhana_assets.loop.patterns.messages.words import WILD

Scope = TypeVar("Scope", bound=Hashable)
BRACKETED = re.compile(r" \(<\*>(?: \w{1,20})?\)")
WRAPPED = re.compile(r"[^\s=,;]{0,80}<\*>[^\s=,;]{0,80}")
LETTER = re.compile(r"[^\W\d_]")


def plainer_variants(templates: Collection[tuple[Scope, str]]) -> dict[tuple[Scope, str], str]:
    """For each template that says more than another one of the set does, and only in such a value: the plainest."""
    known = set(templates)
    plainest: dict[tuple[Scope, str], str] = {}
    for scope, template in sorted(known, key=lambda one: (len(one[1]), one[1], repr(one[0]))):
        plainer = next((one for one in _plainer(template) if (scope, one) in known), None)
        if plainer is not None:
            plainest[scope, template] = plainest.get((scope, plainer), plainer)
    return plainest


def _plainer(template: str) -> list[str]:
    """What is left says a word at least, and is shorter: no two templates are each the plainer one."""
    left = [template[: found.start()] + template[found.end() :] for found in BRACKETED.finditer(template)]
    for found in WRAPPED.finditer(template):
        wrapped = found.group().rstrip(":.")
        if wrapped != WILD:
            left.append(template[: found.start()] + WILD + template[found.start() + len(wrapped) :])
    return [one for one in left if len(one) < len(template) and LETTER.search(one)]
