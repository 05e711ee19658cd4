from __future__ import annotations

import itertools
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livhana_assets.adapters.memory_store import MemoryProposalStore
from livhana_assets.loop.proposals import audit
from livhana_assets.loop.proposals.lifecycle import LANDED, NEXT, OPEN, IllegalTransition, advance
from livhana_assets.loop.proposals.model import Proposal, Status
from livhana_assets_tests.a_proposal import NOON, a_proposal, moved

PAIRS = list(itertools.product(Status, Status))
STARTS = (Status.SPECIFIED, Status.PROPOSED)


def test_every_status_has_its_row_in_the_table() -> None:
    assert set(NEXT) == set(Status)


def test_open_landed_and_closed_divide_the_statuses() -> None:
    closed = {status for status in Status if not NEXT[status]}
    assert closed == {Status.REJECTED, Status.EXPIRED, Status.SUPERSEDED, Status.REVERTED}
    assert {*OPEN, *LANDED, *closed} == set(Status)
    assert not OPEN & LANDED
    assert not (OPEN | LANDED) & closed


def test_what_is_no_longer_open_never_opens_again() -> None:
    assert not {to for status in set(Status) - OPEN for to in NEXT[status]} & OPEN


def test_nothing_executes_without_an_approval_and_nothing_lands_without_an_execution() -> None:
    assert [status for status in Status if Status.EXECUTING in NEXT[status]] == [Status.APPROVED]
    assert [status for status in Status if Status.IMPLEMENTED in NEXT[status]] == [Status.EXECUTING]


def test_every_status_is_reached_from_a_new_proposal() -> None:
    reached, edge = set(STARTS), set(STARTS)
    while edge:
        edge = {to for status in edge for to in NEXT[status]} - reached
        reached |= edge
    assert reached == set(Status)


@pytest.mark.parametrize(("before", "to"), [pair for pair in PAIRS if pair[1] not in NEXT[pair[0]]])
def test_an_illegal_move_is_refused_by_name(before: Status, to: Status) -> None:
    with pytest.raises(IllegalTransition, match=f"is {before}; it cannot become {to}"):
        moved(a_proposal(status=before), to)


@pytest.mark.parametrize(("before", "to"), [pair for pair in PAIRS if pair[1] in NEXT[pair[0]]])
def test_a_legal_move_is_one_version_later_and_leaves_the_snapshot_alone(before: Status, to: Status) -> None:
    first = a_proposal(status=before)
    second = advance(first, to, at=NOON, actor="jesse", action="moved", detail="why", priority="high")
    assert (second.status, second.version, second.priority) == (to, 2, "high")
    assert (second.history[-1].status, second.history[-1].actor, second.history[-1].detail) == (to, "jesse", "why")
    assert (first.status, first.version, first.history) == (before, 1, ())


@st.composite
def legal_walks(draw: st.DrawFn) -> tuple[Proposal, ...]:
    walk = [a_proposal(status=draw(st.sampled_from(STARTS)))]
    for _ in range(draw(st.integers(0, 15))):
        onward = sorted(NEXT[walk[-1].status])
        if onward:
            at = NOON + timedelta(minutes=len(walk))
            walk.append(advance(walk[-1], draw(st.sampled_from(onward)), at=at, actor="jesse", action="moved"))
    return tuple(walk)


@given(legal_walks())
def test_a_walk_keeps_version_and_history_together(walk: tuple[Proposal, ...]) -> None:
    for steps, proposal in enumerate(walk):
        assert proposal.version == 1 + steps
        assert [event.status for event in proposal.history] == [past.status for past in walk[1 : steps + 1]]
        assert [event.at for event in proposal.history] == sorted(event.at for event in proposal.history)


@given(legal_walks())
def test_a_walk_through_the_store_is_told_by_its_audit(walk: tuple[Proposal, ...]) -> None:
    store = MemoryProposalStore()
    store.add(walk[0], actor="rules", operation="add")
    for proposal in walk[1:]:
        store.save(
            proposal,
            expected_version=proposal.version - 1,
            actor="jesse",
            action="moved",
            operation=f"move {proposal.version}",
        )
    assert store.get(walk[0].id) == walk[-1]
    assert audit.verify(store.audit()) == len(walk)
    assert audit.replay(store.audit()) == {walk[0].id: walk[-1].status}
    assert (store.open_for(walk[0].pattern_id) is not None) == (walk[-1].status in OPEN)


@given(legal_walks())
def test_a_move_alone_never_changes_what_would_be_approved(walk: tuple[Proposal, ...]) -> None:
    assert {proposal.digest for proposal in walk} == {walk[0].digest}
