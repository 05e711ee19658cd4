"""What a test sees of the server, and how an answer comes about."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from livhana_assets_tests.claude_server import wire
from livhana_assets_tests.claude_server.caching import PromptCache
from livhana_assets_tests.claude_server.conversation import check_conversation, digest, signed_thinking
from livhana_assets_tests.claude_server.faults import FAULTS, IN_THE_MESSAGE, STATUSES
from livhana_assets_tests.claude_server.models import MODELS
from livhana_assets_tests.claude_server.refused import Refused
from livhana_assets_tests.claude_server.replies import Replies, Reply
from livhana_assets_tests.claude_server.rules import check_request
from livhana_assets_tests.claude_server.tokens import input_tokens

KEY = "key-of-the-loopback-server"
BODY_LIMIT = 32 * 1024 * 1024
MESSAGES = "/v1/messages"


@dataclass
class Call:
    """One request as it came in, and what became of it."""

    method: str
    path: str
    headers: dict[str, str]
    raw: bytes
    request_id: str
    body: Any = None
    status: int = 0
    fault: str = ""
    usage: dict[str, Any] = field(default_factory=dict)
    """What the API would bill, whether or not the answer arrived."""
    stable_tokens: int = 0
    """Tokens up to the last cache breakpoint."""

    @property
    def asks_for_a_message(self) -> bool:
        path = self.path.partition("?")[0]
        by_vertex = path.lower().endswith("rawpredict") and "/count-tokens:" not in path
        return self.method == "POST" and (path == MESSAGES or by_vertex)


@dataclass
class ClaudeServer:
    """The address for the client, the requests as they came in, and the faults and figures that a test sets."""

    replies: Replies
    key: str = KEY
    url: str = ""
    faults: list[str | None] = field(default_factory=list)
    """What befalls the next valid requests to /v1/messages, by name; None lets one through."""
    faults_at: dict[str, list[str | None]] = field(default_factory=lambda: defaultdict(list))
    """The same for other paths, such as /v1/messages/count_tokens."""
    faults_in_batch: dict[str, str] = field(default_factory=dict)
    """custom_id → errored, expired, canceled, or the name of a fault in the message."""
    usage: dict[str, Any] = field(default_factory=dict)
    """Figures that replace those of every message's usage."""
    calls: list[Call] = field(default_factory=list)
    body_limit: int = BODY_LIMIT
    cache: PromptCache = field(default_factory=PromptCache)
    batches: dict[str, Any] = field(default_factory=dict)
    paused: set[str] = field(default_factory=set)
    lock: Any = field(default_factory=threading.RLock)
    closing: threading.Event = field(default_factory=threading.Event)
    messages_made: int = 0

    @property
    def requests(self) -> list[dict[str, Any]]:
        """The bodies of all requests for a message, refused ones too if they were let in."""
        return [call.body for call in self.messages if call.body is not None]

    @property
    def messages(self) -> list[Call]:
        return [call for call in self.calls if call.asks_for_a_message]

    @property
    def billed(self) -> list[dict[str, Any]]:
        return [call.usage for call in self.calls if call.usage]

    @property
    def received(self) -> bytes:
        """All that reached the socket: addresses, headers and bodies."""
        heads = [f"{call.method} {call.path}\n{call.headers}\n".encode() + call.raw for call in self.calls]
        return b"\n".join(heads)

    @property
    def environment(self) -> dict[str, str]:
        """What points the SDK at this server."""
        return {"ANTHROPIC_BASE_URL": self.url, "ANTHROPIC_API_KEY": self.key}

    def next_fault(self, path: str) -> str:
        queue = self.faults if path == MESSAGES else self.faults_at[path]
        name = queue.pop(0) if queue else None
        if name and name not in FAULTS:
            raise Refused(500, f"{name} is no fault of this server; there are: {', '.join(FAULTS)}")
        return name or ""

    def count(self, body: Any) -> dict[str, Any]:
        check_request(body, counting=True)
        return {"input_tokens": input_tokens(body)}

    def answer(self, call: Call, body: Any, fault: str, *, tier: str = "standard") -> dict[str, Any]:
        """The message for a valid request, with the fault in it if it is one of a message's."""
        model = check_request(body)
        check_conversation(body, self.paused)
        if fault in STATUSES:
            raise STATUSES[fault].with_traceback(None)
        reply = self.replies.next(body, keep=bool(fault))
        whole = self._made(body, reply, tier)
        cached = self.cache.look_up(body)
        whole["usage"] = {**cached.usage(), **whole["usage"], **self.usage}
        if fault in IN_THE_MESSAGE:
            whole = IN_THE_MESSAGE[fault](whole, body)
        if whole["stop_reason"] == "pause_turn":
            self.paused.add(digest(wire.bare(whole)["content"]))
        call.usage, call.stable_tokens = {"model": model.id, **whole["usage"]}, cached.stable
        return whole

    def _made(self, body: Mapping[str, Any], reply: Reply, tier: str) -> dict[str, Any]:
        self.messages_made += 1
        content = self._content(body, reply)
        content, cut = wire.cut_to(content, body["max_tokens"])
        calls = any(block["type"] == "tool_use" for block in content)
        stop = "max_tokens" if cut else reply.stop_reason or ("tool_use" if calls else "end_turn")
        usage = {**wire.output_usage(content, body["max_tokens"]), "service_tier": tier}
        if cut:
            usage["output_tokens"] = body["max_tokens"]
        return wire.message(self.messages_made, body["model"], content, stop, usage)

    def _content(self, body: Mapping[str, Any], reply: Reply) -> list[dict[str, Any]]:
        content = reply.blocks(body)
        for number, block in enumerate(content):
            if block["type"] == "tool_use":
                block.setdefault("id", f"toolu_loopback_{self.messages_made:06}_{number}")
        thinks = MODELS[body["model"]].always_thinks if reply.thinking is None else reply.thinking
        return [signed_thinking(body["model"], body["messages"]), *content] if thinks else content

    def authorize(self, headers: Mapping[str, str]) -> None:
        given = headers.get("x-api-key") or headers.get("authorization", "").removeprefix("Bearer ")
        if not given:
            raise Refused(401, "x-api-key header is required")
        if given != self.key:
            raise Refused(401, "invalid x-api-key")
