"""Every fault by its name: what the API, a proxy or the network can do to an answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from livhana_assets_tests.claude_server.refused import Refused
from livhana_assets_tests.claude_server.replies import schema_of
from livhana_assets_tests.claude_server.schemas import outside_the_bounds_of
from livhana_assets_tests.claude_server.tokens import written

Content = list[dict[str, Any]]
Message = dict[str, Any]

STATUSES = {
    "status_400": Refused(400, "As the test said: the request is invalid."),
    "status_401": Refused(401, "invalid x-api-key"),
    "status_402": Refused(402, "Your credit balance is too low to access the API."),
    "status_403": Refused(403, "Your API key does not have permission to use the specified resource."),
    "status_404": Refused(404, "model: as the test said"),
    "status_413": Refused(413, "Request exceeds the maximum size"),
    "status_429": Refused(429, "This request would exceed your rate limit.", headers={"retry-after": "1"}),
    "status_429_long": Refused(429, "This request would exceed your rate limit.", headers={"retry-after": "3600"}),
    "spend_limit": Refused(429, "You have reached your spend limit.", "enforced_spend_limit_reached"),
    "status_500": Refused(500, "Internal server error"),
    "status_529": Refused(529, "Overloaded"),
}


def _refusal(message: Message, body: Mapping[str, Any]) -> Message:
    details = {"type": "refusal", "category": "cyber", "explanation": "Written for a test."}
    return {**message, "content": [], "stop_reason": "refusal", "stop_details": details}


def _refusal_with_text(message: Message, body: Mapping[str, Any]) -> Message:
    return {**_refusal(message, body), "content": _half(message["content"])}


def _max_tokens(message: Message, body: Mapping[str, Any]) -> Message:
    usage = {**message["usage"], "output_tokens": body["max_tokens"]}
    return {**message, "content": _half(message["content"]), "stop_reason": "max_tokens", "usage": usage}


def _context_exceeded(message: Message, body: Mapping[str, Any]) -> Message:
    return {**message, "content": _half(message["content"]), "stop_reason": "model_context_window_exceeded"}


def _pause_turn(message: Message, body: Mapping[str, Any]) -> Message:
    return {**message, "content": [{"type": "text", "text": "To be continued."}], "stop_reason": "pause_turn"}


def _unknown_stop(message: Message, body: Mapping[str, Any]) -> Message:
    return {**message, "stop_reason": "a_reason_of_tomorrow"}


def _constraint_violation(message: Message, body: Mapping[str, Any]) -> Message:
    schema = schema_of(body)
    text = written(outside_the_bounds_of(schema)) if schema else ""
    return {**message, "content": [{"type": "text", "text": text}], "stop_reason": "end_turn"}


def _broken_answer(message: Message, body: Mapping[str, Any]) -> Message:
    text = '{"written for a test": [1, 2'
    return {**message, "content": [{"type": "text", "text": text}], "stop_reason": "end_turn"}


def _half(content: Content) -> Content:
    """The first half of what was to be said; a tool call loses half of its JSON."""
    for block in content:
        if block["type"] == "text":
            return [{**block, "text": block["text"][: max(1, len(block["text"]) // 2)]}]
        if block["type"] == "tool_use":
            text = written(block["input"])
            return [{**block, "input": {}, "_partial": text[: len(text) // 2]}]
    return []


IN_THE_MESSAGE: dict[str, Callable[[Message, Mapping[str, Any]], Message]] = {
    "refusal": _refusal,
    "refusal_with_text": _refusal_with_text,
    "max_tokens": _max_tokens,
    "context_exceeded": _context_exceeded,
    "pause_turn": _pause_turn,
    "unknown_stop": _unknown_stop,
    "constraint_violation": _constraint_violation,
    "broken_answer": _broken_answer,
}

ON_THE_WIRE = {
    "cut_clean": "the stream ends in order before message_stop",
    "cut_body": "the connection breaks in the middle of the answer",
    "stalled": "pings for ever, nothing else (without a stream: silence)",
    "silent": "after the first events nothing, the connection stays open",
    "sse_error_event": "an error event in the stream (without a stream: 529)",
    "broken_json": "200, and JSON that ends too soon",
    "html": "200, and a page of HTML as a proxy sends it",
    "wrong_shape": "200, and JSON that is no message",
    "empty_stream": "200, and not one event",
}

FAULTS = (*STATUSES, *IN_THE_MESSAGE, *ON_THE_WIRE)
