"""A person says that two patterns are one, or that one is two. No event is lost by it, and everything can be undone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from livhana_assets.loop.patterns import corrections
from livhana_assets.loop.patterns.correction_rows import add_correction, load_corrections
from livhana_assets.loop.patterns.corrections import BadCorrection, Correction, pattern_id, standing
from livhana_assets.loop.patterns.errors import load_error_pattern
from livhana_assets.loop.patterns.explaining import Joined, named_template, templates_of
from livhana_assets.loop.patterns.regrouping import days_changed_by, make_due
from livhana_assets.loop.proposals.lifecycle import advance
from livhana_assets.loop.proposals.model import Proposal, Status
from livhana_assets.loop.proposals.ports import ProposalStore
from livhana_assets.loop.review.decisions import Refused, require_name
from livhana_assets.loop.sources.ports import Warehouse

AT_WORK = frozenset({Status.EXECUTING, Status.DRAFTING})
MEASURED = frozenset({Status.IMPLEMENTED, Status.INCONCLUSIVE, Status.IMPROVED})
ACTIONS: Mapping[str, str] = {"merge": "pattern_merged", "split": "pattern_split", "undo": "correction_undone"}


class NoSuchPattern(Refused):
    """There is no pattern, template or correction of that name."""


@dataclass(frozen=True)
class Person:
    """Who decides, when, why, and by which door."""

    by: str
    at: datetime
    reason: str
    door: str
    origin: str = ""


@dataclass(frozen=True)
class Corrected:
    """A correction that stands, the days to be grouped again for it, and the open proposals that went with a pattern."""

    correction: Correction
    days: tuple[date, ...]
    superseded: tuple[str, ...] = ()


def merge_patterns(store: ProposalStore, warehouse: Warehouse, one: str, other: str, person: Person) -> Corrected:
    """Let `one`'s errors count as `other`'s from the first day on. Asked again, the standing correction answers. Raises Refused."""
    _require(person)
    known = load_corrections(warehouse)
    away, into = (_fingerprint(warehouse, known, name) for name in (one, other))
    standing_proposal = _may_go(store, away, other)
    made = _allowed(lambda: corrections.merge(known, away, into, by=person.by, at=person.at, reason=person.reason))
    return _carried_out(store, warehouse, known, made, person, standing_proposal)


def split_pattern(store: ProposalStore, warehouse: Warehouse, one: str, template: str, person: Person) -> Corrected:
    """Give a template of a pattern, named by its number or key, a pattern of its own from the first day on. Raises Refused."""
    _require(person)
    known = load_corrections(warehouse)
    group = _fingerprint(warehouse, known, one)
    joined = templates_of(warehouse, group)
    chosen = _named(joined, template, one)
    if all(entry.template_key == chosen.template_key for entry in joined):
        raise Refused(f"{one} has only this one template, so there is nothing to split off.")
    key = chosen.template_key
    made = _allowed(lambda: corrections.split(known, group, key, by=person.by, at=person.at, reason=person.reason))
    return _carried_out(store, warehouse, known, made, person, None)


def undo_correction(store: ProposalStore, warehouse: Warehouse, correction_id: str, person: Person) -> Corrected:
    """Take a correction back: every row goes where it would be without it. Raises Refused."""
    _require(person)
    known = load_corrections(warehouse)
    undone = next((one for one in known if one.correction_id == correction_id), None)
    goes = undone.into if undone and undone.kind == "split" else None
    standing_proposal = _may_go(store, goes, "") if goes else None
    made = _allowed(lambda: corrections.undo(known, correction_id, by=person.by, at=person.at, reason=person.reason))
    return _carried_out(store, warehouse, known, made, person, standing_proposal)


def _require(person: Person) -> None:
    require_name(person.by)
    if not person.reason.strip():
        raise Refused("A correction needs a reason: say why; it stands beside the pattern from now on.")


def _allowed(make: corrections.Make) -> Correction:
    try:
        return make()
    except BadCorrection as why:
        raise Refused(str(why)) from None


def _fingerprint(warehouse: Warehouse, known: tuple[Correction, ...], name: str) -> str:
    """Of a pattern by its id, also of one whose rows were merged into another."""
    found = load_error_pattern(warehouse, name) if name.startswith("error-") else None
    if found:
        return found.fingerprint
    moved = [one for one in standing(known).moved() if pattern_id(one) == name]
    if not moved:
        raise NoSuchPattern(f"There is no pattern {name}: `livhana analyze bugs --dry-run` lists them.")
    return moved[0]


def _named(joined: tuple[Joined, ...], template: str, one: str) -> Joined:
    chosen = named_template(joined, template)
    if chosen is None:
        raise NoSuchPattern(
            f"{one} has no template {template}: `livhana show {one}` numbers its {len(joined)}; say the number, or the "
            "first characters of the key."
        )
    return chosen


def _may_go(store: ProposalStore, fingerprint: str, other: str) -> Proposal | None:
    """The open proposal of a pattern that is to disappear. Raises Refused where somebody is at work on it, or its outcome rests on it."""
    name = pattern_id(fingerprint)
    open_one = store.open_for(name)
    if open_one and (open_one.status in AT_WORK or open_one.waits_for_merge):
        raise Refused(
            f"{open_one.id} of {name} is being carried out: let it end, or reject it, and then correct the pattern."
        )
    landed = next((one for one in store.proposals() if one.pattern_id == name and one.status in MEASURED), None)
    if landed:
        hint = f" Merge {other} into {name} instead." if other else ""
        raise Refused(f"{landed.id} has landed, and whether it helped is counted by {name}, which has to stay.{hint}")
    return open_one


def _carried_out(
    store: ProposalStore,
    warehouse: Warehouse,
    known: tuple[Correction, ...],
    made: Correction,
    person: Person,
    gone: Proposal | None,
) -> Corrected:
    """Kept first, then told to the audit, then the proposal goes: cut off in between, the same words again do the rest."""
    add_correction(warehouse, made)
    _tell(store, made, person)
    superseded = (_supersede(store, gone, made),) if gone else ()
    stands = standing({one.correction_id: one for one in (*known, made)}.values())
    days = days_changed_by(warehouse, made, stands)
    make_due(warehouse, days)
    return Corrected(made, days, superseded)


def _tell(store: ProposalStore, made: Correction, person: Person) -> None:
    details = {
        "correction": made.correction_id, "pattern": pattern_id(made.fingerprint), "into": pattern_id(made.into),
        "template": made.template_key, "undoes": made.undoes, "reason": made.reason, "door": person.door, "origin": person.origin,
    }  # fmt: skip
    told = {name: value for name, value in details.items() if value}
    action = ACTIONS[made.kind]
    store.record(actor=made.decided_by, action=action, operation=f"{action}:{made.correction_id}", details=told)


def _supersede(store: ProposalStore, gone: Proposal, made: Correction) -> str:
    where = "goes back to its group" if made.kind == "undo" else f"counts as {pattern_id(made.into)}"
    detail = f"its pattern {where}: {made.reason} ({made.correction_id})"
    after = advance(
        gone, Status.SUPERSEDED, at=made.decided_at, actor=made.decided_by, action="superseded", detail=detail
    )
    operation = f"superseded:{gone.id}:{gone.version}"
    store.save(after, expected_version=gone.version, actor=made.decided_by, action="superseded", operation=operation)
    return gone.id
