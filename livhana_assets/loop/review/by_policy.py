"""What the policy allows without a person: approvals that nobody has to give, one after the other, within the day's limit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

from livhana_assets.loop.proposals.model import Proposal, Status
from livhana_assets.loop.proposals.policy import Policy
from livhana_assets.loop.proposals.ports import ProposalStore, StaleVersion
from livhana_assets.loop.review.decisions import Refused, approve_by_policy


def approve_allowed(
    store: ProposalStore, *, clock: Callable[[], datetime], policy: Policy, told: Callable[[str], None]
) -> Iterator[Proposal]:
    """The proposals that the policy approves now, oldest first, each approved when asked for; `told` hears why the others wait."""
    for waiting in sorted(store.proposals(), key=lambda proposal: proposal.created_at):
        if waiting.status is Status.PROPOSED:
            done = auto_approved_on(store, clock())
            try:
                yield approve_by_policy(store, waiting, now=clock(), policy=policy, auto_executed_today=done)
            except (Refused, StaleVersion) as why:
                told(str(why))


def auto_approved_on(store: ProposalStore, moment: datetime) -> int:
    """How many the policy approved on that UTC day."""
    return sum(
        proposal.approval is not None
        and proposal.approval.door == "policy"
        and proposal.approval.approved_at.date() == moment.date()
        for proposal in store.proposals()
    )
