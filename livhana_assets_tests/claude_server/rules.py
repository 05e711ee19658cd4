"""The documented rules of POST /v1/messages, each a 400 with the API's own kind of sentence.

The SDK checks none of them, so a test that passes against a server without them shows nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from livhana_assets_tests.claude_server.models import EFFORTS, MODELS, Model
from livhana_assets_tests.claude_server.refused import Refused, invalid
from livhana_assets_tests.claude_server.schemas import check_schemas
from livhana_assets_tests.claude_server.tokens import blocks_of, input_tokens

SAMPLING = ("temperature", "top_p", "top_k")
FIELDS = {
    "model", "max_tokens", "messages", "system", "tools", "tool_choice", "thinking", "output_config", "stream",
    "stop_sequences", "metadata", "service_tier", "cache_control", "container", "inference_geo", "diagnostics", "speed",
}  # fmt: skip
STRICT_TOOLS, BREAKPOINTS = 20, 4
Body = Mapping[str, Any]


def check_request(body: Any, *, counting: bool = False) -> Model:
    """The model that the request names, or what the API refuses it with."""
    if not isinstance(body, dict):
        raise invalid("The request body is not valid JSON.")
    for name in ("model", "messages") if counting else ("model", "max_tokens", "messages"):
        if body.get(name) is None:
            raise invalid(f"{name}: Field required")
    model = _model(body["model"])
    for check in CHECKS:
        check(body, model)
    if not counting:
        _check_max_tokens(body, model)
    _check_window(body, model)
    return model


def _model(name: str) -> Model:
    found = MODELS.get(name)
    if found is None or found.lifecycle == "retired":
        raise Refused(404, f"model: {name}")
    return found


def _check_fields(body: Body, model: Model) -> None:
    if given := [name for name in SAMPLING if name in body]:
        raise invalid(f"{given[0]}: sampling parameters are not supported in this API version.")
    if unknown := sorted(set(body) - FIELDS):
        raise invalid(f"{unknown[0]}: Extra inputs are not permitted")


def _check_max_tokens(body: Body, model: Model) -> None:
    given = body["max_tokens"]
    if not isinstance(given, int) or isinstance(given, bool) or given < 0:
        raise invalid("max_tokens: Input should be a valid integer greater than or equal to 0")
    if given > model.max_tokens:
        raise invalid(
            f"max_tokens: {given} > {model.max_tokens}, which is the maximum allowed number of output tokens for {model.id}"
        )


def _check_window(body: Body, model: Model) -> None:
    if (counted := input_tokens(body)) > model.max_input_tokens:
        raise invalid(f"prompt is too long: {counted} tokens > {model.max_input_tokens} maximum")


def _check_effort(body: Body, model: Model) -> None:
    config = body.get("output_config") or {}
    if unknown := sorted(set(config) - {"effort", "format", "task_budget"}):
        raise invalid(f"output_config.{unknown[0]}: Extra inputs are not permitted")
    if config.get("effort") not in (None, *EFFORTS):
        raise invalid("output_config.effort: Input should be 'low', 'medium', 'high', 'xhigh' or 'max'")


def _check_thinking(body: Body, model: Model) -> None:
    thinking = body.get("thinking")
    if thinking is None:
        return
    kind, effort = thinking.get("type"), (body.get("output_config") or {}).get("effort")
    if kind not in model.thinking:
        raise invalid(f'"thinking.type.{kind}" is not supported for this model.')
    if kind in ("between_tools", "disabled") and effort in ("xhigh", "max"):
        raise invalid(f'"thinking.type.{kind}" is not supported at effort {effort}.')
    if kind == "enabled" and not 1024 <= thinking.get("budget_tokens", 0) < body.get("max_tokens", 2**31):
        raise invalid("thinking.enabled.budget_tokens: Input should be at least 1024 and less than max_tokens")


def _check_tools(body: Body, model: Model) -> None:
    tools = body.get("tools") or []
    names = [tool.get("name") for tool in tools]
    for at, tool in enumerate(tools):
        if not re.fullmatch(r"[a-zA-Z0-9_-]{1,128}", str(tool.get("name") or "")):
            raise invalid(f"tools.{at}.custom.name: String should match pattern '^[a-zA-Z0-9_-]{{1,128}}$'")
        if "type" in tool and tool["type"] != "custom":
            continue
        if (tool.get("input_schema") or {}).get("type") != "object":
            raise invalid(f"tools.{at}.custom.input_schema.type: Field required")
    if len(set(names)) < len(names):
        raise invalid("tools: Tool names must be unique.")
    if sum(bool(tool.get("strict")) for tool in tools) > STRICT_TOOLS:
        raise invalid(f"tools: at most {STRICT_TOOLS} tools may be strict")


def _check_tool_choice(body: Body, model: Model) -> None:
    choice = body.get("tool_choice")
    if choice is None:
        return
    if not body.get("tools"):
        raise invalid("tool_choice: tool_choice may only be specified while providing tools.")
    if choice.get("type") in ("any", "tool") and not model.forced_tools:
        raise invalid(f'tool_choice: forced tool use ("{choice["type"]}") is not supported for this model.')


def _check_format(body: Body, model: Model) -> None:
    described = (body.get("output_config") or {}).get("format")
    schemas = [tool["input_schema"] for tool in body.get("tools") or [] if tool.get("strict")]
    if described is not None:
        if described.get("type") != "json_schema" or not isinstance(described.get("schema"), dict):
            raise invalid("output_config.format: Input should be a json_schema with a schema")
        schemas.append(described["schema"])
    check_schemas(schemas)


def _check_breakpoints(body: Body, model: Model) -> None:
    ttls = [block.ttl for block in blocks_of(body) if block.ttl]
    if len(ttls) > BREAKPOINTS:
        raise invalid(f"A maximum of {BREAKPOINTS} blocks with cache_control may be provided. Found {len(ttls)}.")
    if set(ttls) - {"5m", "1h"}:
        raise invalid("cache_control.ephemeral.ttl: Input should be '5m' or '1h'")
    if "1h" in ttls[ttls.index("5m") :] if "5m" in ttls else False:
        raise invalid("a ttl='1h' cache_control block must not come after a ttl='5m' cache_control block.")


CHECKS: tuple[Callable[[Body, Model], None], ...] = (
    _check_fields, _check_effort, _check_thinking, _check_tools, _check_tool_choice, _check_format, _check_breakpoints,
)  # fmt: skip
