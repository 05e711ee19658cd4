"""A day's budget holds across processes, restarts and crashes: a real Redis, real processes."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import redis

from livhana_assets.adapters.redis_budget import RedisBudget
from livhana_assets.loop.proposals.ports import StoreUnavailable
from livhana_assets.loop.sources.budgets import BudgetExceeded
from livhana_assets_tests.redis_server import running_redis

MORNING = datetime(2026, 3, 4, 6, tzinfo=UTC)
TOMORROW = datetime(2026, 3, 5, 6, tzinfo=UTC)


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_redis(tmp_path_factory.mktemp("redis")) as url:
        yield url


def budget(url: str, name: str, limit: int = 100, now: datetime = MORNING) -> RedisBudget:
    return RedisBudget(redis.Redis.from_url(url), name, limit, advice="go on tomorrow.", now=lambda: now)


def test_what_is_reserved_counts_until_it_is_settled(url: str) -> None:
    bytes_ = budget(url, "a")
    held = bytes_.reserve(60)
    with pytest.raises(BudgetExceeded, match=r"41 more would go over the limit of 100 for 2026-03-04 \(60 are used\)"):
        bytes_.reserve(41)
    bytes_.settle(held, 10)
    assert bytes_.used(MORNING.date()) == 10
    bytes_.reserve(90)


def test_settling_twice_counts_once(url: str) -> None:
    bytes_ = budget(url, "b")
    held = bytes_.reserve(60)
    bytes_.settle(held, 10)
    bytes_.settle(held, 10)
    assert bytes_.used(MORNING.date()) == 10


def test_each_day_has_its_own_limit(url: str) -> None:
    budget(url, "c").reserve(100)
    budget(url, "c", now=TOMORROW).reserve(100)
    with pytest.raises(BudgetExceeded):
        budget(url, "c", now=TOMORROW).reserve(1)


def test_what_went_over_its_reservation_counts_as_it_was(url: str) -> None:
    bytes_ = budget(url, "d")
    bytes_.settle(bytes_.reserve(60), 99)
    with pytest.raises(BudgetExceeded):
        bytes_.reserve(2)


def _work(url: str, crash: bool) -> None:
    mine = budget(url, "e", limit=1000)
    for turn in range(20):
        try:
            held = mine.reserve(7)
        except BudgetExceeded:
            return
        if crash and turn == 5:
            os.kill(os.getpid(), signal.SIGKILL)
        mine.settle(held, 7)


def test_many_processes_some_of_which_crash_never_pass_the_limit(url: str) -> None:
    spawned = multiprocessing.get_context("spawn")
    workers = [spawned.Process(target=_work, args=(url, number % 3 == 0)) for number in range(10)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    used = budget(url, "e").used(MORNING.date())
    assert 1000 - 7 < used <= 1000, "all of it is used, what the crashed ones held among it, and no more"


def test_without_redis_nothing_is_used(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable):
        budget(f"unix://{tmp_path}/none.sock", "f").reserve(1)
