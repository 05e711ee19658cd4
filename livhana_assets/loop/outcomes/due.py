"""Which landed changes are measured today, and which proposals are over, so that nothing asks for their page any more."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from livhana_assets.loop.proposals.lifecycle import LANDED
from livhana_assets.loop.proposals.model import Proposal, Status

WATCHED_DAYS = 60
"""A landed change is measured daily so long: waiting for a release takes up to thirty days, and what helped may come back."""
OVER_DAYS = 30
OVER = frozenset({Status.REJECTED, Status.EXPIRED, Status.SUPERSEDED, Status.REVERTED})


def to_measure(proposals: Iterable[Proposal], now: datetime) -> tuple[Proposal, ...]:
    """Landed changes whose verdict may still come or change."""
    return tuple(proposal for proposal in proposals if _is_watched(proposal, now))


def over(proposals: Iterable[Proposal], now: datetime) -> tuple[str, ...]:
    """Ids of the proposals that ended thirty days ago or more: refused, expired, taken back, or landed and not watched any more."""
    return tuple(proposal.id for proposal in proposals if _is_over(proposal, now))


def _is_watched(proposal: Proposal, now: datetime) -> bool:
    if proposal.landing is None or proposal.status not in LANDED or proposal.status is Status.NOT_IMPROVED:
        return False
    return now - proposal.landing.landed_at < timedelta(days=WATCHED_DAYS)


def _is_over(proposal: Proposal, now: datetime) -> bool:
    ended = proposal.status in OVER or (proposal.status in LANDED and not _is_watched(proposal, now))
    last = proposal.history[-1].at if proposal.history else proposal.created_at
    return ended and now - last >= timedelta(days=OVER_DAYS)
