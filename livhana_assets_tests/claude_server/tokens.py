"""A deterministic count of tokens: four bytes of JSON are one. It is no tokenizer; it is the same for the same bytes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

BYTES_A_TOKEN = 4


@dataclass(frozen=True)
class Block:
    """One block of a prompt in the order in which the API reads it: tools, system, messages."""

    text: str
    ttl: str
    """5m or 1h where a breakpoint is set on the block, empty otherwise."""

    @property
    def tokens(self) -> int:
        return tokens_of(self.text)


def tokens_of(text: str) -> int:
    return -(-len(text.encode()) // BYTES_A_TOKEN)


def written(value: Any) -> str:
    """JSON with keys in the order in which they came: another order is another prefix."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def input_tokens(body: Mapping[str, Any]) -> int:
    return head_tokens(body) + sum(block.tokens for block in blocks_of(body))


def head_tokens(body: Mapping[str, Any]) -> int:
    """What a request costs beside its blocks: the schema of the answer."""
    schema = (body.get("output_config") or {}).get("format")
    return tokens_of(written(schema)) if schema else 0


def blocks_of(body: Mapping[str, Any]) -> list[Block]:
    found = [*_tools(body), *_system(body), *_messages(body)]
    control = body.get("cache_control")
    if control and found:
        found[-1] = Block(found[-1].text, control.get("ttl", "5m"))
    return found


def _tools(body: Mapping[str, Any]) -> Iterator[Block]:
    for tool in body.get("tools") or []:
        yield _block(tool, "tool")


def _system(body: Mapping[str, Any]) -> Iterator[Block]:
    system = body.get("system") or []
    for part in [{"type": "text", "text": system}] if isinstance(system, str) else system:
        yield _block(part, "system")


def _messages(body: Mapping[str, Any]) -> Iterator[Block]:
    for message in body.get("messages") or []:
        for part in parts_of(message):
            yield _block(part, message["role"])


def parts_of(message: Mapping[str, Any]) -> list[dict[str, Any]]:
    content = message["content"]
    return [{"type": "text", "text": content}] if isinstance(content, str) else list(content)


def _block(part: Mapping[str, Any], where: str) -> Block:
    """A breakpoint is not part of what is cached: it may move on with the conversation."""
    control = part.get("cache_control")
    bare = {key: value for key, value in part.items() if key != "cache_control"}
    return Block(f"{where}:{written(bare)}", control.get("ttl", "5m") if control else "")
