"""The real SDK on a socket to the loopback server."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from livhana_assets_tests.claude_server import ClaudeServer, open_claude_server

MODEL = "claude-opus-5-5"


@pytest.fixture
def server() -> Iterator[ClaudeServer]:
    with open_claude_server() as opened:
        yield opened


@pytest.fixture
def client(server: ClaudeServer) -> Any:
    return client_of(server)


def client_of(server: ClaudeServer, **changed: Any) -> Any:
    import anthropic

    given = {"api_key": server.key, "base_url": server.url, "max_retries": 0, "timeout": 5.0, "open_telemetry": False}
    return anthropic.Anthropic(**{**given, **changed})


def a_request(**changed: Any) -> dict[str, Any]:
    """The arguments of a small valid call; None takes one away."""
    given = {"model": MODEL, "max_tokens": 1000, "messages": [{"role": "user", "content": "hello"}], **changed}
    return {name: value for name, value in given.items() if value is not None}


def streamed(client: Any, **changed: Any) -> Any:
    with client.messages.stream(**a_request(**changed)) as stream:
        return stream.get_final_message()


def text_of(message: Any) -> str:
    return "".join(block.text for block in message.content if block.type == "text")
