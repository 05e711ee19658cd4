"""The models that the loopback server knows, and what each accepts.

Where the documentation leaves a rule open (thinking `disabled` on claude-haiku-5-5, all of claude-fable-5-2), the
stricter reading holds here: what passes this server asks for less than the API may allow.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

EFFORTS = ("low", "medium", "high", "xhigh", "max")
THINKING = ("adaptive", "enabled", "disabled", "between_tools")


@dataclass(frozen=True)
class Model:
    id: str
    thinking: tuple[str, ...] = ("adaptive",)
    always_thinks: bool = False
    forced_tools: bool = False
    lifecycle: str = "active"
    retires_at: str | None = None
    max_tokens: int = 128_000
    max_input_tokens: int = 1_000_000
    least_cached: int = 512
    """Tokens under which a prefix is not cached."""

    def described(self) -> dict[str, Any]:
        """As /v1/models answers."""
        return {
            "type": "model", "id": self.id, "display_name": self.id.replace("-", " ").title(),
            "created_at": "2026-10-01T00:00:00Z", "lifecycle": self.lifecycle, "retires_at": self.retires_at,
            "deprecated_at": None if self.lifecycle == "active" else "2026-06-01T00:00:00Z",
            "line": self.id.split("-")[1], "max_tokens": self.max_tokens, "max_input_tokens": self.max_input_tokens,
            "capabilities": self._capabilities(),
        }  # fmt: skip

    def _capabilities(self) -> dict[str, Any]:
        yes, no = {"supported": True}, {"supported": False}
        thinking = {kind: {"supported": kind in self.thinking} for kind in THINKING}
        return {
            "batch": yes, "citations": yes, "code_execution": no, "context_management": yes, "image_input": no,
            "pdf_input": no, "structured_outputs": yes, "effort": {**yes, **dict.fromkeys(EFFORTS, yes)},
            "server_tools": {**no, "code_execution": no, "web_search": no},
            "thinking": {**yes, "types": thinking},
        }  # fmt: skip


MODELS = {
    model.id: model
    for model in (
        Model("claude-fable-5-2", always_thinks=True),
        Model("claude-fable-5-1", always_thinks=True),
        Model("claude-opus-5-5", always_thinks=True),
        Model("claude-sonnet-5-5", ("adaptive", "between_tools")),
        Model("claude-haiku-5-5", forced_tools=True),
        Model("claude-opus-5", ("adaptive", "disabled"), forced_tools=True, least_cached=1024),
        Model("claude-haiku-4-5", ("enabled", "disabled"), forced_tools=True, max_tokens=64_000,
              max_input_tokens=200_000, least_cached=4096),
        Model("claude-sonnet-4-5", ("enabled", "disabled"), forced_tools=True, max_tokens=64_000,
              max_input_tokens=200_000, least_cached=1024, lifecycle="deprecated", retires_at="2026-11-30T00:00:00Z"),
        Model("claude-opus-4-20250514", ("enabled", "disabled"), forced_tools=True, max_tokens=32_000,
              max_input_tokens=200_000, least_cached=1024, lifecycle="retired", retires_at="2026-06-15T00:00:00Z"),
    )
}  # fmt: skip
