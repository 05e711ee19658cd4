"""The ledger of model calls: a real Redis, and processes that are killed at it."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import redis

from livhana_assets.adapters.claude_analyst.ledger import BUDGET, Attempt, Ledger, lines_of, spend_of_day
from livhana_assets.adapters.redis_budget import RedisBudget
from livhana_assets.loop.proposals.ports import StoreUnavailable
from livhana_assets.loop.sources.budgets import BudgetExceeded
from livhana_assets.loop.sources.model_prices import Usage
from livhana_assets.loop.sources.model_spend import spend_of
from livhana_assets_tests.adapters.claude_analyst.spending import spent_by
from livhana_assets_tests.redis_server import running_redis

USED = Usage(input=700, output=200, cache_read=100)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_redis(tmp_path_factory.mktemp("redis")) as url:
        yield url


@pytest.fixture
def url(server: str) -> str:
    redis.Redis.from_url(server).flushall()
    return server


def opened(ledger: Ledger, worst: int = 100, asset: str = "bugfix_proposals", subject: str = "error-1", model: str = "opus") -> Attempt:  # fmt: skip
    return ledger.open(asset=asset, subject=subject, kind="analyze", model=model, worst_micro_dollars=worst, input_tokens=10)  # fmt: skip


def today() -> datetime:
    return datetime.now(UTC)


def test_an_attempt_counts_at_its_worst_until_it_is_settled(url: str) -> None:
    client = redis.Redis.from_url(url)
    ledger, day = Ledger(client, 1000), today().date()
    attempt = opened(ledger, 900)
    assert (spend_of_day(client, day).held, spend_of_day(client, day).settled) == (900, 0)
    with pytest.raises(BudgetExceeded, match="IMPROVEMENT_DAILY_BUDGET_USD"):
        opened(ledger, 101)
    ledger.settle(attempt, 40, USED, request_id="req_1")
    (line,) = lines_of(client, day)
    assert (line.outcome, line.micro_dollars, line.request_id) == ("settled", 40, "req_1")
    assert (line.input_tokens, line.output_tokens, line.cached_tokens) == (800, 200, 100)


def test_a_refused_attempt_leaves_no_line(url: str) -> None:
    client = redis.Redis.from_url(url)
    with pytest.raises(BudgetExceeded):
        opened(Ledger(client, 99))
    assert lines_of(client, today().date()) == ()


def test_what_was_surely_not_sent_costs_nothing_and_what_may_have_been_its_worst(url: str) -> None:
    client = redis.Redis.from_url(url)
    ledger = Ledger(client, 1000)
    ledger.release(opened(ledger), "connection refused")
    ledger.hold(opened(ledger), "cut", request_id="req_2")
    spend = spend_of_day(client, today().date())
    assert (spend.settled, spend.held, spend.calls) == (0, 100, 1)


def test_an_attempt_ends_once_whatever_is_said_later(url: str) -> None:
    client = redis.Redis.from_url(url)
    ledger = Ledger(client, 1000)
    attempt = opened(ledger)
    ledger.settle(attempt, 30, USED)
    ledger.hold(attempt, "cut")
    ledger.release(attempt, "refused")
    assert spend_of_day(client, today().date()).used == 30
    assert client.xlen("improvement:spend") == 2


def test_another_process_can_end_what_this_one_began(url: str) -> None:
    client = redis.Redis.from_url(url)
    written = opened(Ledger(client, 1000)).model_dump_json()
    Ledger(redis.Redis.from_url(url), 1000).settle(Attempt.model_validate_json(written), 50, USED)
    assert spend_of_day(client, today().date()).used == 50


def test_spend_is_told_by_asset_subject_and_model(url: str) -> None:
    client = redis.Redis.from_url(url)
    ledger = Ledger(client, 1000)
    ledger.settle(opened(ledger, asset="a", subject="one", model="opus"), 30, USED)
    ledger.settle(opened(ledger, asset="a", subject="two", model="haiku"), 5, USED)
    ledger.hold(opened(ledger, 70, asset="b", subject="two", model="opus"), "cut")
    spend = spend_of_day(client, today().date())
    assert (spend.by_asset, spend.by_subject) == ({"b": 70, "a": 35}, {"two": 75, "one": 30})
    assert spend.by_model == {"opus": 100, "haiku": 5}
    assert spend.usd == 105 / 1_000_000


def test_a_call_over_midnight_belongs_to_the_day_on_which_it_was_reserved(url: str) -> None:
    client = redis.Redis.from_url(url)
    yesterday = Ledger(client, 1000, now=lambda: today() - timedelta(days=1))
    attempt = opened(yesterday)
    Ledger(client, 1000).settle(attempt, 60, USED)
    assert spend_of_day(client, today().date()).used == 0
    assert spend_of_day(client, today().date() - timedelta(days=1)).used == 60
    assert spend_of(lines_of(client, today().date() - timedelta(days=1), today().date())).used == 60


def test_without_redis_nothing_is_spent(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable):
        opened(Ledger(redis.Redis.from_url(f"unix://{tmp_path}/none.sock"), 1000))


@pytest.mark.drill
def test_fifty_workers_some_of_which_are_killed_never_overspend_and_lose_no_attempt(url: str) -> None:
    spent = spent_by(50, 300_000, url, seed=0)
    assert spent.killed > 0
    assert spent.requests > 10
    assert (spent.overspent, spent.lost) == (0, 0), spent


LIMIT = 20_000
WORKERS = 6


def _spend(url: str, seed: int) -> None:
    """Attempts until the day's money is gone; some processes die in the middle of one."""
    chance = random.Random(seed)
    ledger, dies = Ledger(redis.Redis.from_url(url), LIMIT), seed % 3 == 0
    while True:
        worst = chance.randint(1, 200)
        try:
            attempt = opened(ledger, worst)
        except BudgetExceeded:
            return
        if dies and chance.random() < 0.2:
            os.kill(os.getpid(), signal.SIGKILL)
        end = chance.random()
        if end < 0.6:
            ledger.settle(attempt, chance.randint(1, worst), USED)
        else:
            ledger.release(attempt, "refused") if end < 0.8 else ledger.hold(attempt, "cut")


def test_what_killed_workers_held_stays_held_and_has_its_line(url: str) -> None:
    client, spawned = redis.Redis.from_url(url), multiprocessing.get_context("fork")
    workers = [spawned.Process(target=_spend, args=(url, seed)) for seed in range(WORKERS)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    killed = sum(worker.exitcode == -signal.SIGKILL for worker in workers)
    spend, day = spend_of_day(client, today().date()), today().date()
    assert killed == 2
    assert LIMIT - 200 < spend.used <= LIMIT
    assert spend.used == RedisBudget(client, BUDGET, LIMIT, advice="").used(day), "every reservation has its line"
    assert sum(line.outcome == "reserved" for line in lines_of(client, day)) == killed, "what the killed held is there"
