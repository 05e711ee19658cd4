"""Calls to a model: the real SDK over a socket, a real Redis, every failure."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import redis

from livhana_assets.adapters.claude_analyst.calls import Caller, ModelFailed, Work
from livhana_assets.adapters.claude_analyst.client import Access
from livhana_assets.adapters.claude_analyst.ledger import Ledger, lines_of, spend_of_day
from livhana_assets.adapters.claude_analyst.work import Pace
from livhana_assets.loop.proposals.ports import StoreUnavailable
from livhana_assets.loop.sources.model_prices import ModelPrice
from livhana_assets.loop.sources.model_spend import Line, Spend
from livhana_assets_tests.adapters.claude_analyst.a_caller import ASKED, MODELS, QUICK, SYSTEM, Label, a_caller, work
from livhana_assets_tests.adapters.claude_analyst.faulty_calls import COUNT, KINDS, TOO_HIGH, WHOLE, met
from livhana_assets_tests.claude_server import FAULTS, ClaudeServer, Reply, open_claude_server
from livhana_assets_tests.redis_server import running_redis

ANSWERING = [Reply(json=WHOLE, always=True)]
TOOLS = [{"name": "read_file", "description": "Reads a file.", "input_schema": {"type": "object", "properties": {}}}]


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_redis(tmp_path_factory.mktemp("redis")) as url:
        yield url


@pytest.fixture
def client(redis_url: str) -> redis.Redis:
    client = redis.Redis.from_url(redis_url)
    client.flushall()
    return client


@pytest.fixture
def server() -> Iterator[ClaudeServer]:
    with open_claude_server(ANSWERING) as server:
        yield server


def lines(client: redis.Redis) -> tuple[Line, ...]:
    return lines_of(client, datetime.now(UTC).date())


def spend(client: redis.Redis) -> Spend:
    return spend_of_day(client, datetime.now(UTC).date())


def failure(caller: Caller, asked: Work | None = None) -> ModelFailed:
    with pytest.raises(ModelFailed) as failed:
        caller.ask(asked or work(), SYSTEM, ASKED, Label)
    return failed.value


# --- what goes over the wire ---


def test_an_answer_comes_with_what_it_cost(client: redis.Redis, server: ClaudeServer) -> None:
    answer = a_caller(client, server.url).ask(work(), SYSTEM, ASKED, Label)
    assert answer.value == Label(**WHOLE)  # type: ignore[arg-type]
    (line,) = lines(client)
    assert (line.outcome, line.micro_dollars, line.request_id) == (
        "settled",
        answer.micro_dollars,
        answer.request_ids[0],
    )
    assert (line.asset, line.subject, line.kind, line.model) == (
        "bugfix_proposals",
        "error-1",
        "analyze",
        "claude-opus-5-5",
    )
    (billed,) = server.billed
    assert answer.output_tokens == billed["output_tokens"]
    assert answer.input_tokens == billed["input_tokens"] + billed["cache_creation_input_tokens"]


def test_a_request_says_only_what_the_api_takes(client: redis.Redis, server: ClaudeServer) -> None:
    a_caller(client, server.url).ask(work("screen", effort="low"), SYSTEM, ASKED, Label)
    (body,) = server.requests
    assert body["model"] == "claude-haiku-5-5"
    assert body["stream"] is True
    assert body["output_config"]["effort"] == "low"
    assert body["output_config"]["format"]["schema"]["additionalProperties"] is False
    assert not {"temperature", "tool_choice", "tools", "thinking"} & body.keys()


def test_calls_shown_in_the_messages_declare_their_tools_and_none_may_be_called(
    client: redis.Redis, server: ClaudeServer
) -> None:
    shown = [
        *ASKED,
        {"role": "assistant", "content": [{"type": "tool_use", "id": "t1", "name": "fetch_evidence", "input": {}}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": "{}"}]},
    ]
    a_caller(client, server.url).ask(work(), SYSTEM, shown, Label)
    (body,) = server.requests
    assert [tool["name"] for tool in body["tools"]] == ["fetch_evidence"]
    assert body["tool_choice"] == {"type": "none"}


def test_the_second_call_finds_the_whole_stable_prefix_in_the_cache(client: redis.Redis, server: ClaudeServer) -> None:
    caller = a_caller(client, server.url)
    caller.ask(work(), SYSTEM, ASKED, Label)
    second = caller.ask(work(), SYSTEM, [{"role": "user", "content": "And which fits this one?"}], Label)
    assert second.cached_tokens == server.messages[-1].stable_tokens > 500


def test_a_conversation_finds_its_earlier_turns_in_the_cache(client: redis.Redis, server: ClaudeServer) -> None:
    caller, told = a_caller(client, server.url), [{"role": "user", "content": "x" * 4000}]
    first = caller.turn(work("code"), SYSTEM, TOOLS, told)
    went_on = [*told, {"role": "assistant", "content": list(first.content)}, *ASKED]
    second = caller.turn(work("code"), SYSTEM, TOOLS, went_on)
    assert second.cached_tokens == server.messages[0].stable_tokens > 1000


def test_a_turn_gives_the_calls_of_tools_to_whoever_asked(client: redis.Redis) -> None:
    call = {"type": "tool_use", "name": "read_file", "input": {"path": "a.py"}}
    with open_claude_server([Reply(content=[call])]) as server:
        turn = a_caller(client, server.url).turn(work("code"), SYSTEM, TOOLS, ASKED)
    assert turn.stop_reason == "tool_use"
    assert [block["input"] for block in turn.content if block["type"] == "tool_use"] == [{"path": "a.py"}]


def test_no_prompt_and_no_key_is_in_what_redis_keeps(client: redis.Redis, server: ClaudeServer) -> None:
    a_caller(client, server.url).ask(work(), SYSTEM, ASKED, Label)
    kept = str(client.xrange("improvement:spend"))
    assert "Which label" not in kept
    assert server.key not in kept
    assert server.key not in repr(Access(key=server.key, token=server.key))


# --- repair ---


def test_the_model_is_told_once_what_was_wrong(client: redis.Redis) -> None:
    with open_claude_server([Reply(json=TOO_HIGH), Reply(json=WHOLE)]) as server:
        answer = a_caller(client, server.url).ask(work(), SYSTEM, ASKED, Label)
        told = server.requests[1]["messages"]
    assert answer.value.name == "whole"
    assert len(answer.request_ids) == len(lines(client)) == 2
    assert answer.micro_dollars == spend(client).settled
    assert [message["role"] for message in told] == ["user", "assistant", "user"]
    assert '"where": "score"' in told[2]["content"]
    assert "less than or equal to 10" in told[2]["content"]


def test_an_answer_that_stays_wrong_is_no_answer(client: redis.Redis) -> None:
    with open_claude_server([Reply(json=TOO_HIGH, always=True)]) as server:
        failed = failure(a_caller(client, server.url))
        assert len(server.requests) == 2
    assert failed.kind == "invalid"
    assert failed.micro_dollars == spend(client).settled > 0


@pytest.mark.parametrize("said", ["", "   ", "I would rather not.", '{"name": "a"', "[]", '{"name": "", "score": 3, "parts": []}'])  # fmt: skip
def test_whatever_does_not_fit_is_repaired(client: redis.Redis, said: str) -> None:
    with open_claude_server([Reply(text=said), Reply(json=WHOLE)]) as server:
        assert a_caller(client, server.url).ask(work(), SYSTEM, ASKED, Label).value.name == "whole"


# --- money ---


def test_what_could_go_over_the_days_limit_is_not_sent(client: redis.Redis, server: ClaudeServer) -> None:
    failed = failure(a_caller(client, server.url, limit=1000))
    assert failed.kind == "budget"
    assert "IMPROVEMENT_DAILY_BUDGET_USD" in str(failed)
    assert server.requests == []
    assert lines(client) == ()


def test_a_model_without_a_price_is_not_asked(client: redis.Redis, server: ClaudeServer) -> None:
    caller = Caller(Access(key=server.key, url=server.url), Ledger(client, 10**8), models={**MODELS, "analyze": "claude-next"})  # fmt: skip
    assert failure(caller).kind == "unknown_model"
    assert server.calls == []


def test_the_operators_price_is_what_is_held(client: redis.Redis, server: ClaudeServer) -> None:
    own = {"claude-opus-5-5": ModelPrice.model_validate({"input": 1000, "output": 5000})}
    answer = a_caller(client, server.url, prices=own, limit=10**9).ask(work(), SYSTEM, ASKED, Label)
    assert answer.micro_dollars > 1000 * answer.input_tokens


def test_no_answer_costs_more_than_was_held_for_it(client: redis.Redis, server: ClaudeServer) -> None:
    caller = a_caller(client, server.url)
    for kind in ("screen", "analyze", "code"):
        for size in (10, 3_000, 450_000):
            asked = [{"role": "user", "content": "x" * size}]
            estimate = caller.estimate(work(kind), SYSTEM, asked, shape=Label)
            assert caller.ask(work(kind), SYSTEM, asked, Label).micro_dollars <= estimate.worst_micro_dollars


def test_an_estimate_sends_no_message(client: redis.Redis, server: ClaudeServer) -> None:
    estimate = a_caller(client, server.url).estimate(work(), SYSTEM, ASKED, shape=Label)
    assert estimate.counted
    assert server.requests == []
    assert lines(client) == ()


def test_an_estimate_without_a_key_is_an_upper_bound_and_asks_nobody(client: redis.Redis, server: ClaudeServer) -> None:
    counted = a_caller(client, server.url).estimate(work(), SYSTEM, ASKED, tools=TOOLS)
    asked = len(server.calls)
    bound = a_caller(client, server.url, key="").estimate(work(), SYSTEM, ASKED, tools=TOOLS)
    assert not bound.counted
    assert bound.input_tokens > counted.input_tokens
    assert bound.worst_micro_dollars > counted.worst_micro_dollars
    assert len(server.calls) == asked


@pytest.mark.parametrize("fault", ["status_429", "status_500", "status_529"])
def test_where_tokens_cannot_be_counted_more_is_held(client: redis.Redis, server: ClaudeServer, fault: str) -> None:
    server.faults_at[COUNT] = [fault]
    a_caller(client, server.url).ask(work(), SYSTEM, ASKED, Label)
    reserved = int(client.xrange("improvement:spend", count=1)[0][1][b"input_tokens"])  # type: ignore[index]
    assert reserved > len(SYSTEM)


def test_nothing_is_spent_while_the_loop_is_paused(client: redis.Redis, server: ClaudeServer) -> None:
    assert failure(a_caller(client, server.url, paused=lambda: True)).kind == "paused"
    assert server.calls == []


def test_without_redis_nothing_is_sent(tmp_path: Path, server: ClaudeServer) -> None:
    nobody = redis.Redis.from_url(f"unix://{tmp_path}/none.sock")
    with pytest.raises(StoreUnavailable):
        a_caller(nobody, server.url).ask(work(), SYSTEM, ASKED, Label)
    assert server.requests == []


def test_an_answer_is_kept_though_redis_goes_away_before_it_is_settled(tmp_path: Path) -> None:
    with running_redis(tmp_path / "first") as url:
        client = redis.Redis.from_url(url)

        def answer(body: Any) -> Reply:
            client.shutdown(nosave=True)
            return Reply(json=WHOLE)

        with open_claude_server(answer) as server:
            assert a_caller(client, server.url).ask(work(), SYSTEM, ASKED, Label).value.name == "whole"


def test_an_interrupted_call_stays_held_at_its_worst(client: redis.Redis) -> None:
    """Ctrl-C in the midst of an answer."""

    def answer(body: Any) -> Reply:
        os.kill(os.getpid(), signal.SIGINT)
        server.closing.wait(5)
        return Reply(json=WHOLE)

    with open_claude_server(answer) as server, pytest.raises(KeyboardInterrupt):
        a_caller(client, server.url).ask(work(), SYSTEM, ASKED, Label)
    (line,) = lines(client)
    assert (line.outcome, line.micro_dollars) == ("held", spend(client).held)


# --- failures ---

ENDS = {
    "status_400": ("status", 1, 0), "status_401": ("credentials", 1, 0), "status_402": ("spend_limit", 1, 0),
    "status_403": ("credentials", 1, 0), "status_404": ("unknown_model", 1, 0), "status_413": ("context", 1, 0),
    "status_429": ("rate_limited", 4, 0), "status_429_long": ("rate_limited", 1, 0), "spend_limit": ("spend_limit", 1, 0),
    "status_500": ("status", 2, 2), "status_529": ("status", 4, 0), "refusal": ("refusal", 1, 0),
    "refusal_with_text": ("refusal", 1, 0), "max_tokens": ("max_tokens", 1, 0), "context_exceeded": ("context", 1, 0),
    "pause_turn": ("unknown_stop", 3, 0), "unknown_stop": ("unknown_stop", 1, 0), "constraint_violation": ("invalid", 2, 0),
    "broken_answer": ("invalid", 2, 0), "cut_clean": ("cut", 2, 2), "cut_body": ("cut", 2, 2), "stalled": ("stalled", 1, 1),
    "silent": ("stalled", 2, 2), "sse_error_event": ("status", 2, 2), "broken_json": ("malformed", 2, 2),
    "html": ("malformed", 2, 2), "wrong_shape": ("malformed", 2, 2), "empty_stream": ("malformed", 2, 2),
}  # fmt: skip
"""Fault → how the call ends where it does not pass, how many requests are sent, and how many of them stay held at their worst."""
PASSING = ("status_429", "status_500", "status_529", "cut_clean", "cut_body", "silent", "sse_error_event", "broken_json",
           "html", "wrong_shape", "empty_stream", "pause_turn", "constraint_violation", "broken_answer")  # fmt: skip


def test_every_fault_of_the_server_has_an_expected_end() -> None:
    assert set(ENDS) == set(FAULTS)


@pytest.mark.parametrize("fault", ENDS)
def test_a_fault_that_stays_ends_in_one_sentence(client: redis.Redis, server: ClaudeServer, fault: str) -> None:
    kind, requests, held = ENDS[fault]
    server.faults += [fault] * 9
    failed = failure(a_caller(client, server.url), work(seconds=1 if fault == "stalled" else 20))
    assert failed.kind == kind
    assert str(failed).endswith(".")
    assert len(str(failed)) < 600
    assert len(server.requests) == requests
    assert sum(line.outcome == "held" for line in lines(client)) == held
    assert not any(line.outcome == "reserved" for line in lines(client))
    assert failed.micro_dollars == spend(client).used


@pytest.mark.parametrize("fault", PASSING)
def test_a_fault_that_passes_ends_in_an_answer(client: redis.Redis, server: ClaudeServer, fault: str) -> None:
    server.faults += [fault]
    answer = a_caller(client, server.url).ask(work(), SYSTEM, ASKED, Label)
    assert answer.value.model_dump() == WHOLE
    assert answer.micro_dollars == spend(client).used


@pytest.mark.parametrize("kind", KINDS)
def test_whenever_a_fault_comes_a_call_ends_whole_in_time_and_in_the_ledger(client: redis.Redis, kind: str) -> None:
    assert [met(kind, seed, client).why for seed in (100, 101)] == ["", ""]


def test_a_wait_that_the_deadline_does_not_leave_is_not_begun(client: redis.Redis, server: ClaudeServer) -> None:
    server.faults += ["status_429"]
    assert failure(a_caller(client, server.url), work(seconds=0.9)).kind == "rate_limited"
    assert len(server.requests) == 1


def test_a_wrong_key_is_told_and_nothing_more_is_sent(client: redis.Redis, server: ClaudeServer) -> None:
    caller = a_caller(client, server.url, key="wrong")
    first = failure(caller)
    asked = len(server.calls)
    assert (first.kind, "ANTHROPIC_API_KEY" in str(first)) == ("credentials", True)
    assert caller.why_not == str(first) == str(failure(caller))
    assert len(server.calls) == asked
    assert server.requests == []


def test_without_a_key_nothing_is_sent(client: redis.Redis, server: ClaudeServer) -> None:
    caller = a_caller(client, server.url, key="")
    assert caller.why_not == "No key is set: set ANTHROPIC_API_KEY."
    assert failure(caller).kind == "credentials"
    assert server.calls == []


def test_where_nobody_listens_nothing_is_charged(client: redis.Redis) -> None:
    failed = failure(a_caller(client, "http://127.0.0.1:9", pace=Pace(attempts=3, first_wait=0.01)))
    assert failed.kind == "cut"
    assert [line.outcome for line in lines(client)] == ["released"] * 3


def test_half_a_character_is_not_sent(client: redis.Redis, server: ClaudeServer) -> None:
    with pytest.raises(ModelFailed) as failed:
        a_caller(client, server.url).ask(work(), SYSTEM, [{"role": "user", "content": "\ud800"}], Label)
    assert failed.value.kind == "malformed"
    assert server.requests == []
    assert spend(client).used == 0


def test_a_call_may_be_made_within_a_running_event_loop(client: redis.Redis, server: ClaudeServer) -> None:
    async def asked() -> str:
        return a_caller(client, server.url).ask(work(), SYSTEM, ASKED, Label).value.name

    assert asyncio.run(asked()) == "whole"


def test_many_threads_may_call_at_once(client: redis.Redis, server: ClaudeServer) -> None:
    caller = a_caller(client, server.url)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: caller.ask(work("screen"), SYSTEM, ASKED, Label), range(24)))
    assert sum(answer.micro_dollars for answer in answers) == spend(client).settled
    assert len({answer.request_ids for answer in answers}) == 24


def test_a_thinking_model_is_given_its_thoughts_back_unchanged(client: redis.Redis) -> None:
    with open_claude_server([Reply(json=TOO_HIGH, thinking=True), Reply(json=WHOLE)]) as server:
        a_caller(client, server.url).ask(work("code"), SYSTEM, ASKED, Label)
        (thought,) = [b for b in server.requests[1]["messages"][1]["content"] if b["type"] == "thinking"]
    assert set(thought) == {"type", "thinking", "signature"}


def test_a_body_is_the_same_bytes_for_the_same_input(client: redis.Redis, server: ClaudeServer) -> None:
    for _ in range(2):
        a_caller(client, server.url, pace=QUICK).ask(work(), SYSTEM, ASKED, Label)
    first, second = server.messages
    assert first.raw == second.raw
    assert json.loads(first.raw)["system"][0]["cache_control"] == {"type": "ephemeral", "ttl": "1h"}
