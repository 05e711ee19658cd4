"""After a crash: every execution whose process is gone is finished or undone, from what the store and the target say."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from livhana_assets.loop.execution.reversal import settle_reversals
from livhana_assets.loop.proposals.lifecycle import advance
from livhana_assets.loop.proposals.model import Claim, Landing, Proposal, Status
from livhana_assets.loop.proposals.ports import AuditEntry, ProposalStore, StaleVersion, TargetRepo

ACTOR = "recovery"


def recover(
    store: ProposalStore, target: TargetRepo, *, is_alive: Callable[[Claim], bool], now: datetime
) -> tuple[Proposal, ...]:
    """Settle the executions that nobody carries any more: `implemented` where the ref was written, else `approved` again.

    A change whose reversal landed just before the crash is `reverted`."""
    settled = []
    for proposal in store.proposals():
        if proposal.status is Status.EXECUTING and proposal.claim and not is_alive(proposal.claim):
            try:
                settled.append(_settle(store, target, proposal, now))
            except StaleVersion:
                continue  # another recovery was first
    settle_reversals(store, now=now)
    return tuple(settled)


def _settle(store: ProposalStore, target: TargetRepo, proposal: Proposal, now: datetime) -> Proposal:
    intent = _intent(store, proposal)
    if intent is not None and not _in_pull_request(proposal) and _is_landed(target, intent):
        landing = Landing(
            commit=str(intent.details["commit"]),
            branch=str(intent.details["branch"]),
            previous=str(intent.details["previous"]),
            landed_at=now,
        )
        after = advance(
            proposal, Status.IMPLEMENTED, at=now, actor=ACTOR, action="implemented",
            detail="the ref was written before the crash", landing=landing,
        )  # fmt: skip
    else:
        after = advance(
            proposal, Status.APPROVED, at=now, actor=ACTOR, action="approved",
            detail="the run died before the ref was written", claim=None,
        )  # fmt: skip
    action = "implemented" if after.status is Status.IMPLEMENTED else "reopened"
    return store.save(
        after, expected_version=proposal.version, actor=ACTOR, action=action,
        operation=f"recover:{proposal.id}:{proposal.version}",
    )  # fmt: skip


def _in_pull_request(proposal: Proposal) -> bool:
    """Its own branch being there means nothing yet: the next execution finds it, and lands when it is merged."""
    return proposal.effect is not None and proposal.effect.land == "pull_request"


def _intent(store: ProposalStore, proposal: Proposal) -> AuditEntry | None:
    """What this very claim said it was about to land."""
    return next(
        (
            entry
            for entry in reversed(tuple(store.audit()))
            if entry.action == "landing"
            and entry.proposal_id == proposal.id
            and entry.details.get("version") == proposal.version
        ),
        None,
    )


def _is_landed(target: TargetRepo, intent: AuditEntry) -> bool:
    commit, branch = str(intent.details["commit"]), str(intent.details["branch"])
    target.refresh()  # waits for the lock that a landing holds, so that a ref update which outlived its process is seen
    head = target.head(branch)
    if head is None:
        return False
    return head == commit or target.contains(head, commit)
