"""Prompt caching: what is served from the cache is the longest prefix that is the same byte by byte."""

from __future__ import annotations

from typing import Any

import pytest

from livhana_assets_tests.claude_server import ClaudeServer
from livhana_assets_tests.claude_server.conftest import a_request, streamed

TOOLS = [{"name": "read_file", "description": "d" * 2000, "input_schema": {"type": "object", "properties": {}}}]


def policy(text: str = "p" * 4000, ttl: str = "1h") -> list[dict[str, Any]]:
    return [{"type": "text", "text": text, "cache_control": {"type": "ephemeral", "ttl": ttl}}]


def asked(client: Any, said: str = "hello", **changed: Any) -> Any:
    given = {"tools": TOOLS, "system": policy(), "messages": [{"role": "user", "content": said}], **changed}
    return streamed(client, **given).usage


def shaped(name: str) -> dict[str, Any]:
    schema = {
        "type": "object",
        "properties": {name: {"type": "string"}},
        "required": [name],
        "additionalProperties": False,
    }
    return {"format": {"type": "json_schema", "schema": schema}}


def test_the_second_call_is_served_the_whole_stable_prefix(server: ClaudeServer, client: Any) -> None:
    first, second = asked(client), asked(client, "something else")
    assert first.cache_read_input_tokens == 0
    assert first.cache_creation_input_tokens == first.cache_creation.ephemeral_1h_input_tokens > 1500
    assert second.cache_read_input_tokens == first.cache_creation_input_tokens == server.messages[1].stable_tokens
    assert second.cache_creation_input_tokens == 0
    assert second.input_tokens == first.input_tokens + 2


def test_what_is_cached_and_what_is_not_add_up_to_what_is_counted(client: Any) -> None:
    given = {"tools": TOOLS, "system": policy(), "output_config": shaped("a")}
    counted = client.messages.count_tokens(**a_request(max_tokens=None, **given)).input_tokens
    for usage in (asked(client, **given), asked(client, **given)):
        parts = (usage.input_tokens, usage.cache_creation_input_tokens, usage.cache_read_input_tokens)
        assert sum(parts) == counted


@pytest.mark.parametrize(
    "changed",
    [
        {"system": policy("q" + "p" * 3999)},
        {
            "tools": [
                {"name": "read_file", "input_schema": {"type": "object", "properties": {}}, "description": "d" * 2000}
            ]
        },
        {"tools": [*TOOLS, {**TOOLS[0], "name": "search"}]},
        {"model": "claude-sonnet-5-5"},
        {"output_config": shaped("another")},
    ],
    ids=["another byte", "another order of keys", "another tool", "another model", "another answer"],
)
def test_a_prefix_that_is_not_the_same_finds_nothing(client: Any, changed: dict[str, Any]) -> None:
    asked(client)
    assert asked(client, **changed).cache_read_input_tokens == 0


def test_effort_and_the_length_of_the_answer_change_no_prefix(client: Any) -> None:
    asked(client, output_config={"effort": "low"})
    again = asked(client, output_config={"effort": "high"}, max_tokens=2000)
    assert again.cache_read_input_tokens > 1500


def test_a_conversation_that_grows_finds_all_that_it_said_before(client: Any) -> None:
    """The breakpoint moves on; what it stood on is found by looking back."""

    def part(text: str, *, point: bool) -> list[dict[str, Any]]:
        return [{"type": "text", "text": text, **({"cache_control": {"type": "ephemeral"}} if point else {})}]

    first = streamed(client, system=policy(), messages=[{"role": "user", "content": part("u" * 4000, point=True)}])
    longer = [
        {"role": "user", "content": part("u" * 4000, point=False)},
        {"role": "assistant", "content": [block.to_dict() for block in first.content]},
        {"role": "user", "content": part("go on", point=True)},
    ]
    second = streamed(client, system=policy(), messages=longer).usage
    assert second.cache_read_input_tokens == first.usage.cache_creation_input_tokens > 2000
    assert second.cache_creation.ephemeral_5m_input_tokens == second.cache_creation_input_tokens > 0


@pytest.mark.parametrize(("ttl", "kept", "gone"), [("5m", 299, 301), ("1h", 3599, 3601)])
def test_a_prefix_is_forgotten_after_its_time_and_kept_by_use(
    server: ClaudeServer, client: Any, ttl: str, kept: float, gone: float
) -> None:
    asked(client, system=policy(ttl=ttl))
    for _ in range(2):
        server.cache.pass_time(kept)
        assert asked(client, system=policy(ttl=ttl)).cache_read_input_tokens > 1500
    server.cache.pass_time(gone)
    assert asked(client, system=policy(ttl=ttl)).cache_read_input_tokens == 0


def test_a_short_prompt_is_not_cached(client: Any) -> None:
    for _ in range(2):
        usage = asked(client, tools=None, system=policy("short"))
        assert usage.cache_creation_input_tokens == usage.cache_read_input_tokens == 0


def test_without_a_breakpoint_nothing_is_cached(server: ClaudeServer, client: Any) -> None:
    for _ in range(2):
        assert asked(client, system="p" * 4000).cache_creation_input_tokens == 0
    assert [call.stable_tokens for call in server.messages] == [0, 0]


def test_a_breakpoint_of_the_whole_request_stands_on_its_last_block(client: Any) -> None:
    for read in (False, True):
        usage = asked(client, system="p" * 4000, cache_control={"type": "ephemeral", "ttl": "1h"})
        assert usage.input_tokens == 0
        assert bool(usage.cache_read_input_tokens) is read
