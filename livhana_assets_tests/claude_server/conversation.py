"""The documented rules of `messages`: roles, blocks, tools called and answered, thinking passed back unchanged."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

from livhana_assets_tests.claude_server.refused import invalid
from livhana_assets_tests.claude_server.tokens import parts_of, written

Message = Mapping[str, Any]
PREFILL = "This model does not support assistant message prefill. The conversation must end with a user message."


def check_conversation(body: Mapping[str, Any], paused: set[str]) -> None:
    """`paused` holds the digests of turns that ended in pause_turn: these may come back as the last message."""
    messages = body["messages"]
    if not isinstance(messages, list) or not messages:
        raise invalid("messages: at least one message is required")
    for at, message in enumerate(messages):
        _check_message(at, message)
    if messages[0]["role"] != "user":
        raise invalid('messages: first message must use the "user" role')
    _check_tool_calls(messages)
    _check_thinking(body["model"], messages)
    if not body.get("tools") and any(part["type"] in TOOL_BLOCKS for one in messages for part in parts_of(one)):
        raise invalid("Requests which include `tool_use` or `tool_result` blocks must define tools.")
    if messages[-1]["role"] == "assistant" and digest(messages[-1]["content"]) not in paused:
        raise invalid(PREFILL)


def digest(content: Any) -> str:
    """What an assistant turn's content is known by, whatever fields the client left out as null."""
    return hashlib.sha256(written(_without_nulls(content)).encode()).hexdigest()


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(inner) for key, inner in sorted(value.items()) if inner is not None}
    return [_without_nulls(inner) for inner in value] if isinstance(value, list) else value


def _check_message(at: int, message: Message) -> None:
    role, content = message.get("role"), message.get("content")
    if role not in ("user", "assistant", "system"):
        raise invalid(f"messages.{at}.role: Input should be 'user', 'assistant' or 'system'")
    if content is None:
        raise invalid(f"messages.{at}.content: Field required")
    if not content:
        raise invalid(f"messages.{at}: all messages must have non-empty content")
    for number, part in enumerate(parts_of(message)):
        _check_part(f"messages.{at}.content.{number}", str(role), part)


def _check_part(where: str, role: str, part: Mapping[str, Any]) -> None:
    kind = part.get("type")
    if kind not in BLOCKS[role]:
        raise invalid(f"{where}: Input tag '{kind}' is not allowed in messages of role {role}")
    if kind == "text" and not str(part.get("text") or "").strip():
        raise invalid("messages: text content blocks must be non-empty")
    if kind == "text" and role == "user" and part.get("citations"):
        raise invalid(f"{where}.text.citations: citations are not permitted in user messages")
    needed = NEEDED.get(str(kind), ())
    if missing := [name for name in needed if name not in part]:
        raise invalid(f"{where}.{kind}.{missing[0]}: Field required")
    if kind == "tool_use" and not re.fullmatch(r"[a-zA-Z0-9_-]+", str(part["id"])):
        raise invalid(f"{where}.tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'")


BLOCKS = {
    "user": ("text", "image", "document", "search_result", "tool_result"),
    "assistant": ("text", "thinking", "redacted_thinking", "tool_use"),
    "system": ("text",),
}
TOOL_BLOCKS = ("tool_use", "tool_result")
NEEDED = {"tool_use": ("id", "name", "input"), "tool_result": ("tool_use_id",), "thinking": ("thinking", "signature")}


def _check_tool_calls(messages: Sequence[Message]) -> None:
    """Every call is answered in the next message, first thing, and nothing else is answered."""
    seen: set[str] = set()
    for at, message in enumerate(messages):
        called = [part["id"] for part in parts_of(message) if part["type"] == "tool_use"]
        if seen & set(called) or len(set(called)) < len(called):
            raise invalid(f"messages.{at}: `tool_use` ids must be unique")
        seen |= set(called)
        before = _calls_of(messages[at - 1]) if at else []
        _check_results(at, parts_of(message), before)
        after = _results_of(messages[at + 1]) if at + 1 < len(messages) else []
        if missing := [one for one in called if one not in after]:
            raise invalid(
                f"messages.{at}: `tool_use` ids were found without `tool_result` blocks immediately after: "
                f"{', '.join(missing)}. Each `tool_use` block must have a corresponding `tool_result` block in the next message."
            )


def _check_results(at: int, parts: Sequence[Mapping[str, Any]], called: Sequence[str]) -> None:
    kinds = [part["type"] for part in parts]
    for number, part in enumerate(parts):
        if part["type"] == "tool_result" and part["tool_use_id"] not in called:
            raise invalid(
                f"messages.{at}.content.{number}: unexpected `tool_use_id` found in `tool_result` blocks: "
                f"{part['tool_use_id']}. Each `tool_result` block must have a corresponding `tool_use` block in the previous message."
            )
    results = kinds.count("tool_result")
    if "tool_result" in kinds[results:]:
        raise invalid(f"messages.{at}: `tool_result` blocks must come first in the content of a message")


def _calls_of(message: Message) -> list[str]:
    return [part["id"] for part in parts_of(message) if part["type"] == "tool_use"]


def _results_of(message: Message) -> list[str]:
    return [part["tool_use_id"] for part in parts_of(message) if part["type"] == "tool_result"]


def signed_thinking(model: str, messages: Sequence[Message]) -> dict[str, Any]:
    """A thinking block as a model returns it by default: no text, bound to its model and to all before it."""
    return {"type": "thinking", "thinking": "", "signature": _signature(model, messages)}


def _check_thinking(model: str, messages: Sequence[Message]) -> None:
    for at, message in enumerate(messages):
        for number, part in enumerate(parts_of(message)):
            if part["type"] != "thinking":
                continue
            if part["thinking"] or part["signature"] != _signature(model, messages[:at]):
                raise invalid(f"messages.{at}.content.{number}: Invalid `signature` in `thinking` block")


def _signature(model: str, before: Sequence[Message]) -> str:
    bare = [[message["role"], [_bare(part) for part in parts_of(message)]] for message in before]
    return base64.b64encode(f"{model}:{digest(bare)}".encode()).decode()


def _bare(part: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in part.items() if key != "cache_control"}
