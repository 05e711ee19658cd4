"""Which approved proposals are to be carried out now."""

from __future__ import annotations

from datetime import datetime

from livhana_assets.loop.execution.recovery import ACTOR
from livhana_assets.loop.proposals.model import Proposal, Status

DEATHS = 3
"""An execution whose process died so often is not started again by itself: a person has to look."""


def why_not_now(proposal: Proposal, now: datetime) -> str:
    """Why an approved proposal is not carried out now; empty where it is."""
    if proposal.status is not Status.APPROVED or proposal.approval is None:
        return f"{proposal.id} is {proposal.status}"
    if proposal.waits_for_merge:
        return f"{proposal.id} waits in a pull request"
    if now >= proposal.approval.expires_at:
        return f"the approval of {proposal.id} has expired"
    if deaths(proposal) >= DEATHS:
        return f"{proposal.id} was left by a dying process {DEATHS} times: `livhana execute {proposal.id}` tries again"
    return ""


def deaths(proposal: Proposal) -> int:
    """How often an execution under the present approval ended with its process."""
    if proposal.approval is None:
        return 0
    since = proposal.approval.approved_at
    return sum(
        event.actor == ACTOR and event.status is Status.APPROVED and event.at >= since for event in proposal.history
    )


def execution_key(proposal: Proposal) -> str:
    """Names the run that carries out this version; asked for twice, it is one run."""
    return f"execute:{proposal.id}:{proposal.version}"
