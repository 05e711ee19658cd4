"""What a person asks for on a page or through the API that takes longer than a request may: proving a patch, proving a reversal, letting the agent draft.

The asking and how it ended are lines of the audit, so that neither a restart of the web process nor of the one at work loses them. The run that
carries an errand out gets its number only: what is to be done, and in whose name, stands in the audit, where only a signed-in person's request
wrote it."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal, get_args

from livhana_assets.loop.proposals.ports import AuditEntry, ProposalStore
from livhana_assets.loop.review.signatures import PREFIX

Kind = Literal["attach", "revert", "draft"]
KINDS: tuple[Kind, ...] = get_args(Kind)
ASKED: Mapping[str, Kind] = {f"{kind}_asked": kind for kind in KINDS}
ANSWERED = "errand_answered"
TAG = f"{PREFIX}errand"
"""On the run: the errand's number. Nobody outside can set it, as no other tag of ours."""


class NoSuchErrand(Exception):
    """Nobody asked for that; the message says how to ask."""


@dataclass(frozen=True)
class Outcome:
    """How an errand ended. `leads_to` is the proposal that it made, "" where it was refused."""

    told: str
    leads_to: str
    at: datetime


@dataclass(frozen=True)
class Errand:
    """`number` is the audit line that asked; `text` the patch, why a change is to be taken back, or nothing."""

    number: int
    kind: Kind
    proposal_id: str
    by: str
    text: str
    asked_at: datetime
    outcome: Outcome | None = None


def ask(
    store: ProposalStore, kind: Kind, proposal_id: str, *, by: str, text: str, door: str, origin: str = ""
) -> Errand:
    """Take the wish down. Nothing is proved yet."""
    details = {"text": text, "door": door, "origin": origin}
    operation = f"{kind}_asked:{proposal_id}:{uuid.uuid4().hex}"
    return _errand(
        store.record(actor=by, action=f"{kind}_asked", operation=operation, proposal_id=proposal_id, details=details)
    )


def find(store: ProposalStore, number: int) -> Errand:
    """The errand as it stands. Raises NoSuchErrand."""
    latest: Errand | None = None
    for entry in store.audit(after=number - 1):
        if latest is None:
            if entry.sequence != number or entry.action not in ASKED:
                break
            latest = _errand(entry)
        elif _answers(entry, latest):
            return replace(latest, outcome=_outcome(entry))
    if latest is None:
        raise NoSuchErrand(
            f"Line {number} of the audit asks for nothing: attach, take back or let the agent draft on a proposal's page."
        )
    return latest


def answer(store: ProposalStore, errand: Errand, *, told: str, leads_to: str = "") -> Errand:
    """Take down how it ended; the first answer stands."""
    entry = store.record(
        actor=errand.by, action=ANSWERED, operation=f"{ANSWERED}:{errand.number}", proposal_id=errand.proposal_id,
        details={"errand": errand.number, "told": told, "leadsTo": leads_to},
    )  # fmt: skip
    return replace(errand, outcome=_outcome(entry))


def latest_errands(before: Mapping[str, Errand], lines: Iterable[AuditEntry]) -> Mapping[str, Errand]:
    """By proposal the errand that was asked for last, after these lines. A patch that became a revision is not kept beside it."""
    known = dict(before)
    for entry in lines:
        standing = known.get(entry.proposal_id)
        if entry.action in ASKED:
            known[entry.proposal_id] = _errand(entry)
        elif standing is not None and _answers(entry, standing):
            outcome = _outcome(entry)
            kept = "" if outcome.leads_to else standing.text
            known[entry.proposal_id] = replace(standing, outcome=outcome, text=kept)
    return known


def _errand(entry: AuditEntry) -> Errand:
    at = datetime.fromisoformat(entry.at)
    return Errand(
        entry.sequence, ASKED[entry.action], entry.proposal_id, entry.actor, str(entry.details.get("text", "")), at
    )


def _answers(entry: AuditEntry, errand: Errand) -> bool:
    return entry.action == ANSWERED and entry.details.get("errand") == errand.number


def _outcome(entry: AuditEntry) -> Outcome:
    said: Mapping[str, Any] = entry.details
    return Outcome(str(said.get("told", "")), str(said.get("leadsTo", "")), datetime.fromisoformat(entry.at))
