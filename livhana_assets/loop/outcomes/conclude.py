"""A landed change gets its verdict; the verdict becomes a status, an audit line, and knowledge that drafting reads."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from livhana_assets.loop.outcomes.measure import measure
from livhana_assets.loop.proposals.knowledge import verdict_entry
from livhana_assets.loop.proposals.lifecycle import LANDED, NEXT, advance
from livhana_assets.loop.proposals.model import Proposal, Status, Verdict
from livhana_assets.loop.proposals.ports import ProposalStore, TargetRepo
from livhana_assets.loop.sources.ports import Warehouse

ACTOR = "outcomes"


Resolve = Callable[[str], str | None]
"""The commit that a release's name means; None where it means none."""


def conclude(
    store: ProposalStore, warehouse: Warehouse, target: TargetRepo, resolve: Resolve, proposal_id: str, *, now: datetime
) -> Proposal:
    """Measure one landed proposal. While it waits for a release that holds the change, nothing is stored but looked at again later."""
    proposal = store.get(proposal_id)
    if proposal.landing is None or proposal.status not in LANDED:
        return proposal
    landed = proposal.landing.commit

    def contains(release: str) -> bool | None:
        commit = resolve(release)
        return None if commit is None else target.contains(commit, landed)

    verdict = measure(warehouse, proposal, contains, now, deployed_at=_deployed_at(store, contains))
    if verdict.result == "waiting" or not _says_more(proposal, verdict):
        return proposal.model_copy(update={"verdict": verdict})
    return _store(store, proposal, verdict, now)


def _deployed_at(store: ProposalStore, contains: Callable[[str], bool | None]) -> datetime | None:
    """Since when what runs holds the change, by the recorded deployments; None where it does not, or none was recorded."""
    recorded = sorted((str(e.details["at"]), str(e.details["commit"])) for e in store.audit() if e.action == "deployed")
    since: str | None = None
    for at, commit in recorded:
        holds = contains(commit)
        since = (since or at) if holds else None
    return datetime.fromisoformat(since) if since else None


def _says_more(proposal: Proposal, verdict: Verdict) -> bool:
    """Whether the verdict moves the proposal; the same inconclusive word again is no news."""
    to = Status(verdict.result)
    return to in NEXT[proposal.status] and to is not proposal.status


def _store(store: ProposalStore, proposal: Proposal, verdict: Verdict, now: datetime) -> Proposal:
    to = Status(verdict.result)
    after = advance(proposal, to, at=now, actor=ACTOR, action=verdict.result, detail=verdict.reason, verdict=verdict)
    saved = store.save(
        after,
        expected_version=proposal.version,
        actor=ACTOR,
        action=verdict.result,
        operation=f"{verdict.result}:{proposal.id}:{proposal.version}",
        details={"reason": verdict.reason, "figures": dict(verdict.figures)},
    )
    store.remember("bugfix", now, verdict_entry(saved, verdict, now))
    return saved
