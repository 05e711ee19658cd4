"""What a well-formed request is answered with, as the real SDK sees it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import anthropic
import pytest
from pydantic import BaseModel, Field

from livhana_assets_tests.claude_server import REPLIES, ClaudeServer, Reply, When, open_claude_server, read_replies
from livhana_assets_tests.claude_server.conftest import a_request, client_of, streamed, text_of
from livhana_assets_tests.claude_server.replies import NotAScript

READ = {"name": "read_file", "description": "Reads a file.", "input_schema": {"type": "object", "properties": {}}}
EDIT = {**READ, "name": "edit_file"}


class Finding(BaseModel):
    summary: str = Field(min_length=30, max_length=50)
    kind: Literal["bug", "feature"]
    confidence: float = Field(ge=0, le=1)
    lines: list[int] = Field(min_length=1, max_length=3)


def asking_for(shape: type[BaseModel], effort: str = "low") -> dict[str, Any]:
    return {"effort": effort, "format": {"type": "json_schema", "schema": anthropic.transform_schema(shape)}}


def test_a_stream_and_a_whole_answer_say_the_same(client: Any) -> None:
    whole = client.messages.create(**a_request())
    message = streamed(client)
    assert text_of(message) == text_of(whole) == "Written for a test."
    assert message.stop_reason == whole.stop_reason == "end_turn"
    assert message.usage.model_dump() == whole.usage.model_dump()


def test_a_schema_is_answered_with_a_valid_instance_of_it(client: Any) -> None:
    message = streamed(client, output_config=asking_for(Finding))
    finding = Finding.model_validate_json(text_of(message))
    assert finding.kind == "bug"
    assert finding.lines


def test_a_scripted_instance_replaces_only_what_it_names() -> None:
    with open_claude_server([Reply(instance={"kind": "feature"})]) as server:
        finding = Finding.model_validate_json(text_of(streamed(client_of(server), output_config=asking_for(Finding))))
    assert finding.kind == "feature"


def test_an_answer_of_a_thinking_model_begins_with_its_thinking_and_counts_it(client: Any) -> None:
    message = streamed(client)
    assert [block.type for block in message.content] == ["thinking", "text"]
    assert message.content[0].thinking == ""
    assert message.usage.output_tokens_details.thinking_tokens == 64
    assert message.usage.output_tokens > 64
    assert [block.type for block in streamed(client, model="claude-haiku-5-5").content] == ["text"]


def test_an_answer_longer_than_max_tokens_is_cut_and_billed_at_max_tokens() -> None:
    with open_claude_server([Reply(text="long " * 1000)]) as server:
        message = streamed(client_of(server), max_tokens=100)
    assert message.stop_reason == "max_tokens"
    assert message.usage.output_tokens == 100
    assert 0 < len(text_of(message)) <= 400


def test_requests_are_kept_as_they_came_in(server: ClaudeServer, client: Any) -> None:
    streamed(client, system="Be brief.")
    [body] = server.requests
    assert body == {**a_request(), "system": "Be brief.", "stream": True}
    assert server.calls[0].headers["authorization"] == f"Bearer {server.key}"
    assert b"Be brief." in server.received
    assert server.key.encode() in server.received


def test_counted_tokens_are_those_that_the_message_is_billed_for(client: Any) -> None:
    asked = a_request(system="s" * 3000, tools=[READ], output_config=asking_for(Finding))
    usage = client.messages.create(**asked).usage
    del asked["max_tokens"]
    counted = client.messages.count_tokens(**asked).input_tokens
    assert counted == usage.input_tokens > 750
    assert client.messages.count_tokens(**asked).input_tokens == counted


def test_usage_is_what_the_test_says(server: ClaudeServer, client: Any) -> None:
    server.usage.update(input_tokens=7, cache_read_input_tokens=100_000)
    usage = streamed(client).usage
    assert (usage.input_tokens, usage.cache_read_input_tokens) == (7, 100_000)
    assert server.billed[0]["input_tokens"] == 7


def test_a_tool_loop_goes_on_with_what_the_tools_said() -> None:
    with open_claude_server(REPLIES / "written-for-tests-greeting.json") as server:
        client = client_of(server)
        messages: list[dict[str, Any]] = [{"role": "user", "content": "Look into shop.py"}]
        first = streamed(client, messages=messages, tools=[READ, EDIT])
        [call] = [block for block in first.content if block.type == "tool_use"]
        result = {"type": "tool_result", "tool_use_id": call.id, "content": json.dumps({"sha256": "0" * 64})}
        messages += [
            {"role": "assistant", "content": [block.to_dict() for block in first.content]},
            {"role": "user", "content": [result]},
        ]
        second = streamed(client, messages=messages, tools=[READ, EDIT])
    assert (first.stop_reason, call.name, call.input) == ("tool_use", "read_file", {"path": "shop.py"})
    [edit] = [block for block in second.content if block.type == "tool_use"]
    assert edit.input == {"path": "shop.py", "base": "0" * 64}
    assert edit.id != call.id


def test_replies_go_to_the_requests_that_they_are_for() -> None:
    script = [
        Reply(text="to the other model", when=When(model="claude-haiku-5-5")),
        Reply(text="to the policy", when=When(system="policy")),
        Reply(text="once"),
        Reply(text="always", always=True),
    ]
    with open_claude_server(script) as server:
        client = client_of(server)
        assert text_of(streamed(client)) == "once"
        assert text_of(streamed(client, system="the policy")) == "to the policy"
        assert text_of(streamed(client, model="claude-haiku-5-5")) == "to the other model"
        assert {text_of(streamed(client)) for _ in range(3)} == {"always"}
        assert server.replies.left == []


def test_a_request_without_a_scripted_reply_is_refused_and_not_made_up() -> None:
    with open_claude_server([Reply(text="hello")]) as server:
        client = client_of(server)
        streamed(client)
        with pytest.raises(anthropic.BadRequestError, match="holds no reply"):
            streamed(client)


def test_a_script_may_be_a_function_of_the_request() -> None:
    def parrot(body: Mapping[str, Any]) -> Reply:
        return Reply(text=body["messages"][-1]["content"])

    with open_claude_server(parrot) as server:
        assert text_of(streamed(client_of(server))) == "hello"


def test_every_file_of_replies_says_that_it_was_written_for_tests() -> None:
    files = sorted(REPLIES.iterdir())
    assert files
    assert all(read_replies(path) for path in files)


@pytest.mark.parametrize(
    ("name", "note"), [("greeting.json", "Written for tests."), ("written-for-tests-x.json", "a recording")]
)
def test_a_file_of_replies_that_does_not_say_what_it_is_is_not_used(tmp_path: Path, name: str, note: str) -> None:
    (tmp_path / name).write_text(json.dumps({"note": note, "replies": []}))
    with pytest.raises(NotAScript, match="written-for-tests"):
        read_replies(tmp_path / name)


def test_models_say_what_they_are(client: Any) -> None:
    opus = client.models.retrieve("claude-opus-5-5")
    assert (opus.lifecycle, opus.max_tokens, opus.max_input_tokens) == ("active", 128_000, 1_000_000)
    assert opus.capabilities.effort.xhigh.supported
    assert not opus.capabilities.thinking.types.enabled.supported
    old = {model.id: model.lifecycle for model in client.models.list()}
    assert old["claude-sonnet-4-5"] == "deprecated"
    assert old["claude-opus-4-20250514"] == "retired"
    with pytest.raises(anthropic.NotFoundError):
        client.models.retrieve("claude-opus-99")


def test_the_vertex_client_is_answered_too(server: ClaudeServer) -> None:
    vertex = anthropic.AnthropicVertex(
        region="global", project_id="shop", access_token=server.key, base_url=f"{server.url}/v1", max_retries=0
    )
    assert text_of(vertex.messages.create(**a_request())) == "Written for a test."
    assert text_of(streamed(vertex)) == "Written for a test."
    asked = a_request(max_tokens=None)
    assert vertex.messages.count_tokens(**asked).input_tokens == 9
    assert [body["model"] for body in server.requests] == ["claude-opus-5-5"] * 2
