"""A killed execution's ref update may outlive it; recovery waits for that before it says how the execution ended."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
import redis

from livhana_assets.adapters.git_target import GitTarget
from livhana_assets.adapters.redis_store import RedisProposalStore
from livhana_assets.loop.execution.carry_out import landing_branch
from livhana_assets.loop.execution.recovery import recover
from livhana_assets.loop.proposals.model import Proposal, Status
from livhana_assets.wiring import is_alive
from livhana_assets_tests.loop.execution.a_target_at_work import TargetAtWork, a_target_at_work
from livhana_assets_tests.loop.execution.an_approved_change import started
from livhana_assets_tests.loop.execution.processes import named, ref_updates_in, someone_waits_for, this_has_open, until
from livhana_assets_tests.redis_server import running_redis
from livhana_assets_tests.repositories import bare_repository, git, snapshot

pytestmark = pytest.mark.doors


@pytest.fixture
def redis_url(tmp_path: Path) -> Iterator[str]:
    with running_redis(tmp_path / "redis") as url:
        yield url


@pytest.mark.parametrize("land", ["branch", "fast_forward"])
def test_recovery_waits_for_a_ref_update_that_outlived_its_process(tmp_path: Path, redis_url: str, land: str) -> None:
    home, store = tmp_path / "home", RedisProposalStore(redis.Redis.from_url(redis_url))
    at_work = a_target_at_work(tmp_path, home, land)
    change = at_work.approved(store, 1)
    git(at_work.repository, "config", "core.filesRefLockTimeout", "60000")
    before = snapshot(at_work.repository)
    with ref_held(at_work, change) as let_go:
        process = started(at_work.repository, home, redis_url, change)
        until(lambda: ref_updates_in(at_work.git_dir))
        process.kill()
        process.communicate(timeout=30)
        assert ref_updates_in(at_work.git_dir), "git lives on"
        assert at_work.head(change) in ("", at_work.base), "and has not moved the ref yet"
        recovery = threading.Thread(target=recovered, args=(store, at_work))
        recovery.start()
        until(lambda: not recovery.is_alive() or someone_waits_for(landing_lock(home)))
        let_go()
        recovery.join(30)
        until(lambda: not ref_updates_in(at_work.git_dir))
    assert at_work.head(change) not in ("", at_work.base), "the ref was written after all"
    assert store.get(change.id).status is Status.IMPLEMENTED
    assert at_work.check(store, change, before) is Status.IMPLEMENTED


PUSHES = """
import sys
from pathlib import Path
from livhana_assets.adapters.git_target import GitTarget

GitTarget(sys.argv[1], Path(sys.argv[2]), branch="main").land(sys.argv[3], "improvement/x", None)
"""


def test_a_look_at_a_remote_waits_for_a_push_that_outlived_its_process(tmp_path: Path) -> None:
    repository, home = bare_repository(tmp_path / "remote.git"), tmp_path / "home"
    git(repository, "config", "core.filesRefLockTimeout", "60000")
    target = GitTarget(f"file://{repository}", home, branch="main")
    target.refresh()
    commit = target.build(str(target.head()), {"README.md": b"# Landed\n"}, "Land", datetime(2026, 11, 20, tzinfo=UTC))
    ref = repository / "refs/heads/improvement/x.lock"
    ref.parent.mkdir()
    ref.touch()
    process = subprocess.Popen([sys.executable, "-c", PUSHES, f"file://{repository}", str(home), commit])
    until(lambda: named(f"receive-pack\0{repository}".encode()))
    process.kill()
    process.wait(30)
    looking = threading.Thread(target=target.refresh)
    looking.start()
    until(lambda: not looking.is_alive() or this_has_open(landing_lock(home)))
    assert looking.is_alive(), "nobody knows yet whether it lands"
    ref.unlink()
    looking.join(30)
    assert target.head("improvement/x") == commit
    assert target.landed("improvement/x", commit)


def recovered(store: RedisProposalStore, at_work: TargetAtWork) -> None:
    recover(store, at_work.target, is_alive=is_alive, now=datetime.now(UTC))


@contextmanager
def ref_held(at_work: TargetAtWork, change: Proposal) -> Iterator[Callable[[], None]]:
    """Another git's lock on the ref that the change lands on, for which ours waits as long as the target's configuration says."""
    lock = at_work.repository / ".git/refs/heads" / f"{landing_branch(change)}.lock"
    lock.parent.mkdir(exist_ok=True)
    lock.touch()
    try:
        yield lock.unlink
    finally:
        lock.unlink(missing_ok=True)


def landing_lock(home: Path) -> Path:
    [lock] = home.glob("target/*/landing.lock")
    return lock
