"""A message as the API writes it: whole in JSON, or as the events of a stream."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from livhana_assets_tests.claude_server.tokens import BYTES_A_TOKEN, tokens_of, written

PIECE = 40
"""Characters a text or JSON delta carries."""
THINKING_TOKENS = 64
Blocks = list[dict[str, Any]]


def message(number: int, model: str, content: Blocks, stop_reason: str, usage: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": f"msg_loopback_{number:06}", "type": "message", "role": "assistant", "model": model, "content": content,
        "stop_reason": stop_reason, "stop_sequence": None, "stop_details": None, "usage": dict(usage),
    }  # fmt: skip


def output_usage(content: Blocks, max_tokens: int) -> dict[str, Any]:
    thinking = min(max_tokens, THINKING_TOKENS * sum(block["type"] == "thinking" for block in content))
    total = thinking + sum(_size(block) for block in content)
    return {"output_tokens": min(total, max_tokens), "output_tokens_details": {"thinking_tokens": thinking}}


def cut_to(content: Blocks, max_tokens: int) -> tuple[Blocks, bool]:
    """The content as far as `max_tokens` reaches, and whether anything was cut."""
    left, kept = max_tokens, Blocks()
    for block in content:
        size = THINKING_TOKENS if block["type"] == "thinking" else _size(block)
        if size > left:
            return [*kept, *_beginning(block, left * BYTES_A_TOKEN)], True
        kept.append(block)
        left -= size
    return kept, False


def _beginning(block: dict[str, Any], size: int) -> Blocks:
    if block["type"] == "text" and (text := block["text"].encode()[:size].decode(errors="ignore")):
        return [{**block, "text": text}]
    if block["type"] == "tool_use":
        return [{**block, "input": {}, "_partial": written(block["input"])[:size]}]
    return []


def _size(block: Mapping[str, Any]) -> int:
    if block["type"] == "tool_use":
        return tokens_of(written(block["input"]))
    return tokens_of(str(block.get("text", "")))


def bare(whole: Mapping[str, Any]) -> dict[str, Any]:
    """The message without what only this server knows of its blocks."""
    content = [{key: value for key, value in block.items() if key != "_partial"} for block in whole["content"]]
    return {**whole, "content": content}


def events(whole: Mapping[str, Any]) -> Iterator[bytes]:
    """message_start … message_stop, as the documentation lists them."""
    yield from head_events(whole)
    yield from body_events(whole["content"])
    yield from tail_events(whole)


def head_events(whole: Mapping[str, Any]) -> Iterator[bytes]:
    start = {**whole, "content": [], "stop_reason": None, "usage": {**whole["usage"], "output_tokens": 1}}
    yield event("message_start", message=start)
    yield event("ping")


def body_events(content: Sequence[Mapping[str, Any]]) -> Iterator[bytes]:
    for index, block in enumerate(content):
        empty, deltas = _as_deltas(block)
        yield event("content_block_start", index=index, content_block=empty)
        for delta in deltas:
            yield event("content_block_delta", index=index, delta=delta)
        yield event("content_block_stop", index=index)


def tail_events(whole: Mapping[str, Any]) -> Iterator[bytes]:
    delta = {name: whole[name] for name in ("stop_reason", "stop_sequence", "stop_details")}
    yield event("message_delta", delta=delta, usage=whole["usage"])
    yield event("message_stop")


def event(name: str, **fields: Any) -> bytes:
    return f"event: {name}\ndata: {json.dumps({'type': name, **fields})}\n\n".encode()


def _as_deltas(block: Mapping[str, Any]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    if block["type"] == "text":
        return {"type": "text", "text": ""}, [{"type": "text_delta", "text": one} for one in _pieces(block["text"])]
    if block["type"] == "tool_use":
        text = block.get("_partial", written(block["input"]))
        empty = {"type": "tool_use", "id": block["id"], "name": block["name"], "input": {}}
        return empty, [{"type": "input_json_delta", "partial_json": one} for one in _pieces(text)]
    if block["type"] == "thinking":
        empty = {"type": "thinking", "thinking": "", "signature": ""}
        return empty, [{"type": "signature_delta", "signature": block["signature"]}]
    return dict(block), []


def _pieces(text: str) -> list[str]:
    return [text[at : at + PIECE] for at in range(0, len(text), PIECE)]
