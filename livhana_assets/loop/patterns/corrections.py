"""Groups as a person corrected them, and fingerprints that stay.

A computed fingerprint may move when more values turn up and templates merge another way, so the first fingerprint that a template was
given is kept as its alias. On top come a person's corrections, in the order in which they were made: `merge` lets the errors of one
fingerprint count as another's, `split` gives one template a group of its own, `undo` takes one of them back. The computed fingerprint
is never written over, so that everything can be undone and no event is lost.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Literal

Kind = Literal["merge", "split", "undo"]
COMPUTED_FROM_ITSELF = frozenset({"frames"})
"""Rules whose fingerprint is a function of the row alone: nothing that turns up later moves it, so it needs no alias."""


class BadCorrection(Exception):
    """A correction that cannot be made; the message says why and what to do."""


@dataclass(frozen=True)
class Grouped:
    """One distinct trace as the rules grouped it. `template_key` names its template, whatever group that is in."""

    trace_key: str
    template_key: str
    fingerprint: str
    rule: str
    template: str = ""
    """What a person reads of the template, redacted."""
    occurrences: int = 1


@dataclass(frozen=True)
class Settled:
    """The fingerprint that counts, and the rule that says why."""

    value: str
    rule: str


@dataclass(frozen=True)
class Alias:
    """The fingerprint that a template was given when it was first seen."""

    template_key: str
    fingerprint: str
    first_seen: datetime


@dataclass(frozen=True)
class Correction:
    """What a person decided about a group. `into` is the fingerprint that its rows get; an undo names the correction it takes back."""

    correction_id: str
    decided_at: datetime
    decided_by: str
    kind: Kind
    fingerprint: str
    into: str
    reason: str
    template_key: str | None = None
    undoes: str | None = None


Make = Callable[[], Correction]
"""Makes a correction. Raises BadCorrection."""


def template_key(fingerprint: str, template: str) -> str:
    """Names a template: what its group is made of by itself, and the message without its data."""
    return hashlib.sha256(json.dumps([fingerprint, template], ensure_ascii=True).encode()).hexdigest()[:32]


def pattern_id(fingerprint: str) -> str:
    return f"error-{fingerprint[:12]}"


# --- what the corrections amount to ----------------------------------------------------------------------------------


@dataclass
class Standing:
    """The corrections that hold, told in their order: where each fingerprint goes, and which templates stand apart."""

    moves: dict[str, Correction] = field(default_factory=dict)
    splits: dict[str, Correction] = field(default_factory=dict)

    def final(self, fingerprint: str) -> str:
        """Where a fingerprint's rows are counted after every merge."""
        return self._way(fingerprint)[-1]

    def leads_through(self, fingerprint: str, other: str) -> bool:
        """Whether the rows of a fingerprint come by the other on their way."""
        return other in self._way(fingerprint)

    def _way(self, fingerprint: str) -> list[str]:
        way = [fingerprint]
        while way[-1] in self.moves:
            way.append(self.moves[way[-1]].into)
        return way

    def moved(self) -> frozenset[str]:
        """Fingerprints that no row has any more."""
        return frozenset(self.moves)

    def _take(self, one: Correction) -> None:
        if one.kind == "split" and one.template_key:
            self.splits[one.template_key] = one
            self.moves.pop(one.into, None)  # what was merged back before stands apart again
        elif one.kind == "merge" and not self.leads_through(one.into, one.fingerprint):
            self.moves[one.fingerprint] = one


def standing(corrections: Iterable[Correction]) -> Standing:
    """The latest correction of a fingerprint or template wins; one that would close a circle, which two people at once could make, is void."""
    ordered = in_order(corrections)
    undone = {one.undoes for one in ordered if one.kind == "undo"}
    stands = Standing()
    for one in ordered:
        if one.correction_id not in undone:
            stands._take(one)
    return stands


def in_order(corrections: Iterable[Correction]) -> list[Correction]:
    return sorted(corrections, key=lambda one: (one.decided_at, one.correction_id))


def settle(
    made: Sequence[Grouped], aliases: Mapping[str, Alias], corrections: Iterable[Correction]
) -> tuple[Settled, ...]:
    """The final fingerprint and rule of each distinct trace, in the order given. `aliases` by template key."""
    stands = standing(corrections)
    return tuple(_corrected(one, stands) for one in kept(made, aliases))


def kept(made: Sequence[Grouped], aliases: Mapping[str, Alias]) -> tuple[Grouped, ...]:
    """Each with the fingerprint that its template was given first; a template that is new takes that of its group's oldest one."""
    oldest: dict[str, Alias] = {}
    for one in made:
        alias = aliases.get(one.template_key)
        if alias and (one.fingerprint not in oldest or _age(alias) < _age(oldest[one.fingerprint])):
            oldest[one.fingerprint] = alias
    return tuple(_kept(one, aliases.get(one.template_key) or oldest.get(one.fingerprint)) for one in made)


def _kept(one: Grouped, alias: Alias | None) -> Grouped:
    if alias is None or one.rule in COMPUTED_FROM_ITSELF:
        return one
    return replace(one, fingerprint=alias.fingerprint)


def _age(alias: Alias) -> tuple[datetime, str]:
    return alias.first_seen, alias.fingerprint


def new_aliases(made: Sequence[Grouped], aliases: Mapping[str, Alias], at: datetime) -> tuple[Alias, ...]:
    """What has to be remembered of templates that had no alias yet, so that their fingerprint stays."""
    fresh = {
        one.template_key: Alias(one.template_key, one.fingerprint, at)
        for one in kept(made, aliases)
        if one.template_key not in aliases and one.rule not in COMPUTED_FROM_ITSELF
    }
    return tuple(fresh[key] for key in sorted(fresh))


def _corrected(one: Grouped, stands: Standing) -> Settled:
    split = stands.splits.get(one.template_key)
    base = split.into if split else one.fingerprint
    final = stands.final(base)
    if final == one.fingerprint:
        return Settled(final, one.rule)
    if split and final == base:
        return Settled(final, f"person: split from {pattern_id(split.fingerprint)} ({one.rule})")
    return Settled(final, f"person: merged from {pattern_id(base)} ({one.rule})")


# --- making one ------------------------------------------------------------------------------------------------------


def merge(
    corrections: Sequence[Correction], fingerprint: str, into: str, *, by: str, at: datetime, reason: str
) -> Correction:
    """Let the errors of `fingerprint` count as `into`'s; the standing correction where that is so already. Raises BadCorrection."""
    stands = standing(corrections)
    if fingerprint == into:
        raise BadCorrection("A pattern cannot be merged with itself: name two.")
    if stands.leads_through(into, fingerprint):
        raise BadCorrection(
            f"{pattern_id(into)} is merged into {pattern_id(fingerprint)} already, so this would go round in a circle: "
            "undo that correction first (`livhana corrections` lists them)."
        )
    if fingerprint in stands.moves and stands.moves[fingerprint].into == into:
        return stands.moves[fingerprint]
    return _made("merge", fingerprint, into, by=by, at=at, reason=reason)


def split(
    corrections: Sequence[Correction], fingerprint: str, template_key: str, *, by: str, at: datetime, reason: str
) -> Correction:
    """Give one template of a group a group of its own; the standing correction where that is so already."""
    into, stands = split_fingerprint(template_key), standing(corrections)
    before = stands.splits.get(template_key)
    if before and stands.final(before.into) == before.into:
        return before
    return _made("split", fingerprint, into, by=by, at=at, reason=reason, template_key=template_key)


def undo(corrections: Sequence[Correction], correction_id: str, *, by: str, at: datetime, reason: str) -> Correction:
    """Take a correction back; the standing undo where that is done already. Raises BadCorrection."""
    found = next((one for one in corrections if one.correction_id == correction_id), None)
    if found is None or found.kind == "undo":
        raise BadCorrection(f"There is no correction {correction_id}: `livhana corrections` lists them.")
    done = next((one for one in corrections if one.undoes == correction_id), None)
    return done or _made("undo", found.into, found.fingerprint, by=by, at=at, reason=reason, undoes=correction_id)


def split_fingerprint(template_key: str) -> str:
    """Of the group that one template makes alone: the same one however often it is split off."""
    return hashlib.sha256(json.dumps(["split", template_key]).encode()).hexdigest()[:32]


def _made(
    kind: Kind,
    fingerprint: str,
    into: str,
    *,
    by: str,
    at: datetime,
    reason: str,
    template_key: str | None = None,
    undoes: str | None = None,
) -> Correction:
    at = at.astimezone(UTC)
    parts = json.dumps([kind, fingerprint, into, template_key, undoes, by, at.isoformat()])
    identity = f"correction-{hashlib.sha256(parts.encode()).hexdigest()[:12]}"
    return Correction(identity, at, by, kind, fingerprint, into, reason, template_key, undoes)
