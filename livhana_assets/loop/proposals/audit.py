"""The audit: a hash chain over every decision, so that a changed, missing or reordered line shows."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from livhana_assets.loop.proposals.documents import plain_json
from livhana_assets.loop.proposals.lifecycle import NEXT, IllegalTransition
from livhana_assets.loop.proposals.model import Proposal, Status, canonical_json
from livhana_assets.loop.proposals.ports import AuditBroken, AuditEntry, StoreError

GENESIS = "0" * 64
"""What the first line names as the line before."""

TRANSITION = frozenset({"from", "to", "version", "digest"})
"""Details that only a change of a proposal has; `replay` rests on them."""


def entry_hash(entry_without_hash: Mapping[str, Any]) -> str:
    return hashlib.sha256(canonical_json(entry_without_hash)).hexdigest()


def chain(
    previous: str,
    sequence: int,
    *,
    at: datetime,
    actor: str,
    action: str,
    proposal_id: str = "",
    details: Mapping[str, Any] | None = None,
) -> AuditEntry:
    """The line that follows the one with hash `previous`. Its values are plain JSON, so every reader computes the same hash."""
    body = {
        "sequence": sequence,
        "at": at.astimezone(UTC).isoformat(),
        "actor": plain_json(actor),
        "action": plain_json(action),
        "proposalId": plain_json(proposal_id),
        "details": plain_json(details or {}),
        "previous": previous,
    }
    return _entry({**body, "hash": entry_hash(body)})


def transition_details(before: Status | None, after: Proposal, details: Mapping[str, Any] | None) -> dict[str, Any]:
    """What the audit keeps of a change. Raises IllegalTransition, so that no store writes a move the lifecycle does not know.

    A change that leaves the status as it is (another measurement, say) is legal in every status."""
    if before is not None and after.status != before and after.status not in NEXT[before]:
        raise IllegalTransition(f"{after.id} is {before}; it cannot become {after.status}.")
    seen = {"from": before, "to": after.status, "version": after.version, "digest": after.digest}
    return {**(details or {}), **seen}


def note_details(details: Mapping[str, Any] | None) -> dict[str, Any]:
    """Details of a line that changes no proposal. Raises StoreError where they would read like a change."""
    if details and set(details) >= TRANSITION:
        raise StoreError("Only a change of a proposal has from, to, version and digest in its audit line; rename one.")
    return dict(details or {})


def verify(entries: Iterable[AuditEntry]) -> int:
    """The number of lines, where all of them hold. Raises AuditBroken naming the first line that does not."""
    previous, count = GENESIS, 0
    for count, entry in enumerate(entries, start=1):
        _check(entry, count, previous)
        previous = entry.hash
    return count


def replay(entries: Iterable[AuditEntry]) -> dict[str, Status]:
    """Every proposal's status as the audit tells it. Raises AuditBroken where a change does not follow the one before."""
    known: dict[str, tuple[Status | None, int]] = {}
    for entry in entries:
        if set(entry.details) >= TRANSITION:
            known[entry.proposal_id] = _step(entry, *known.get(entry.proposal_id, (None, 0)))
    return {proposal_id: status for proposal_id, (status, _) in known.items() if status is not None}


def changed_proposals(entries: Iterable[AuditEntry]) -> tuple[str, ...]:
    """The proposals that these lines changed, each once."""
    return tuple(dict.fromkeys(entry.proposal_id for entry in entries if set(entry.details) >= TRANSITION))


def dump(entry: AuditEntry) -> bytes:
    """The line as canonical JSON."""
    return canonical_json({**_body(entry), "hash": entry.hash})


def load(line: bytes | str) -> AuditEntry:
    """The entry of a dumped line. Raises AuditBroken."""
    try:
        return _entry(json.loads(line))
    except (ValueError, KeyError, TypeError) as error:
        raise AuditBroken(f"An audit line cannot be read ({error}); restore the audit from a backup.") from None


def export(entries: Iterable[AuditEntry]) -> Iterator[str]:
    """One JSON line per entry; `load` and `verify` check an export anywhere."""
    return (dump(entry).decode("utf-8") for entry in entries)


def _check(entry: AuditEntry, sequence: int, previous: str) -> None:
    if entry.sequence != sequence:
        raise AuditBroken(f"Audit line {sequence} is missing: line {entry.sequence} stands in its place.")
    if entry.previous != previous:
        raise AuditBroken(f"Audit line {sequence} does not follow line {sequence - 1}: its previous hash is another.")
    if entry.hash != entry_hash(_body(entry)):
        raise AuditBroken(f"Audit line {sequence} was changed: its hash does not match its content.")


def _step(entry: AuditEntry, status: Status | None, version: int) -> tuple[Status, int]:
    before, to, reached = entry.details["from"], entry.details["to"], entry.details["version"]
    if before != status or (version and reached != version + 1):
        raise AuditBroken(f"Audit line {entry.sequence} moves {entry.proposal_id} from a state that it was not in.")
    return Status(to), int(reached)


def _body(entry: AuditEntry) -> dict[str, Any]:
    return {
        "sequence": entry.sequence,
        "at": entry.at,
        "actor": entry.actor,
        "action": entry.action,
        "proposalId": entry.proposal_id,
        "details": entry.details,
        "previous": entry.previous,
    }


def _entry(line: Mapping[str, Any]) -> AuditEntry:
    return AuditEntry(
        sequence=line["sequence"],
        at=line["at"],
        actor=line["actor"],
        action=line["action"],
        proposal_id=line["proposalId"],
        details=line["details"],
        previous=line["previous"],
        hash=line["hash"],
    )
