"""Scripted replies: files and values that say what the server answers, and to which request."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from livhana_assets_tests.claude_server.refused import invalid
from livhana_assets_tests.claude_server.schemas import an_instance_of
from livhana_assets_tests.claude_server.tokens import parts_of, written

REPLIES = Path(__file__).parent / "replies"
NOTE = "Written for tests. Not a recording of any model."
PREFIX = "written-for-tests-"


class NotAScript(Exception):
    """A file of replies that does not say what it is."""


@dataclass(frozen=True)
class When:
    """To which requests a reply belongs; what is empty does not matter."""

    said: str = ""
    """In the last user message, its tool results included."""
    anywhere: str = ""
    """In any message."""
    system: str = ""
    tool: str = ""
    """The name of a tool that the request offers."""
    model: str = ""

    def fits(self, body: Mapping[str, Any]) -> bool:
        messages = body.get("messages") or [{"role": "user", "content": ""}]
        tools = [tool.get("name") for tool in body.get("tools") or []]
        return (
            self.said in said_in(messages[-1])
            and any(self.anywhere in said_in(message) for message in messages)
            and self.system in written(body.get("system") or "")
            and (not self.tool or self.tool in tools)
            and self.model in ("", body["model"])
        )


@dataclass(frozen=True)
class Reply:
    """One answer. Of `text`, `json`, `instance` and `content` the first that is given counts.

    `{{name}}` in it stands for the value that the latest tool result, read as JSON, holds under this name, if one does.
    """

    text: str | None = None
    json: Any = None
    instance: Mapping[str, Any] | None = None
    """A valid instance of the schema that the request asks for, with these top fields replaced."""
    content: Sequence[Mapping[str, Any]] | None = None
    """Blocks as the API writes them; a tool_use block without an id is given one."""
    stop_reason: str = ""
    """Where empty: tool_use if a tool is called, end_turn otherwise."""
    thinking: bool | None = None
    """A thinking block before the rest; where None, as the model does it."""
    when: When = field(default_factory=When)
    always: bool = False
    """May be given any number of times; otherwise once."""

    def blocks(self, body: Mapping[str, Any]) -> list[dict[str, Any]]:
        filled = _filled(self._content(body), body)
        return [dict(block) for block in filled]

    def _content(self, body: Mapping[str, Any]) -> Any:
        if self.text is not None:
            return [{"type": "text", "text": self.text}]
        if self.json is not None:
            return [{"type": "text", "text": json.dumps(self.json)}]
        if self.content is not None:
            return list(self.content)
        schema = schema_of(body)
        text = json.dumps(an_instance_of(schema, **(self.instance or {}))) if schema else "Written for a test."
        return [{"type": "text", "text": text}]


Script = Path | Sequence[Reply] | Callable[[Mapping[str, Any]], Reply]


class Replies:
    """The replies of a script in their order: the first unused one that fits. An empty script answers everything."""

    def __init__(self, script: Script) -> None:
        self._choose = script if callable(script) else None
        held = read_replies(script) if isinstance(script, Path) else [] if callable(script) else list(script)
        self._held: list[Reply] = held
        self._any = not held

    def next(self, body: Mapping[str, Any], *, keep: bool = False) -> Reply:
        """With `keep` the reply stays for the next request: this one meets a fault."""
        if self._choose:
            return self._choose(body)
        if self._any:
            return Reply()
        for at, reply in enumerate(self._held):
            if reply.when.fits(body):
                return reply if reply.always or keep else self._held.pop(at)
        raise invalid(f"The script of this loopback server holds no reply to: {said_in(body['messages'][-1])[-200:]!r}")

    @property
    def left(self) -> list[Reply]:
        return [reply for reply in self._held if not reply.always]


def read_replies(path: Path) -> list[Reply]:
    """The replies of a file, whose name and note say that they are no recordings."""
    script = json.loads(path.read_text())
    if not path.name.startswith(PREFIX) or script.get("note") != NOTE:
        raise NotAScript(f"{path.name} must be called {PREFIX}*.json and hold the note {NOTE!r}.")
    return [Reply(**{**one, "when": When(**one.get("when", {}))}) for one in script["replies"]]


def schema_of(body: Mapping[str, Any]) -> dict[str, Any] | None:
    return ((body.get("output_config") or {}).get("format") or {}).get("schema")


def said_in(message: Mapping[str, Any]) -> str:
    """The text of a message and of the tool results in it."""
    return "\n".join(_text(part) for part in parts_of(message))


def _text(part: Mapping[str, Any]) -> str:
    if part.get("type") == "tool_result":
        content = part.get("content") or ""
        return content if isinstance(content, str) else "\n".join(_text(inner) for inner in content)
    return str(part.get("text", ""))


def _filled(value: Any, body: Mapping[str, Any]) -> Any:
    if isinstance(value, str):
        return re.sub(r"\{\{(\w+)\}\}", lambda found: _looked_up(found[1], body), value)
    if isinstance(value, Mapping):
        return {key: _filled(inner, body) for key, inner in value.items()}
    return [_filled(inner, body) for inner in value] if isinstance(value, list | tuple) else value


def _looked_up(name: str, body: Mapping[str, Any]) -> str:
    for message in reversed(body["messages"]):
        for part in reversed(parts_of(message)):
            if part.get("type") == "tool_result" and (found := _found(name, _as_json(_text(part)))) is not None:
                return str(found)
    return f"{{{{{name}}}}}"


def _as_json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _found(name: str, value: Any) -> Any:
    if isinstance(value, dict):
        if name in value:
            return value[name]
        value = list(value.values())
    if not isinstance(value, list):
        return None
    return next((found for inner in value if (found := _found(name, inner)) is not None), None)
