"""The executing process is killed at random moments; each time the target is untouched or the change has fully landed."""

from __future__ import annotations

import random
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
import redis

from livhana_assets.adapters.redis_store import RedisProposalStore
from livhana_assets.loop.execution.carry_out import landing_branch
from livhana_assets.loop.execution.recovery import recover
from livhana_assets.loop.proposals.audit import verify
from livhana_assets.loop.proposals.lifecycle import advance
from livhana_assets.loop.proposals.model import Proposal, Status
from livhana_assets.wiring import is_alive
from livhana_assets_tests.loop.execution.a_target_at_work import TargetAtWork, a_target_at_work
from livhana_assets_tests.loop.execution.an_approved_change import started
from livhana_assets_tests.redis_server import running_redis
from livhana_assets_tests.repositories import git, snapshot

pytestmark = pytest.mark.drill

AT_LEAST = 3
"""So often each of the two ends has to be seen."""
EXTRA = 20


@dataclass(frozen=True)
class Length:
    """Of an execution that nobody kills, in seconds after it is ready: until its ref is written, and until it ends."""

    landing: float
    whole: float


@dataclass(frozen=True)
class Executions:
    """Of copies of one change of one target, each in a process of its own."""

    home: Path
    url: str
    store: RedisProposalStore
    at_work: TargetAtWork

    def measured(self) -> Length:
        change = self.at_work.approved(self.store, 0)
        process = self._start(change)
        begin = time.monotonic()
        while self.at_work.head(change) in ("", self.at_work.base) and process.poll() is None:
            time.sleep(0.002)
        landing = time.monotonic() - begin
        told = process.communicate(timeout=60)[0]
        assert told.startswith("Landed"), told
        self._clean_up(change)
        return Length(landing, time.monotonic() - begin)

    def killed(self, number: int, wait: Callable[[], None]) -> Status:
        """How a change ends whose execution is killed after `wait`, when recovery has looked at it."""
        change = self.at_work.approved(self.store, number)
        before = snapshot(self.at_work.repository)
        process = self._start(change)
        wait()
        process.kill()
        process.communicate(timeout=30)
        recover(self.store, self.at_work.target, is_alive=is_alive, now=datetime.now(UTC))
        ended = self.at_work.check(self.store, change, before)
        self._clean_up(change)
        return ended

    def wait_for_the_ref_update(self, then: float) -> None:
        """The landing writes down what it is about to move just before it moves it."""
        until = time.monotonic() + 30
        [clone] = (self.home / "target").iterdir()
        while not (clone / "landing.json").exists() and time.monotonic() < until:
            time.sleep(0.0005)
        time.sleep(then)

    def _start(self, change: Proposal) -> subprocess.Popen[str]:
        return started(self.at_work.repository, self.home, self.url, change)

    def _clean_up(self, change: Proposal) -> None:
        """So that the next change lands on the same base and is the only one in flight."""
        closed, branch = ("-c", "core.hooksPath=/dev/null", "update-ref"), landing_branch(change)
        if branch == "main":
            git(self.at_work.repository, *closed, "refs/heads/main", self.at_work.base)
        elif self.at_work.head(change):
            git(self.at_work.repository, *closed, "-d", f"refs/heads/{branch}")
        present = self.store.get(change.id)
        if present.status is Status.APPROVED:
            after = advance(
                present, Status.REJECTED, at=datetime.now(UTC), actor="jesse", action="rejected", detail="next"
            )
            self.store.save(
                after,
                expected_version=present.version,
                actor="jesse",
                action="rejected",
                operation=f"close:{change.id}",
            )


@pytest.fixture
def executions(tmp_path: Path, land: str) -> Iterator[Executions]:
    with running_redis(tmp_path / "redis") as url:
        home = tmp_path / "home"
        store = RedisProposalStore(redis.Redis.from_url(url))
        yield Executions(home, url, store, a_target_at_work(tmp_path, home, land))


@pytest.mark.parametrize(("land", "anywhere", "at_the_ref"), [("fast_forward", 50, 0), ("branch", 20, 6)])
def test_a_killed_execution_leaves_the_target_untouched_or_the_change_landed(
    executions: Executions, land: str, anywhere: int, at_the_ref: int
) -> None:
    chance, ends = random.Random(20261124), Counter[Status]()
    length = executions.measured()
    kills: list[Callable[[], None]] = []
    for _ in range(anywhere):
        kills.append(partial(time.sleep, chance.uniform(0.0, length.whole * 1.05)))
    for _ in range(at_the_ref):
        kills.append(partial(executions.wait_for_the_ref_update, chance.uniform(0.0, 0.01)))
    for number, wait in enumerate(kills, 1):
        ends[executions.killed(number, wait)] += 1
    for number in range(len(kills) + 1, len(kills) + EXTRA):
        if ends[Status.IMPLEMENTED] < AT_LEAST:
            wait = partial(time.sleep, chance.uniform(length.landing, length.whole * 1.2))
        elif ends[Status.APPROVED] < AT_LEAST:
            wait = partial(time.sleep, chance.uniform(0.0, length.landing))
        else:
            break
        ends[executions.killed(number, wait)] += 1
    print(f"{land}, ref written after {length.landing:.2f} of {length.whole:.2f} s: {dict(ends)}")
    assert ends.total() >= len(kills)
    assert min(ends[Status.APPROVED], ends[Status.IMPLEMENTED]) >= AT_LEAST, ends
    assert not executions.at_work.marker.exists(), executions.at_work.marker.read_text()
    assert verify(executions.store.audit()) > ends.total()
