"""What every proposal store promises, asked of the one in memory and of the one in a real Redis server."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import redis

from livhana_assets.adapters.memory_store import MemoryProposalStore
from livhana_assets.adapters.redis_store import RedisProposalStore
from livhana_assets.loop.proposals import audit
from livhana_assets.loop.proposals.lifecycle import IllegalTransition
from livhana_assets.loop.proposals.model import Proof, Status, Step
from livhana_assets.loop.proposals.ports import (
    NoSuchProposal,
    PatternAlreadyOpen,
    ProposalStore,
    StaleVersion,
    StoreError,
)
from livhana_assets_tests.a_proposal import NOON, a_full_proposal, a_proposal, moved
from livhana_assets_tests.redis_server import running_redis


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_redis(tmp_path_factory.mktemp("redis")) as url:
        yield url


@pytest.fixture(params=["memory", "redis"])
def store(request: pytest.FixtureRequest) -> ProposalStore:
    if request.param == "memory":
        return MemoryProposalStore()
    url = request.getfixturevalue("redis_url")
    redis.Redis.from_url(url).flushall()
    return RedisProposalStore.at(url)


def _timeless() -> Proof:
    step = Step(name="n", expected="e", observed="o", passed=True, seconds=float("nan"))
    known = {"base_commit": "", "commit": "", "tree": "", "runner": "", "sandbox": "", "tests": (), "demanded": ()}
    return Proof(**known, steps=(step,))


def approve(store: ProposalStore, operation: str = "approve", expected: int = 1):
    approved = moved(a_proposal(), Status.APPROVED)
    return store.save(approved, expected_version=expected, actor="jesse", action="approved", operation=operation)


def test_a_proposal_comes_back_exactly(store: ProposalStore) -> None:
    full = a_full_proposal()
    assert store.add(full, actor="rules", operation="add") == full
    assert store.get(full.id) == full
    assert store.get(full.id).digest == full.digest
    assert store.get(full.id).created_at.utcoffset() == full.created_at.utcoffset()


def test_an_unknown_proposal_is_named(store: ProposalStore) -> None:
    with pytest.raises(NoSuchProposal, match="bugfix-9"):
        store.get("bugfix-9")
    with pytest.raises(NoSuchProposal):
        approve(store)


def test_proposals_are_listed_newest_first(store: ProposalStore) -> None:
    for number in (2, 3, 1):
        store.add(a_proposal(number), actor="rules", operation=f"add {number}")
    assert [found.id[-1] for found in store.proposals()] == ["3", "2", "1"]


def test_a_pattern_has_one_open_proposal_at_a_time(store: ProposalStore) -> None:
    first = store.add(a_proposal(1, pattern_id="p"), actor="rules", operation="1")
    with pytest.raises(PatternAlreadyOpen, match=first.id):
        store.add(a_proposal(2, pattern_id="p"), actor="rules", operation="2")
    assert store.open_for("p") == first
    assert len(list(store.audit())) == 1
    rejected = moved(first, Status.REJECTED)
    store.save(rejected, expected_version=1, actor="jesse", action="rejected", operation="3")
    assert store.open_for("p") is None
    second = store.add(a_proposal(2, pattern_id="p"), actor="rules", operation="4")
    assert store.open_for("p") == second


def test_a_rolled_back_proposal_keeps_its_pattern_and_a_landed_one_frees_it(store: ProposalStore) -> None:
    now = store.add(a_proposal(), actor="rules", operation="add")
    path = [Status.APPROVED, Status.EXECUTING, Status.ROLLED_BACK, Status.PROPOSED, Status.APPROVED, Status.EXECUTING]
    for status in path:
        now = store.save(
            moved(now, status), expected_version=now.version, actor="x", action=status, operation=f"{now.version}"
        )
        assert store.open_for(now.pattern_id) == now
    landed = moved(now, Status.IMPLEMENTED)
    store.save(landed, expected_version=now.version, actor="x", action="landed", operation="landed")
    assert store.open_for(now.pattern_id) is None


def test_a_second_proposal_with_the_same_id_is_refused(store: ProposalStore) -> None:
    store.add(a_proposal(), actor="rules", operation="1")
    with pytest.raises(StoreError, match="already"):
        store.add(a_proposal(pattern_id="another"), actor="rules", operation="2")


def test_a_stale_version_is_refused(store: ProposalStore) -> None:
    store.add(a_proposal(), actor="rules", operation="add")
    approve(store, "first")
    with pytest.raises(StaleVersion, match="version 2"):
        approve(store, "second")
    assert [entry.action for entry in store.audit()] == ["added", "approved"]


def test_a_version_that_skips_one_is_refused(store: ProposalStore) -> None:
    first = store.add(a_proposal(), actor="rules", operation="add")
    skipped = moved(first, Status.APPROVED).model_copy(update={"version": 3})
    with pytest.raises(StoreError, match="version 3"):
        store.save(skipped, expected_version=1, actor="x", action="x", operation="x")
    assert store.get(first.id) == first


def test_a_move_that_the_lifecycle_does_not_know_is_refused(store: ProposalStore) -> None:
    first = store.add(a_proposal(), actor="rules", operation="add")
    forged = first.model_copy(update={"status": Status.IMPLEMENTED, "version": 2})
    with pytest.raises(IllegalTransition):
        store.save(forged, expected_version=1, actor="x", action="x", operation="x")
    assert store.get(first.id) == first


def test_a_change_without_a_move_is_kept(store: ProposalStore) -> None:
    first = store.add(a_proposal(), actor="rules", operation="add")
    noted = first.model_copy(update={"version": 2, "priority": "high"})
    store.save(noted, expected_version=1, actor="rules", action="reprioritised", operation="note")
    assert store.get(first.id).priority == "high"
    assert store.open_for(first.pattern_id) == noted


def test_a_repeated_operation_returns_what_the_first_one_stored(store: ProposalStore) -> None:
    first = store.add(a_proposal(), actor="rules", operation="add")
    approved = approve(store)
    executing = moved(approved, Status.EXECUTING)
    store.save(executing, expected_version=2, actor="run", action="claimed", operation="claim")
    assert store.add(a_proposal(title="another"), actor="rules", operation="add") == first
    assert approve(store) == approved
    assert store.get(first.id) == executing
    assert len(list(store.audit())) == 3


def test_an_operation_id_means_one_thing(store: ProposalStore) -> None:
    store.add(a_proposal(), actor="rules", operation="once")
    with pytest.raises(StoreError, match="used before"):
        store.record(actor="x", action="x", operation="once")
    with pytest.raises(StoreError, match="used before"):
        store.add(a_proposal(2), actor="rules", operation="once")
    with pytest.raises(StoreError, match="operation id"):
        store.record(actor="x", action="x", operation="")


def test_what_json_cannot_carry_is_refused_before_anything_is_written(store: ProposalStore) -> None:
    for broken in (
        {"metrics": {"x": float("nan")}},
        {"proof": _timeless()},
        {"title": "\ud800"},
        {"evidence": "no tuple"},
    ):
        proposal = a_proposal().model_copy(update=broken)
        with pytest.raises(StoreError, match=proposal.id):
            store.add(proposal, actor="rules", operation="add")
    assert store.proposals() == ()
    assert list(store.audit()) == []


def test_the_audit_is_a_chain_whose_replay_is_the_store(store: ProposalStore) -> None:
    store.add(a_proposal(), actor="rules", operation="add")
    approve(store)
    other = store.add(a_proposal(2, status=Status.SPECIFIED), actor="rules", operation="add 2")
    store.record(actor="jesse", action="looked", operation="look", proposal_id=other.id)
    assert audit.verify(store.audit()) == 4
    assert audit.replay(store.audit()) == {found.id: found.status for found in store.proposals()}


def test_a_transition_says_from_where_to_where_and_of_what(store: ProposalStore) -> None:
    store.add(a_proposal(), actor="rules", operation="add")
    approved = store.save(
        moved(a_proposal(), Status.APPROVED), expected_version=1, actor="jesse", action="approved", operation="a",
        details={"door": "cli", "from": "a lie"},
    )  # fmt: skip
    entry = list(store.audit())[-1]
    assert (entry.actor, entry.action, entry.proposal_id) == ("jesse", "approved", approved.id)
    seen = {"door": "cli", "from": "proposed", "to": "approved", "version": 2, "digest": approved.digest}
    assert entry.details == seen


def test_a_note_cannot_look_like_a_transition(store: ProposalStore) -> None:
    forged = {"from": None, "to": "implemented", "version": 1, "digest": ""}
    with pytest.raises(StoreError):
        store.record(actor="x", action="x", operation="x", proposal_id="bugfix-1", details=forged)


def test_a_note_holds_any_value_and_still_verifies(store: ProposalStore) -> None:
    odd = {"nan": float("nan"), "when": NOON, "lone": "\ud800", "deep": ({"set": {1}},), "path": Path("a")}
    entry = store.record(actor="x", action="x", operation="x", details=odd)
    assert entry == next(iter(store.audit()))
    assert entry.details == {"nan": "nan", "when": NOON.isoformat(), "lone": "?", "deep": [{"set": [1]}], "path": "a"}
    assert audit.verify(store.audit()) == 1


def test_the_audit_can_be_read_from_where_a_reader_stopped(store: ProposalStore) -> None:
    written = [store.record(actor="jesse", action="noted", operation=f"note {number}") for number in range(4)]
    assert list(store.audit(after=2)) == written[2:]
    assert list(store.audit(after=4)) == []


def test_pausing_is_kept_and_audited(store: ProposalStore) -> None:
    assert not store.paused()
    store.pause(True, actor="jesse")
    assert store.paused()
    store.pause(False, actor="jesse")
    assert not store.paused()
    assert [(entry.actor, entry.action) for entry in store.audit()] == [("jesse", "paused"), ("jesse", "resumed")]


def test_knowledge_is_kept_oldest_first_and_by_category(store: ProposalStore) -> None:
    later = store.remember("bugfix", NOON + timedelta(seconds=1), {"n": 3})
    first = store.remember("bugfix", NOON, {"n": 1})
    beside = store.remember("bugfix", NOON, {"n": 2})
    store.remember("refusal", NOON, {"n": 4})
    assert first == "knowledge:bugfix:2026-11-20T12-00-00.123456Z"
    assert first < beside < later
    assert store.knowledge("bugfix") == ({"n": 1}, {"n": 2}, {"n": 3})
    assert store.knowledge("nothing") == ()


def test_the_same_knowledge_again_is_the_same_key(store: ProposalStore) -> None:
    assert store.remember("bugfix", NOON, {"n": 1}) == store.remember("bugfix", NOON, {"n": 1})
    assert store.knowledge("bugfix") == ({"n": 1},)


def test_knowledge_that_is_no_json_is_kept_as_text(store: ProposalStore) -> None:
    store.remember("learning", NOON, {"when": NOON, "rate": float("inf"), "said": "\ud800"})
    assert store.knowledge("learning") == ({"when": NOON.isoformat(), "rate": "inf", "said": "?"},)


def test_a_category_cannot_reach_another_key(store: ProposalStore) -> None:
    with pytest.raises(StoreError, match="category"):
        store.remember("bugfix:x", NOON, {})


def test_threads_that_decide_at_once_have_one_winner_per_version(store: ProposalStore) -> None:
    store.add(a_proposal(), actor="rules", operation="add")
    outcomes: list[str] = []

    def decide(name: str) -> None:
        try:
            approve(store, operation=name)
            outcomes.append("won")
        except StaleVersion:
            outcomes.append("stale")

    threads = [threading.Thread(target=decide, args=(f"thread {number}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["stale"] * 7 + ["won"]
    assert audit.verify(store.audit()) == 2


def test_threads_that_record_at_once_make_one_chain(store: ProposalStore) -> None:
    def record(name: str) -> None:
        for number in range(10):
            store.record(actor=name, action="looked", operation=f"{name} {number}")

    threads = [threading.Thread(target=record, args=(f"thread {number}",)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert audit.verify(store.audit()) == 60
    assert len({(entry.actor, entry.sequence) for entry in store.audit()}) == 60
