"""The executing process is killed at random moments; each time the target is untouched or the change has fully landed."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
import redis

from livhana_assets.adapters.git_target import GitTarget
from livhana_assets.adapters.redis_store import RedisProposalStore
from livhana_assets.loop.execution.recovery import recover
from livhana_assets.loop.proposals.audit import verify
from livhana_assets.loop.proposals.lifecycle import advance
from livhana_assets.loop.proposals.model import Status
from livhana_assets.wiring import is_alive
from livhana_assets_tests.loop.execution import an_approved_change
from livhana_assets_tests.loop.execution.an_approved_change import (
    QUICK_SUITE,
    a_change,
    add_buggy_shop,
    approved,
    ground_of,
)
from livhana_assets_tests.redis_server import running_redis
from livhana_assets_tests.repositories import difference, dirty_repository, git, set_traps, snapshot

KILLS = 50
RESET_EVERY_LANDING = "refs/heads/main"


@pytest.fixture
def redis_url(tmp_path):
    with running_redis(tmp_path / "redis") as url:
        yield url


def test_a_killed_execution_leaves_the_target_untouched_or_the_change_landed(tmp_path: Path, redis_url: str) -> None:
    repository, marker = dirty_repository(tmp_path / "target"), tmp_path / "marker"
    add_buggy_shop(repository)
    set_traps(repository, marker)
    store = RedisProposalStore(redis.Redis.from_url(redis_url))
    target = GitTarget(str(repository), tmp_path / "home")
    base = git(repository, "rev-parse", "main")
    chance, ends = random.Random(20261124), Counter[str]()
    whole = _run_to_its_end(tmp_path, store, repository, redis_url)
    _put_back(repository, base)
    for number in range(1, KILLS + 1):
        change = approved(store, a_change(ground_of(target, QUICK_SUITE), number))
        before = snapshot(repository)
        _kill_while_executing(tmp_path, repository, redis_url, change.id, chance.uniform(0.0, whole * 1.05))
        recover(store, target, is_alive=is_alive, now=datetime.now(UTC))
        after, present = snapshot(repository), store.get(change.id)
        touched = difference(before, after)
        if present.status is Status.IMPLEMENTED:
            assert present.landing and git(repository, "rev-parse", "main") == present.landing.commit
            assert target.diff(base, present.landing.commit) == change.implementation.patch
            assert {path for path in touched if not path.startswith((".git/logs", ".git/refs/heads"))} <= {".git"}
            _put_back(repository, base)
        else:
            assert present.status is Status.APPROVED
            assert touched == set(), f"kill {number} left {touched}"
            _close(store, change.id)
        ends[str(present.status)] += 1
    assert sum(ends.values()) == KILLS
    assert min(ends[Status.APPROVED], ends[Status.IMPLEMENTED]) >= 3, ends
    print(f"{KILLS} kills: {dict(ends)}")
    assert not marker.exists(), marker.read_text()
    assert verify(store.audit()) > KILLS


def _run_to_its_end(folder: Path, store: RedisProposalStore, repository: Path, url: str) -> float:
    """How long an execution takes that nobody kills, in seconds after it is ready."""
    target = GitTarget(str(repository), folder / "home")
    change = approved(store, a_change(ground_of(target, QUICK_SUITE), 0))
    process = _start(folder, repository, url, change.id)
    started = time.monotonic()
    told = process.communicate(timeout=60)[0]
    assert told.startswith("Landed"), told
    return time.monotonic() - started


def _kill_while_executing(folder: Path, repository: Path, url: str, proposal_id: str, after: float) -> None:
    process = _start(folder, repository, url, proposal_id)
    time.sleep(after)
    process.kill()
    process.communicate(timeout=30)


def _start(folder: Path, repository: Path, url: str, proposal_id: str) -> subprocess.Popen[str]:
    command = [
        sys.executable,
        "-m",
        an_approved_change.__name__,
        str(repository),
        str(folder / "home"),
        url,
        proposal_id,
        QUICK_SUITE,
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert process.stdout is not None
    assert process.stdout.readline().strip() == "ready"
    return process


def _put_back(repository: Path, base: str) -> None:
    git(repository, "-c", "core.hooksPath=/dev/null", "update-ref", RESET_EVERY_LANDING, base)


def _close(store: RedisProposalStore, proposal_id: str) -> None:
    """So that the next kill's change is the only one in flight."""
    present = store.get(proposal_id)
    after = advance(present, Status.REJECTED, at=datetime.now(UTC), actor="jesse", action="rejected", detail="next")
    store.save(
        after, expected_version=present.version, actor="jesse", action="rejected", operation=f"close:{proposal_id}"
    )
