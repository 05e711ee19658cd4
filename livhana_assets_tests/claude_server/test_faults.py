"""Every fault by its name, as the real SDK shows it to whoever calls. What is caught in the adapter is what is raised here."""

from __future__ import annotations

import json
import threading
from typing import Any

import anthropic
import httpx2
import pytest
from pydantic import BaseModel, Field, ValidationError

from livhana_assets_tests.claude_server import FAULTS, KEY, ClaudeServer, Reply, open_claude_server
from livhana_assets_tests.claude_server.conftest import a_request, client_of, streamed, text_of


class Score(BaseModel):
    name: str = Field(max_length=20)
    points: int = Field(ge=1, le=10)
    notes: list[str] = Field(max_length=2)


SHAPE = {"output_config": {"format": {"type": "json_schema", "schema": anthropic.transform_schema(Score)}}}
CALL = {"type": "tool_use", "name": "edit_file", "input": {"path": "shop.py", "text": "x" * 200}}

RAISED = {
    "status_400": anthropic.BadRequestError,
    "status_401": anthropic.AuthenticationError,
    "status_402": anthropic.PaymentRequiredError,
    "status_403": anthropic.PermissionDeniedError,
    "status_404": anthropic.NotFoundError,
    "status_413": anthropic.ContentTooLargeError,
    "status_429": anthropic.RateLimitError,
    "status_429_long": anthropic.RateLimitError,
    "spend_limit": anthropic.EnforcedSpendLimitReachedError,
    "status_500": anthropic.InternalServerError,
    "status_529": anthropic.OverloadedError,
}
RAISED_IN_A_STREAM = {
    **RAISED,
    "cut_body": httpx2.RemoteProtocolError,
    "silent": httpx2.ReadTimeout,
    "sse_error_event": anthropic.APIStatusError,
    "broken_json": json.JSONDecodeError,
    "html": AssertionError,
    "empty_stream": AssertionError,
}
RAISED_BY_A_WHOLE_ANSWER = {
    **RAISED,
    "cut_clean": anthropic.APIConnectionError,
    "cut_body": anthropic.APIConnectionError,
    "stalled": anthropic.APITimeoutError,
    "silent": anthropic.APITimeoutError,
    "sse_error_event": anthropic.OverloadedError,
    "broken_json": json.JSONDecodeError,
    "empty_stream": json.JSONDecodeError,
}
STOPS = {
    "refusal": "refusal",
    "refusal_with_text": "refusal",
    "max_tokens": "max_tokens",
    "context_exceeded": "model_context_window_exceeded",
    "pause_turn": "pause_turn",
    "unknown_stop": "a_reason_of_tomorrow",
    "constraint_violation": "end_turn",
    "broken_answer": "end_turn",
}
QUIET_IN_A_STREAM = {**STOPS, "cut_clean": None, "wrong_shape": None}
"""No exception at all: the message says it, or says nothing."""


@pytest.mark.parametrize("name", RAISED_IN_A_STREAM)
def test_a_stream_raises(server: ClaudeServer, name: str) -> None:
    server.faults.append(name)
    with pytest.raises(RAISED_IN_A_STREAM[name]) as raised:
        streamed(client_of(server, timeout=0.3), **SHAPE)
    assert type(raised.value) is RAISED_IN_A_STREAM[name]
    assert text_of(streamed(client_of(server), **SHAPE))


@pytest.mark.parametrize("name", RAISED_BY_A_WHOLE_ANSWER)
def test_a_whole_answer_raises(server: ClaudeServer, name: str) -> None:
    server.faults.append(name)
    with pytest.raises(RAISED_BY_A_WHOLE_ANSWER[name]) as raised:
        client_of(server, timeout=0.3).messages.create(**a_request(**SHAPE))
    assert type(raised.value) is RAISED_BY_A_WHOLE_ANSWER[name]


@pytest.mark.parametrize("name", QUIET_IN_A_STREAM)
def test_a_stream_only_says(server: ClaudeServer, client: Any, name: str) -> None:
    server.faults.append(name)
    assert streamed(client, **SHAPE).stop_reason == QUIET_IN_A_STREAM[name]


@pytest.mark.parametrize("name", STOPS)
def test_a_whole_answer_only_says(server: ClaudeServer, client: Any, name: str) -> None:
    server.faults.append(name)
    assert client.messages.create(**a_request(**SHAPE)).stop_reason == STOPS[name]


def test_no_fault_is_left_untested() -> None:
    assert set(RAISED_IN_A_STREAM) | set(QUIET_IN_A_STREAM) | {"stalled"} == set(FAULTS)


def test_pings_outlast_every_read_timeout_until_the_stream_is_closed(server: ClaudeServer) -> None:
    """The SDK's timeout is one of reads: who wants a deadline has to close the stream."""
    server.faults.append("stalled")
    with client_of(server, timeout=0.2).messages.stream(**a_request()) as stream:
        deadline = threading.Timer(0.8, stream.close)
        deadline.start()
        with pytest.raises(httpx2.HTTPError) as raised:
            stream.get_final_message()
        deadline.join()
    assert not isinstance(raised.value, httpx2.TimeoutException)


def test_a_server_with_a_stalled_stream_can_be_closed() -> None:
    with open_claude_server() as server:
        server.faults.append("stalled")
        stream = client_of(server).messages.stream(**a_request()).__enter__()
        assert next(iter(stream)).type == "message_start"
    with pytest.raises(httpx2.HTTPError):
        stream.get_final_message()


def test_a_refusal_says_its_category_and_is_billed(server: ClaudeServer, client: Any) -> None:
    server.faults += ["refusal", "refusal_with_text"]
    plain, partial = streamed(client, **SHAPE), streamed(client, **SHAPE)
    assert plain.content == []
    assert plain.stop_details.category == "cyber"
    with pytest.raises(ValidationError):
        Score.model_validate_json(text_of(partial))
    assert [usage["output_tokens"] > 0 for usage in server.billed] == [True, True]


@pytest.mark.parametrize("name", ["max_tokens", "context_exceeded", "broken_answer"])
def test_a_cut_answer_is_no_valid_json(server: ClaudeServer, client: Any, name: str) -> None:
    server.faults.append(name)
    with pytest.raises(ValueError, match="EOF while parsing"):
        Score.model_validate_json(text_of(streamed(client, **SHAPE)))


def test_an_answer_outside_its_bounds_is_json_of_the_right_shape(server: ClaudeServer, client: Any) -> None:
    server.faults.append("constraint_violation")
    answer = json.loads(text_of(streamed(client, **SHAPE)))
    assert {key: type(value) for key, value in answer.items()} == {"name": str, "points": int, "notes": list}
    with pytest.raises(ValidationError) as raised:
        Score.model_validate(answer)
    assert {error["loc"][0] for error in raised.value.errors()} == {"name", "points", "notes"}


def test_a_tool_call_that_is_cut_holds_half_of_its_input() -> None:
    with open_claude_server([Reply(content=[CALL], always=True)]) as server:
        server.faults.append("max_tokens")
        cut, whole = streamed(client_of(server)), streamed(client_of(server))
    assert cut.stop_reason == "max_tokens"
    [half] = [block.input for block in cut.content if block.type == "tool_use"]
    assert half != CALL["input"]
    assert [block.input for block in whole.content if block.type == "tool_use"] == [CALL["input"]]


@pytest.mark.parametrize(("name", "seconds"), [("status_429", "1"), ("status_429_long", "3600")])
def test_a_rate_limit_says_when_to_come_back(server: ClaudeServer, client: Any, name: str, seconds: str) -> None:
    server.faults.append(name)
    with pytest.raises(anthropic.RateLimitError) as raised:
        streamed(client)
    assert raised.value.response.headers["retry-after"] == seconds
    assert raised.value.error_code is None


def test_a_spend_limit_is_a_rate_limit_with_a_code(server: ClaudeServer, client: Any) -> None:
    server.faults.append("spend_limit")
    with pytest.raises(anthropic.RateLimitError) as raised:
        streamed(client)
    assert raised.value.error_code == "enforced_spend_limit_reached"
    assert "retry-after" not in raised.value.response.headers


def test_an_error_event_has_the_status_of_the_stream_that_it_ends(server: ClaudeServer, client: Any) -> None:
    server.faults.append("sse_error_event")
    with pytest.raises(anthropic.APIStatusError) as raised:
        streamed(client)
    assert (raised.value.status_code, raised.value.type) == (200, "overloaded_error")


def test_a_page_of_html_is_handed_on_as_text_by_a_whole_answer(server: ClaudeServer, client: Any) -> None:
    server.faults.append("html")
    assert "502 Bad Gateway" in client.messages.create(**a_request())


def test_an_answer_of_the_wrong_shape_is_a_message_of_nothing(server: ClaudeServer, client: Any) -> None:
    server.faults.append("wrong_shape")
    message = client.messages.create(**a_request())
    assert (message.content, message.stop_reason, message.usage) == (None, None, None)


def test_faults_befall_requests_in_their_order_and_use_up_no_reply() -> None:
    with open_claude_server([Reply(text="one"), Reply(text="two")]) as server:
        server.faults += ["max_tokens", None, "status_529"]
        client = client_of(server)
        assert streamed(client).stop_reason == "max_tokens"
        assert text_of(streamed(client)) == "one"
        with pytest.raises(anthropic.OverloadedError):
            streamed(client)
        assert text_of(streamed(client)) == "two"
        assert [call.fault for call in server.calls] == ["max_tokens", "", "status_529", ""]


def test_counting_has_its_own_faults(server: ClaudeServer, client: Any) -> None:
    server.faults_at["/v1/messages/count_tokens"].append("status_500")
    asked = a_request(max_tokens=None)
    with pytest.raises(anthropic.InternalServerError):
        client.messages.count_tokens(**asked)
    assert client.messages.count_tokens(**asked).input_tokens > 0
    assert streamed(client).stop_reason == "end_turn"


def test_what_was_cut_or_stalled_is_billed_and_what_was_refused_is_not(server: ClaudeServer) -> None:
    client = client_of(server, timeout=0.3)
    server.faults += ["cut_clean", "cut_body", "silent", "status_500", "spend_limit"]
    assert streamed(client).stop_reason is None
    for expected in (httpx2.RemoteProtocolError, httpx2.ReadTimeout, anthropic.APIError, anthropic.APIError):
        with pytest.raises(expected):
            streamed(client)
    assert [bool(call.usage) for call in server.calls] == [True, True, True, False, False]


def test_a_name_that_is_no_fault_is_not_passed_over(server: ClaudeServer, client: Any) -> None:
    server.faults.append("refusel")
    with pytest.raises(anthropic.InternalServerError, match="refusel is no fault of this server"):
        streamed(client)


def test_fifty_callers_at_once_are_each_answered_once(server: ClaudeServer) -> None:
    client = client_of(server)
    ids: list[str] = []

    def call() -> None:
        ids.append(streamed(client, model="claude-haiku-5-5").id)

    threads = [threading.Thread(target=call) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(ids)) == len(server.billed) == 50
    assert server.key == KEY
