"""The only place that says which status may follow which."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from livhana_assets.loop.proposals.model import Event, Proposal, Status

S = Status

NEXT: dict[Status, frozenset[Status]] = {
    S.SPECIFIED: frozenset({S.ACCEPTED, S.PROPOSED, S.REJECTED, S.EXPIRED, S.SUPERSEDED}),
    S.ACCEPTED: frozenset({S.DRAFTING, S.REJECTED, S.EXPIRED, S.SUPERSEDED}),
    S.DRAFTING: frozenset({S.PROPOSED, S.SPECIFIED}),
    S.PROPOSED: frozenset({S.PROPOSED, S.APPROVED, S.REJECTED, S.EXPIRED, S.SUPERSEDED}),
    S.APPROVED: frozenset({S.APPROVED, S.EXECUTING, S.REJECTED, S.EXPIRED, S.SUPERSEDED}),
    S.EXECUTING: frozenset({S.IMPLEMENTED, S.ROLLED_BACK, S.APPROVED, S.PROPOSED}),
    S.IMPLEMENTED: frozenset({S.IMPROVED, S.NOT_IMPROVED, S.INCONCLUSIVE, S.REVERTED}),
    S.INCONCLUSIVE: frozenset({S.IMPROVED, S.NOT_IMPROVED, S.INCONCLUSIVE, S.REVERTED}),
    S.IMPROVED: frozenset({S.NOT_IMPROVED, S.REVERTED}),
    S.NOT_IMPROVED: frozenset({S.REVERTED}),
    S.ROLLED_BACK: frozenset({S.PROPOSED, S.SUPERSEDED, S.REJECTED, S.EXPIRED}),
    S.REJECTED: frozenset(),
    S.EXPIRED: frozenset(),
    S.SUPERSEDED: frozenset(),
    S.REVERTED: frozenset(),
}

OPEN = frozenset({S.SPECIFIED, S.ACCEPTED, S.DRAFTING, S.PROPOSED, S.APPROVED, S.EXECUTING, S.ROLLED_BACK})
"""While a proposal is in one of these, its pattern gets no other."""

LANDED = frozenset({S.IMPLEMENTED, S.IMPROVED, S.NOT_IMPROVED, S.INCONCLUSIVE})


class IllegalTransition(Exception):
    """A status that may not follow the present one."""


def advance(
    proposal: Proposal, to: Status, *, at: datetime, actor: str, action: str, detail: str = "", **changes: Any
) -> Proposal:
    """The proposal one version later in status `to`. Raises IllegalTransition with a sentence for the person who asked."""
    if to not in NEXT[proposal.status]:
        raise IllegalTransition(f"{proposal.id} is {proposal.status}; it cannot become {to}.")
    event = Event(at=at, actor=actor, action=action, status=to, detail=detail)
    return proposal.model_copy(
        update={**changes, "status": to, "version": proposal.version + 1, "history": (*proposal.history, event)}
    )
