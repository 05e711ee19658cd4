"""Every documented refusal of the API, as the SDK raises it. The SDK itself checks none of them."""

from __future__ import annotations

import json
from typing import Any

import anthropic
import httpx2
import pytest

from livhana_assets_tests.claude_server import ClaudeServer
from livhana_assets_tests.claude_server.conftest import a_request, client_of, streamed

OPUS, SONNET, HAIKU = "claude-opus-5-5", "claude-sonnet-5-5", "claude-haiku-5-5"
TOOL = {"name": "read_file", "input_schema": {"type": "object", "properties": {}}}
CALL = {"type": "tool_use", "id": "toolu_1", "name": "read_file", "input": {}}
RESULT = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "1"}
USER, ASSISTANT = {"role": "user", "content": "hello"}, {"role": "assistant", "content": "Sure: {"}


def an_object(**properties: Any) -> dict[str, Any]:
    return {
        "type": "object", "properties": properties, "required": sorted(properties), "additionalProperties": False,
    }  # fmt: skip


def shaped(schema: dict[str, Any]) -> dict[str, Any]:
    return {"output_config": {"format": {"type": "json_schema", "schema": schema}}}


def turns(*contents: Any) -> dict[str, Any]:
    """A conversation of alternating turns, the user's first."""
    roles = ("user", "assistant")
    return {"messages": [{"role": roles[at % 2], "content": content} for at, content in enumerate(contents)]}


def cached(*ttls: str) -> dict[str, Any]:
    return {
        "system": [
            {"type": "text", "text": f"part {at}", "cache_control": {"type": "ephemeral", "ttl": ttl}}
            for at, ttl in enumerate(ttls)
        ]
    }


TEXT = {"type": "string"}
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "a forced tool on opus": ({"tools": [TOOL], "tool_choice": {"type": "any"}}, "forced tool use"),
    "a named tool on sonnet": (
        {"model": SONNET, "tools": [TOOL], "tool_choice": {"type": "tool", "name": "read_file"}}, "forced tool use",
    ),
    "a tool choice without tools": ({"tool_choice": {"type": "auto"}}, "while providing tools"),
    "thinking switched off on opus": ({"thinking": {"type": "disabled"}}, "thinking.type.disabled"),
    "a thinking budget on opus": ({"thinking": {"type": "enabled", "budget_tokens": 1024}}, "thinking.type.enabled"),
    "thinking switched off on sonnet": ({"model": SONNET, "thinking": {"type": "disabled"}}, "thinking.type.disabled"),
    "a thinking budget on haiku": (
        {"model": HAIKU, "thinking": {"type": "enabled", "budget_tokens": 1024}}, "thinking.type.enabled",
    ),
    "no thinking at the highest effort": (
        {"model": SONNET, "thinking": {"type": "between_tools"}, "output_config": {"effort": "max"}}, "at effort max",
    ),
    "a budget under the least": (
        {"model": "claude-haiku-4-5", "thinking": {"type": "enabled", "budget_tokens": 5}}, "at least 1024",
    ),
    "a prefilled answer": ({"messages": [USER, ASSISTANT]}, "prefill"),
    "an assistant that speaks first": ({"messages": [ASSISTANT, USER]}, "first message"),
    "no messages": ({"messages": []}, "at least one message"),
    "an empty message": (turns(""), "non-empty content"),
    "an empty text": (turns([{"type": "text", "text": " "}]), "text content blocks must be non-empty"),
    "an unknown role": ({"messages": [{"role": "operator", "content": "hello"}]}, "role"),
    "a document in an assistant's turn": (turns("hello", [{"type": "document"}], "go on"), "document"),
    "citations in a user's text": (
        turns([{"type": "text", "text": "hello", "citations": [{"type": "char_location"}]}]), "citations",
    ),
    "a call without its result": (turns("hello", [CALL], "go on"), "without `tool_result` blocks"),
    "a call that is the last word": (turns("hello", [CALL]), "without `tool_result` blocks"),
    "a result that nobody asked for": (turns("hello", "sure", [RESULT]), "unexpected `tool_use_id`"),
    "a result of another call": (turns("hello", [CALL], [RESULT, {**RESULT, "tool_use_id": "toolu_2"}]), "toolu_2"),
    "a result after a text": (turns("hello", [CALL], [{"type": "text", "text": "so"}, RESULT]), "must come first"),
    "a tool turn without tools": (turns("hello", [CALL], [RESULT]), "must define tools"),
    "a call made twice": (turns("hello", [CALL], [RESULT], [CALL], [RESULT]), "must be unique"),
    "thinking from elsewhere": (
        turns("hello", [{"type": "thinking", "thinking": "", "signature": "c2ln"}, CALL], [RESULT]), "signature",
    ),
    "an unknown effort": ({"output_config": {"effort": "bogus"}}, "effort"),
    "no max_tokens": ({"max_tokens": None}, "max_tokens: Field required"),
    "negative max_tokens": ({"max_tokens": -1}, "max_tokens"),
    "more tokens than the model writes": ({"max_tokens": 128_001}, "128000"),
    "an unknown field": ({"extra_body": {"output_format": {}}}, "output_format: Extra inputs"),
    "a nameless tool": ({"tools": [{**TOOL, "name": "read file"}]}, "should match pattern"),
    "two tools of one name": ({"tools": [TOOL, TOOL]}, "unique"),
    "a tool without a schema": ({"tools": [{"name": "read_file"}]}, "input_schema"),
    "too many strict tools": (
        {"tools": [{"name": f"t{n}", "strict": True, "input_schema": an_object()} for n in range(21)]}, "strict",
    ),
    "a strict tool with an open schema": ({"tools": [{**TOOL, "strict": True}]}, "additionalProperties"),
    "five breakpoints": (cached("5m", "5m", "5m", "5m", "5m"), "maximum of 4"),
    "a short breakpoint before a long one": (cached("5m", "1h"), "must not come after"),
    "an unknown ttl": (cached("2h"), "'5m' or '1h'"),
    "an open object": (shaped({"type": "object", "properties": {"a": TEXT}}), "additionalProperties"),
    "an open object within": (shaped(an_object(a={"type": "object"})), "additionalProperties"),
    "an upper bound": (shaped(an_object(a={"type": "integer", "maximum": 3})), "'maximum' is not supported"),
    "a pattern": (shaped(an_object(a={**TEXT, "pattern": "a+"})), "'pattern' is not supported"),
    "a longest list": (shaped(an_object(a={"type": "array", "items": TEXT, "maxItems": 3})), "'maxItems'"),
    "a shortest list": (shaped(an_object(a={"type": "array", "items": TEXT, "minItems": 2})), "minItems"),
    "an unknown format": (shaped(an_object(a={**TEXT, "format": "iban"})), "format 'iban'"),
    "a required stranger": (shaped({**an_object(a=TEXT), "required": ["b"]}), "required"),
    "a schema that holds itself": (
        shaped({"$ref": "#/$defs/N", "$defs": {"N": an_object(next={"$ref": "#/$defs/N"})}}), "Recursive",
    ),
    "25 optional parameters": (
        shaped({**an_object(**{f"f{n}": TEXT for n in range(25)}), "required": []}), "too many optional",
    ),
    "17 unions": (
        shaped(an_object(**{f"f{n}": {"anyOf": [TEXT, {"type": "null"}]} for n in range(17)})), "union types",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_the_api_refuses(client: Any, name: str) -> None:
    changed, sentence = REFUSED[name]
    with pytest.raises(anthropic.BadRequestError) as refused:
        client.messages.create(**a_request(**changed)) if "max_tokens" not in changed else raw(client, changed)
    assert refused.value.type == "invalid_request_error"
    assert sentence in str(refused.value)


def raw(client: Any, changed: dict[str, Any]) -> Any:
    """Past the SDK's own look at max_tokens."""
    return client.post("/v1/messages", body=a_request(**changed), cast_to=object)


@pytest.mark.parametrize("name", ["temperature", "top_p", "top_k"])
def test_sampling_parameters_are_refused_even_at_their_defaults(client: Any, name: str) -> None:
    with pytest.raises(anthropic.BadRequestError, match=name):
        streamed(client, extra_body={name: 1})


ACCEPTED: dict[str, dict[str, Any]] = {
    "adaptive thinking": {"thinking": {"type": "adaptive"}},
    "a forced tool on haiku": {"model": HAIKU, "tools": [TOOL], "tool_choice": {"type": "any"}},
    "no thinking between tools at high effort": {
        "model": SONNET, "thinking": {"type": "between_tools"}, "output_config": {"effort": "high"},
    },
    "a synthetic tool turn": {**turns("hello", [CALL], [RESULT, {"type": "text", "text": "Judge."}]), "tools": [TOOL]},
    "a system message on the way": {"messages": [USER, {"role": "system", "content": "Be brief."}, USER]},
    "24 optional parameters": shaped({**an_object(**{f"f{n}": TEXT for n in range(24)}), "required": []}),
    "16 unions": shaped(an_object(**{f"f{n}": {"anyOf": [TEXT, {"type": "null"}]} for n in range(16)})),
    "four breakpoints, long ones first": cached("1h", "1h", "5m", "5m"),
    "no tokens, to warm the cache": {"max_tokens": 0},
}  # fmt: skip


@pytest.mark.parametrize("name", ACCEPTED)
def test_the_api_accepts(client: Any, name: str) -> None:
    assert client.messages.create(**a_request(**ACCEPTED[name])).role == "assistant"


def test_thinking_goes_back_unchanged_to_its_model_and_its_conversation(client: Any) -> None:
    first = [block.to_dict() for block in streamed(client).content]
    again = turns("hello", first, "go on")
    assert streamed(client, **again).stop_reason == "end_turn"
    with pytest.raises(anthropic.BadRequestError, match="signature"):
        streamed(client, **again, model="claude-fable-5-2")
    with pytest.raises(anthropic.BadRequestError, match="signature"):
        streamed(client, **turns("another history", first, "go on"))


def test_a_paused_turn_may_come_back_as_the_last_word(server: ClaudeServer, client: Any) -> None:
    server.faults.append("pause_turn")
    paused = streamed(client)
    assert paused.stop_reason == "pause_turn"
    back = turns("hello", [block.to_dict() for block in paused.content])
    assert streamed(client, **back).stop_reason == "end_turn"


@pytest.mark.parametrize("name", ["claude-opus-99", "claude-opus-4-20250514"])
def test_an_unknown_or_retired_model_is_not_found(client: Any, name: str) -> None:
    with pytest.raises(anthropic.NotFoundError, match=name) as refused:
        client.messages.create(**a_request(model=name, max_tokens=10))
    assert refused.value.type == "not_found_error"


def test_a_wrong_key_is_refused_before_anything_else(server: ClaudeServer) -> None:
    wrong = client_of(server, api_key="another")
    asked = a_request(model="claude-opus-99")
    with pytest.raises(anthropic.AuthenticationError) as refused:
        wrong.messages.create(**asked)
    assert refused.value.body == {
        "type": "error",
        "error": {"type": "authentication_error", "message": "invalid x-api-key"},
        "request_id": refused.value.request_id,
    }
    with pytest.raises(anthropic.AuthenticationError):
        wrong.models.retrieve("claude-opus-5-5")
    assert server.requests == server.billed == []


def test_a_request_without_a_key_or_a_version_is_refused(server: ClaudeServer) -> None:
    url, body = f"{server.url}/v1/messages", a_request()
    nobody = httpx2.post(url, json=body)
    assert (nobody.status_code, nobody.json()["error"]["type"]) == (401, "authentication_error")
    unversioned = httpx2.post(url, json=body, headers={"x-api-key": server.key})
    assert unversioned.status_code == 400
    assert "anthropic-version" in unversioned.json()["error"]["message"]


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"model": 3, "max_tokens": 1, "messages": "x"}', b""])
def test_what_is_no_request_is_refused(server: ClaudeServer, content: bytes) -> None:
    headers = {"x-api-key": server.key, "anthropic-version": "2026-10-21"}
    answer = httpx2.post(f"{server.url}/v1/messages", content=content, headers=headers)
    assert answer.status_code in (400, 404)
    assert answer.json()["type"] == "error"


def test_a_body_that_is_too_large_is_refused(server: ClaudeServer, client: Any) -> None:
    server.body_limit = 10_000
    with pytest.raises(anthropic.ContentTooLargeError) as refused:
        client.messages.create(**a_request(system="s" * 10_000))
    assert refused.value.type == "request_too_large"


def test_a_prompt_longer_than_the_models_window_is_refused(client: Any) -> None:
    with pytest.raises(anthropic.BadRequestError, match=r"prompt is too long: \d+ tokens > 200000 maximum"):
        client.messages.create(**a_request(model="claude-haiku-4-5", system="s" * 800_000))


def test_counting_obeys_the_same_rules(client: Any) -> None:
    asked = a_request(max_tokens=None, thinking={"type": "disabled"})
    with pytest.raises(anthropic.BadRequestError, match="disabled"):
        client.messages.count_tokens(**asked)


def test_an_address_that_the_api_does_not_have_is_not_found(client: Any) -> None:
    with pytest.raises(anthropic.NotFoundError):
        client.get("/v1/complete", cast_to=object)


def test_request_ids_of_refusals_are_those_of_the_server(server: ClaudeServer, client: Any) -> None:
    with pytest.raises(anthropic.BadRequestError) as refused:
        client.messages.create(**a_request(output_config={"effort": "bogus"}))
    assert refused.value.request_id == server.calls[0].request_id
    assert json.loads(refused.value.response.content)["request_id"] == server.calls[0].request_id
