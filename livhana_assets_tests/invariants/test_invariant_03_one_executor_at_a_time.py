"""Two executors never act on one proposal; a stale one is fenced out at its next write."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from livhana_assets.adapters.bubblewrap_sandbox import BubblewrapSandbox
from livhana_assets.adapters.redis_store import RedisProposalStore
from livhana_assets.adapters.test_runners import CommandRunner
from livhana_assets.loop.execution.carry_out import Landed, claim
from livhana_assets.loop.execution.recovery import recover
from livhana_assets.loop.proposals.model import Proposal, Status
from livhana_assets.loop.proposals.ports import StaleVersion
from livhana_assets.loop.proposals.testing import TestRun
from livhana_assets.loop.review.decisions import reject
from livhana_assets_tests.invariants.a_shop import Shop
from livhana_assets_tests.loop.execution import an_approved_change
from livhana_assets_tests.loop.execution.an_approved_change import POLICY, QUICK_SUITE


class MeetingStore(RedisProposalStore):
    """Hands a proposal out only when two have come for it, so that both always see it unclaimed."""

    meeting: threading.Barrier

    def get(self, proposal_id: str) -> Proposal:
        found = super().get(proposal_id)
        self.meeting.wait(timeout=20)
        return found


def test_of_two_executors_that_meet_one_gets_the_claim(shop: Shop, redis_url: str) -> None:
    change = shop.approved()
    store = MeetingStore.at(redis_url)
    store.meeting = threading.Barrier(2)  # type: ignore[attr-defined]

    def attempt(run_id: str) -> str:
        try:
            return str(claim(store, change.id, run_id=run_id, policy=POLICY, now=datetime.now(UTC)).status)
        except StaleVersion:
            return "stale"

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(attempt, ("one", "two"))) == ["executing", "stale"]
    claims = [entry for entry in shop.store.audit() if entry.action == "executing"]
    assert len(claims) == 1


def test_of_two_processes_at_once_one_lands(shop: Shop, redis_url: str, tmp_path: Path) -> None:
    change = shop.approved()
    where = [str(shop.repository), str(tmp_path / "home"), redis_url, change.id, QUICK_SUITE]
    command = [sys.executable, "-m", an_approved_change.__name__, *where]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) for _ in range(2)]
    told = [process.communicate(timeout=60)[0] for process in both]
    assert sorted(process.returncode for process in both) == [0, 1], told
    assert sum("Landed" in words for words in told) == 1
    assert shop.store.get(change.id).status is Status.IMPLEMENTED
    assert [entry.action for entry in shop.store.audit()].count("executing") == 1


class StallingRunner(CommandRunner):
    """Stalls before its first run, as long as `meanwhile` takes."""

    def __init__(self, meanwhile: Callable[[], object]) -> None:
        super().__init__(BubblewrapSandbox(), QUICK_SUITE)
        self._meanwhile: list[Callable[[], object]] = [meanwhile]

    def run(self, checkout: Path, ids: Sequence[str] = ()) -> TestRun:
        while self._meanwhile:
            self._meanwhile.pop()()
        return super().run(checkout, ids)


def test_a_stalled_executor_lands_nothing_after_a_person_took_the_change_back(shop: Shop) -> None:
    change, before = shop.approved(), shop.refs()

    def taken_back() -> None:
        recover(shop.store, shop.target, is_alive=lambda claim: False, now=datetime.now(UTC))
        reject(shop.store, change.id, by="jesse", reason="not now", now=datetime.now(UTC))

    assert stalled(shop, change.id, taken_back) == "StaleVersion"
    assert shop.refs() == before
    assert shop.store.get(change.id).status is Status.REJECTED


def test_a_stalled_executor_undoes_nothing_of_the_one_that_took_over(shop: Shop) -> None:
    change = shop.approved()
    landed: list[Any] = []

    def taken_over() -> None:
        recover(shop.store, shop.target, is_alive=lambda claim: False, now=datetime.now(UTC))
        landed.append(shop.carry_out(change.id, run_id="another"))

    assert stalled(shop, change.id, taken_over) == "StaleVersion"
    assert isinstance(landed[0], Landed)
    assert shop.store.get(change.id) == landed[0].proposal
    assert landed[0].landing.commit in shop.refs()


def stalled(shop: Shop, proposal_id: str, meanwhile: Callable[[], object]) -> str:
    """How an execution ends that stalls while something else happens."""
    try:
        return str(shop.proving_by(StallingRunner(meanwhile)).carry_out(proposal_id, run_id="stalled"))
    except StaleVersion as why:
        return type(why).__name__


def test_a_pause_stops_what_is_under_way(shop: Shop) -> None:
    change, before = shop.approved(), shop.refs()
    ended = stalled(shop, change.id, lambda: shop.store.pause(True, actor="jesse"))
    assert "the loop was paused" in ended
    assert shop.refs() == before
