"""Which patterns get a proposal now, and why the others do not: one open proposal per pattern, no refused one again, enough evidence."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from typing import Any

from livhana_assets.loop.patterns.errors import load_error_patterns
from livhana_assets.loop.patterns.model import ErrorPattern
from livhana_assets.loop.proposals.knowledge import refusal_entry, refused, reversal_entry, verdict_entry
from livhana_assets.loop.proposals.lifecycle import advance
from livhana_assets.loop.proposals.model import Proposal, Status
from livhana_assets.loop.proposals.policy import Policy
from livhana_assets.loop.proposals.ports import PatternAlreadyOpen, ProposalStore
from livhana_assets.loop.proposals.twins import CATEGORY, known_twin, same_change, twin_entry, twin_of
from livhana_assets.loop.proposals.wording import counted
from livhana_assets.loop.sources.ports import Warehouse

Draft = Callable[[ErrorPattern], Proposal]
AT_ONCE = 2
"""Patterns drafted at the same time: a proof keeps about one core busy."""

DEFECTS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    RecursionError,
    SyntaxError,
    TypeError,
    ValueError,
)


@dataclass(frozen=True)
class LeftAlone:
    """A pattern that got no proposal, and why."""

    pattern: ErrorPattern
    why: str
    broke: bool = False
    """Whether a defect of the loop's own is the reason; it ends this pattern's drafting and no other's."""


@dataclass(frozen=True)
class Drafted:
    """What one turn of drafting made. Nothing new is a result with its reasons, not an empty silence."""

    proposals: tuple[Proposal, ...]
    left_alone: tuple[LeftAlone, ...]

    @property
    def proved(self) -> tuple[Proposal, ...]:
        return tuple(proposal for proposal in self.proposals if proposal.status is Status.PROPOSED)

    def told(self) -> str:
        if not self.proposals:
            alone = len(self.left_alone)
            return f"nothing new: {counted(alone, 'pattern')} {'is' if alone == 1 else 'are'} open, refused or too rare"
        return f"{len(self.proved)} proved, {len(self.proposals) - len(self.proved)} specified, {len(self.left_alone)} left alone"


def draft_patterns(
    patterns: Sequence[ErrorPattern],
    *,
    store: ProposalStore,
    draft: Draft,
    policy: Policy,
    progress: Callable[[Proposal], None] = lambda _: None,
) -> Drafted:
    """Draft every pattern that is due, store each proposal as soon as it is made, and say why the rest was left alone."""
    memories = remembered(store)
    judged = [(pattern, why_not(pattern, store, memories, policy)) for pattern in patterns]
    due = [pattern for pattern, why in judged if not why]
    made: list[Proposal] = []
    left = [LeftAlone(pattern, why) for pattern, why in judged if why]
    storing = Lock()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for result in pool.map(lambda pattern: _draft_and_store(pattern, store, draft, storing), due):
            if isinstance(result, LeftAlone):
                left.append(result)
            else:
                made.append(result)
                progress(result)
    return Drafted(tuple(made), tuple(left))


def remembered(store: ProposalStore) -> tuple[Mapping[str, Any], ...]:
    """What refusals, verdicts and twins taught; a decision whose knowledge a crash kept from being written is read from its proposal."""
    written = (*store.knowledge("refusal"), *store.knowledge("bugfix"))
    known = {(entry.get("proposalId"), entry.get("result")) for entry in written}
    unwritten = (
        _lesson(proposal) for proposal in store.proposals() if (proposal.id, str(proposal.status)) not in known
    )
    return (*written, *(lesson for lesson in unwritten if lesson), *store.knowledge(CATEGORY))


def _lesson(proposal: Proposal) -> Mapping[str, Any] | None:
    if proposal.status is Status.REJECTED:
        return refusal_entry(proposal, proposal.history[-1].detail, proposal.history[-1].at)
    if proposal.verdict and proposal.status in (Status.IMPROVED, Status.NOT_IMPROVED):
        return verdict_entry(proposal, proposal.verdict, proposal.verdict.measured_at)
    if proposal.status is Status.REVERTED and not (proposal.verdict and proposal.verdict.result == "not_improved"):
        return reversal_entry(proposal, proposal.history[-1].detail, proposal.history[-1].at)
    return None


def why_not(pattern: ErrorPattern, store: ProposalStore, memories: Iterable[Mapping[str, Any]], policy: Policy) -> str:
    """Why a pattern gets no proposal now; empty where it does."""
    if pattern.occurrences < policy.min_errors:
        return f"seen {counted(pattern.occurrences, 'time')}, {policy.min_errors} are asked for"
    standing = store.open_for(pattern.pattern_id)
    if standing is not None and standing.status is not Status.ROLLED_BACK:
        return f"{standing.id} is {standing.status}"
    if (landed := _landed_for(pattern, store)) is not None:
        return f"{landed.id} is {landed.status}, its outcome is being measured"
    memories = tuple(memories)
    return refused(pattern, memories) or known_twin(pattern, memories, store.proposals)


def _landed_for(pattern: ErrorPattern, store: ProposalStore) -> Proposal | None:
    """A change for the pattern that has landed and is not known to have failed."""
    return next(
        (
            proposal
            for proposal in store.proposals()
            if proposal.pattern_id == pattern.pattern_id
            and proposal.status in (Status.IMPLEMENTED, Status.IMPROVED, Status.INCONCLUSIVE)
        ),
        None,
    )


def _draft_and_store(pattern: ErrorPattern, store: ProposalStore, draft: Draft, storing: Lock) -> Proposal | LeftAlone:
    try:
        proposal = draft(pattern)
    except DEFECTS as defect:
        return LeftAlone(
            pattern, f"drafting broke on it, please report this: {type(defect).__name__}: {defect}", broke=True
        )
    with storing:  # two patterns that are drafted at once may be each other's twin
        return _store(pattern, proposal, store)


def _store(pattern: ErrorPattern, proposal: Proposal, store: ProposalStore) -> Proposal | LeftAlone:
    if (twin := twin_of(proposal, store.proposals())) is not None:
        store.remember(CATEGORY, proposal.created_at, twin_entry(proposal, twin))
        return LeftAlone(pattern, same_change(twin))
    supersede_rolled_back(store, proposal)
    try:
        return store.add(proposal, actor=f"analyst:{proposal.analyst}", operation=f"{proposal.status}:{proposal.id}")
    except PatternAlreadyOpen:
        return LeftAlone(pattern, "another process drafted it meanwhile")


def supersede_rolled_back(store: ProposalStore, proposal: Proposal) -> None:
    """A change that could not land makes room for the one drafted on what the target holds now."""
    standing = store.open_for(proposal.pattern_id)
    if standing is None or standing.status is not Status.ROLLED_BACK:
        return
    actor, detail = f"analyst:{proposal.analyst}", f"by {proposal.id}"
    after = advance(
        standing, Status.SUPERSEDED, at=proposal.created_at, actor=actor, action="superseded", detail=detail
    )
    store.save(
        after,
        expected_version=standing.version,
        actor=actor,
        action="superseded",
        operation=f"superseded:{standing.id}:{standing.version}",
    )


def judged_patterns(
    warehouse: Warehouse, store: ProposalStore, policy: Policy, *, now: datetime
) -> tuple[tuple[ErrorPattern, str], ...]:
    """The crash patterns of the last thirty days, each with why drafting would leave it alone ("": it is due)."""
    until = now.date() + timedelta(days=1)
    found = load_error_patterns(warehouse, since=until - timedelta(days=30), until=until, minimum=1)
    memories = remembered(store)
    return tuple((one, why_not(one, store, memories, policy)) for one in found)
