"""Many processes that call a model until the day's money is gone, some of them killed in the midst; and what was spent by then."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing.process import BaseProcess

import redis

from livhana_assets.adapters.claude_analyst.calls import ModelFailed
from livhana_assets.adapters.claude_analyst.ledger import BUDGET, lines_of
from livhana_assets.adapters.redis_budget import RedisBudget
from livhana_assets_tests.adapters.claude_analyst.a_caller import ASKED, SYSTEM, Label, a_caller, work
from livhana_assets_tests.adapters.claude_analyst.faulty_calls import TOO_HIGH, WHOLE, bill
from livhana_assets_tests.claude_server import ClaudeServer, Reply, open_claude_server

FAULTS = (None, None, None, None, "cut_clean", "cut_body", "status_500", "status_529", "broken_json", "max_tokens")
KILLED_OF = 3
"""Of so many workers one is killed, at a moment of its own."""


@dataclass(frozen=True)
class Spent:
    limit: int
    highest: int
    """The most that was ever used or held, as seen while they worked."""
    used: int
    billed: int
    """What the server would have billed, answers that never arrived among it."""
    requests: int
    attempts: int
    without_end: int
    killed: int

    @property
    def overspent(self) -> int:
        return max(0, self.highest - self.limit, self.used - self.limit, self.billed - self.limit)

    @property
    def lost(self) -> int:
        """Requests that no entry of the ledger stands for, or attempts whose end nobody wrote though nobody died at it."""
        return max(0, self.requests - self.attempts) + max(0, self.without_end - self.killed)


def spent_by(workers: int, limit: int, url: str, seed: int) -> Spent:
    """All of it within one UTC day of one emptied Redis."""
    client, chance = redis.Redis.from_url(url), random.Random(seed)
    client.flushall()
    budget = RedisBudget(client, BUDGET, limit, advice="")
    with open_claude_server(lambda body: Reply(json=chance.choice([WHOLE, WHOLE, TOO_HIGH]))) as server:
        server.faults += [chance.choice(FAULTS) for _ in range(100_000)]
        started = _started(workers, limit, url, server, seed)
        highest = 0
        while any(worker.is_alive() for worker in started):
            highest = max(highest, budget.used(datetime.now(UTC).date()))
        for worker in started:
            worker.join()
        return _counted(limit, highest, client, server, started)


def _started(workers: int, limit: int, url: str, server: ClaudeServer, seed: int) -> list[BaseProcess]:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__, "anthropic.resources.messages", "genai_prices.data"])
    started = [
        context.Process(target=_spend, args=(url, server.url, server.key, limit, f"{seed} {number}", number % KILLED_OF == 0))
        for number in range(workers)
    ]  # fmt: skip
    for worker in started:
        worker.start()
    return started


def _spend(url: str, server: str, key: str, limit: int, seed: str, dies: bool) -> None:
    chance = random.Random(seed)
    caller = a_caller(redis.Redis.from_url(url), server, key=key, limit=limit)
    if dies:
        timer = threading.Timer(chance.uniform(0.1, 8), lambda: os.kill(os.getpid(), signal.SIGKILL))
        timer.daemon = True
        timer.start()
    while True:
        kind = chance.choice(["screen", "analyze", "code"])
        try:
            caller.ask(work(kind, max_tokens=chance.choice([200, 400, 800])), SYSTEM, ASKED, Label)  # type: ignore[arg-type]
        except ModelFailed as failed:
            if failed.kind == "budget" and kind != "screen":
                return


def _counted(limit: int, highest: int, client: redis.Redis, server: ClaudeServer, started: list[BaseProcess]) -> Spent:
    day = datetime.now(UTC).date()
    lines = lines_of(client, day)
    return Spent(
        limit=limit,
        highest=highest,
        used=RedisBudget(client, BUDGET, limit, advice="").used(day),
        billed=sum(bill(call.usage) for call in server.messages if call.usage),
        requests=len(server.messages),
        attempts=len(lines),
        without_end=sum(line.outcome == "reserved" for line in lines),
        killed=sum(worker.exitcode == -signal.SIGKILL for worker in started),
    )
