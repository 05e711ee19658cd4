"""One call that meets a fault somewhere, by a seed; and whether it ended as promised.

Promised is: a whole answer or one sentence, within the deadline; every request that reached the server ended in the ledger, at no
less than what the server would bill for it.
"""

from __future__ import annotations

import json
import random
import socket
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import redis

from livhana_assets.adapters.claude_analyst.calls import Caller, ModelFailed
from livhana_assets.adapters.claude_analyst.client import Access
from livhana_assets.adapters.claude_analyst.ledger import BUDGET, lines_of
from livhana_assets.adapters.claude_analyst.prices import price_of
from livhana_assets.adapters.redis_budget import RedisBudget
from livhana_assets.loop.sources.model_prices import Usage, cost
from livhana_assets_tests.adapters.claude_analyst.a_caller import ASKED, SYSTEM, Label, a_caller, work
from livhana_assets_tests.claude_server import FAULTS, ClaudeServer, Reply, open_claude_server

COUNT = "/v1/messages/count_tokens"
COUNT_FAULTS = ("status_401", "status_404", "status_429", "status_500", "status_529")
NO_CONNECTION = "no_connection"
KINDS = (*FAULTS, *(f"count:{fault}" for fault in COUNT_FAULTS), NO_CONNECTION)
WHOLE = {"name": "whole", "score": 7, "parts": ["one", "two", "three"]}
TOO_HIGH = {"name": "bad", "score": 11, "parts": []}
WHOLE_TURNS = (json.dumps(WHOLE), json.dumps(TOO_HIGH), "To be continued.", '{"written for a test": [1, 2', "")
"""What the server says to a turn when it says all that it means to; two of its faults are of answers, which a turn is not."""
GRACE_S = 1.0
"""What a busy machine may need to notice that the time is over."""
TOLD_KINDS = {
    "refusal", "max_tokens", "context", "unknown_stop", "cut", "stalled", "status", "rate_limited", "spend_limit",
    "malformed", "invalid", "unknown_model", "credentials",
}  # fmt: skip


@dataclass(frozen=True)
class Judged:
    half_made: str = ""
    lost: str = ""
    late: str = ""
    answered: bool = False
    over_s: float = 0.0
    """By how much the deadline was passed."""

    @property
    def why(self) -> str:
        return "; ".join(why for why in (self.half_made, self.lost, self.late) if why)


def met(kind: str, seed: int, client: redis.Redis) -> Judged:
    """What became of one call. Its seed says when the fault comes, how often, and to what kind of call."""
    chance = random.Random(f"{kind} {seed}")
    client.flushall()
    Access(key="none").client()  # a process's first call loads the SDK before its time begins
    with _server(kind, chance) as server:
        url = _closed_port() if kind == NO_CONNECTION else server.url
        caller, seconds = a_caller(client, url), chance.uniform(0.6, 1.6)
        started = time.monotonic()
        half_made, answered = _called(caller, chance, seconds)
        over = time.monotonic() - started - seconds
        lost = _lost(server, client)
    late = f"{over:.2f} s over the deadline" if over > GRACE_S else ""
    return Judged(half_made, lost, late, answered, max(0.0, over))


@contextmanager
def _server(kind: str, chance: random.Random) -> Iterator[ClaudeServer]:
    """The fault comes first, or after an answer that does not fit and so in the repair; once or more often."""
    repairs = chance.random() < 0.4
    script = [Reply(json=TOO_HIGH), Reply(json=WHOLE, always=True)] if repairs else [Reply(json=WHOLE, always=True)]
    with open_claude_server(script) as server:
        queue = server.faults_at[COUNT] if kind.startswith("count:") else server.faults
        fault = kind.removeprefix("count:")
        if kind != NO_CONNECTION:
            queue += [None] * repairs + [fault] * chance.choice([1, 1, 2, 3, 9])
        yield server


def _called(caller: Caller, chance: random.Random, seconds: float) -> tuple[str, bool]:
    """What is half made about the answer, and whether there was one."""
    model = chance.choice(["screen", "analyze"])
    asked = work(model, seconds=seconds, max_tokens=chance.choice([300, 2000, 16000]))  # type: ignore[arg-type]
    messages = [{"role": "user", "content": "x" * chance.choice([10, 5_000])}] if chance.random() < 0.5 else ASKED
    try:
        if chance.random() < 0.7:
            value = caller.ask(asked, SYSTEM, messages, Label).value
            return ("" if value.model_dump() == WHOLE else f"half an answer: {value}"), True
        turn = caller.turn(asked, SYSTEM, [], messages)
        said = "".join(block.get("text", "") for block in turn.content)
        return ("" if said in WHOLE_TURNS else f"half a turn: {turn}"), True
    except ModelFailed as failed:
        return ("" if failed.kind in TOLD_KINDS and str(failed) else f"no clear sentence: {failed!r}"), False
    except Exception as error:
        return f"{type(error).__name__} came out: {error}", False


def _lost(server: ClaudeServer, client: redis.Redis) -> str:
    """What of the server's requests the ledger does not hold."""
    day = datetime.now(UTC).date()
    lines = lines_of(client, day)
    open_ = [line for line in lines if line.outcome == "reserved"]
    if open_:
        return f"{len(open_)} attempts have no end"
    if len(server.messages) > len(lines):
        return f"{len(server.messages)} requests, {len(lines)} attempts"
    if sum(line.micro_dollars for line in lines) != RedisBudget(client, BUDGET, 1, advice="").used(day):
        return "the lines do not add up to the day's budget"
    billed = sum(bill(call.usage) for call in server.messages if call.usage)
    counted = sum(line.micro_dollars for line in lines)
    return f"{billed} billed, {counted} counted" if billed > counted else ""


def bill(usage: dict[str, Any]) -> int:
    """What the provider asks for a message, in millionths of a dollar."""
    written = usage["cache_creation"]
    used = Usage(
        usage["input_tokens"], usage["output_tokens"], usage["cache_read_input_tokens"],
        written["ephemeral_5m_input_tokens"], written["ephemeral_1h_input_tokens"],
    )  # fmt: skip
    return cost(price_of(str(usage["model"]), {}, at=datetime.now(UTC)), used)


def _closed_port() -> str:
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"
