"""The way to Claude: what each provider can do, what `doctor` is told, what Retry-After means."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import redis

from livhana_assets.adapters.claude_analyst.calls import Caller, ModelFailed
from livhana_assets.adapters.claude_analyst.client import Access, look_at
from livhana_assets.adapters.claude_analyst.failures import TOLD, wait_asked
from livhana_assets.adapters.claude_analyst.ledger import Ledger, lines_of
from livhana_assets_tests.adapters.claude_analyst.a_caller import ASKED, MODELS, QUICK, SYSTEM, Label, work
from livhana_assets_tests.adapters.claude_analyst.a_vertex import GOOGLES_TOKEN, a_vertex
from livhana_assets_tests.adapters.claude_analyst.faulty_calls import WHOLE
from livhana_assets_tests.claude_server import ClaudeServer, Reply, open_claude_server
from livhana_assets_tests.redis_server import running_redis

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[redis.Redis]:
    with running_redis(tmp_path_factory.mktemp("redis")) as url:
        yield redis.Redis.from_url(url)


@pytest.fixture
def server() -> Iterator[ClaudeServer]:
    with open_claude_server([Reply(json=WHOLE, always=True)]) as server:
        yield server


def test_a_key_and_models_that_are_there_are_well(server: ClaudeServer) -> None:
    access = Access(key=server.key, url=server.url)
    told = look_at(access, ("claude-opus-5-5", "claude-haiku-5-5", "claude-opus-5-5"))
    assert told == "claude-opus-5-5 answers; claude-haiku-5-5 answers"
    assert server.requests == [], "it costs nothing"


def test_a_wrong_key_is_told_before_any_work(server: ClaudeServer) -> None:
    with pytest.raises(ModelFailed, match="ANTHROPIC_API_KEY") as failed:
        look_at(Access(key="wrong", url=server.url), ("claude-opus-5-5",))
    assert failed.value.kind == "credentials"
    assert "wrong" not in str(failed.value)


@pytest.mark.parametrize("model", ["claude-opus-9", "claude-opus-4-20250514"])
def test_a_model_that_is_unknown_or_retired_is_named(server: ClaudeServer, model: str) -> None:
    with pytest.raises(ModelFailed, match=model) as failed:
        look_at(Access(key=server.key, url=server.url), ("claude-haiku-5-5", model))
    assert failed.value.kind == "unknown_model"


def test_a_model_that_retires_is_told_with_its_day(server: ClaudeServer) -> None:
    told = look_at(Access(key=server.key, url=server.url), ("claude-sonnet-4-5",))
    assert told == "claude-sonnet-4-5 is deprecated until 30 Nov 2026: choose another soon"


def test_without_a_key_nobody_is_asked(server: ClaudeServer) -> None:
    assert "ANTHROPIC_API_KEY" in look_at(Access(url=server.url), ("claude-opus-5-5",))
    assert server.calls == []


def test_vertex_cannot_be_asked_for_its_models_nor_given_batches() -> None:
    access = Access("vertex", project="shop", region="eu")
    assert not access.models
    assert not access.batches
    assert look_at(access, ("claude-opus-5-5",)).startswith("Vertex AI, project shop in eu")
    assert "ANTHROPIC_VERTEX_PROJECT_ID" in Access("vertex").why_not


def vertex_caller(client: redis.Redis, url: str, token: str = GOOGLES_TOKEN) -> Caller:
    access = Access("vertex", url=url, project="shop", token=token)
    return Caller(access, Ledger(client, 10**8), models=MODELS, pace=QUICK)


@pytest.mark.parametrize("counts", [True, False])
def test_vertex_answers_and_is_counted_also_where_it_does_not_count_tokens(
    client: redis.Redis, server: ClaudeServer, counts: bool
) -> None:
    client.flushall()
    with a_vertex(server, counts=counts) as url:
        answer = vertex_caller(client, url).ask(work(), SYSTEM, ASKED, Label)
    assert answer.value.model_dump() == WHOLE
    (line,) = lines_of(client, datetime.now(UTC).date())
    assert (line.outcome, line.micro_dollars) == ("settled", answer.micro_dollars)


def test_an_address_that_vertex_does_not_know_is_told(client: redis.Redis, server: ClaudeServer) -> None:
    with a_vertex(server) as url, pytest.raises(ModelFailed) as failed:
        vertex_caller(client, url, token="another").ask(work(), SYSTEM, ASKED, Label)
    assert failed.value.kind == "unknown_model"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "3"}, 3.0),
        ({"retry-after-ms": "250", "retry-after": "3"}, 0.25),
        ({"retry-after": "Mon, 30 Nov 2026 12:00:10 GMT"}, 10.0),
        ({"retry-after": "Mon, 30 Nov 2026 11:00:00 GMT"}, 0.0),
        ({"retry-after": "-5"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "Mon, 30 Nov 2026 12:00:10"}, None),
        ({"retry-after-ms": "x", "retry-after": "2"}, 2.0),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, float("inf")),
    ],
)
def test_retry_after_is_read_in_every_form(headers: dict[str, str], seconds: float | None) -> None:
    assert wait_asked(headers, NOON) == seconds


def test_every_failure_has_a_sentence_that_says_what_to_do() -> None:
    for kind, sentence in TOLD.items():
        assert kind in ("budget", "paused") or ":" in sentence
        sentence.format(why="why", model="m", tokens=1, seconds=1.0)
