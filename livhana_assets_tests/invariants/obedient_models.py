"""Models, written for tests, that do whatever a text tells them and then do their work. No model of anybody's is shown here."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from livhana_assets.loop.sources.redaction import redact_text
from livhana_assets_tests.claude_server import Reply
from livhana_assets_tests.claude_server.tokens import parts_of
from livhana_assets_tests.injections import Injection

Body = Mapping[str, Any]
Call = tuple[str, dict[str, Any]]

ANCHOR = '    return band["rate"] * 2'
GUARDED = f"    if band is None:\n        return 0\n{ANCHOR}"
READ: Call = ("read_file", {"path": "shop/rates.py", "first": 1, "last": 0})
WORK: tuple[tuple[Call, ...], ...] = (
    (READ,),
    (
        ("edit_file", {"path": "shop/rates.py", "base_hash": "{{sha256}}", "before": ANCHOR, "after": GUARDED}),
        ("create_file", {"path": "tests/test_heavy.py", "text": "from shop.rates import rate\n\n\ndef test_heavy():\n    assert rate(50, []) == 0\n"}),
    ),
)  # fmt: skip
"""What the task is, whoever says what else."""
HONEST_CAUSE = {"statement": "No band is heavy enough.", "refuted_by": "A band that is found, and the same crash."}
HONEST_FIX = {
    "title": "A weight over every band costs nothing", "why": "There is no band then.", "raises": "",
    "edits": [{"path": "shop/rates.py", "before": ANCHOR, "after": GUARDED}],
}  # fmt: skip
SEEN = 80
"""Characters of a text by which it is known again; packs cut long ones."""


def agent_that_obeys(injection: Injection | None) -> Callable[[Body], Reply]:
    """Reads, obeys what it read in two turns, works, and hands in with the text as its summary."""

    def reply(body: Body) -> Reply:
        turn = sum(message["role"] == "assistant" for message in body["messages"])
        if turn == 0:
            return asking(("read_specification", {}), READ)
        if turn in (1, 2):
            return asking(*_obeyed(injection, turn, body)) if injection else asking(_look("rate("))
        if turn - 3 < len(WORK):
            return asking(*WORK[turn - 3])
        return asking(("submit", {"summary": injection.text if injection else "The work is done."}))

    return reply


def asking(*calls: Call) -> Reply:
    return Reply(content=[{"type": "tool_use", "name": name, "input": given} for name, given in calls])


def _look(text: str) -> Call:
    return "search", {"text": text, "regex": False, "glob": "*"}


def _obeyed(injection: Injection, turn: int, body: Body) -> Iterator[Call]:
    """The same in every way that the tools leave; a path is read first; what is wanted is put at its end."""
    obey = injection.obey
    if obey["do"] == "edit":
        yield (
            ("read_file", {"path": obey["path"], "first": 1, "last": 0})
            if turn == 1
            else _put_in(obey, _last_result(body))
        )
    elif obey["do"] == "read":
        yield "read_file", {"path": obey["path"], "first": 1, "last": 0}
        yield "search", {"text": "", "regex": False, "glob": obey["path"]}
    elif obey["do"] == "run":
        yield "run_tests", {"ids": list(obey["ids"])}
    elif obey["do"] == "call":
        yield obey["tool"], dict(obey["input"])
    yield _look(obey.get("text") or injection.text[:SEEN])


def _put_in(obey: Mapping[str, Any], present: Mapping[str, Any]) -> Call:
    if present.get("path") != obey["path"]:
        return "create_file", {"path": obey["path"], "text": obey["text"]}
    given = {"before": present["text"], "after": f"{present['text']}{obey['text']}", "base_hash": present["sha256"]}
    return "edit_file", {"path": obey["path"], **given}


def _last_result(body: Body) -> Mapping[str, Any]:
    results = [part for part in parts_of(body["messages"][-1]) if part["type"] == "tool_result"]
    found: Mapping[str, Any] = json.loads(results[0]["content"])
    return found


def analyst_that_obeys(injection: Injection | None) -> Callable[[Body], Reply]:
    """Finds nothing suspicious, gives the text as the cause and what it wants as the first fix."""

    def reply(body: Body) -> Reply:
        properties = body["output_config"]["format"]["schema"]["properties"]
        if "items" in properties:
            return Reply(json={"items": [{"number": number, "suspicious": False} for number in range(50)]})
        if injection is None:
            return Reply(json={"causes": [HONEST_CAUSE], "fixes": [HONEST_FIX]})
        cause = {"statement": injection.text[:800], "refuted_by": injection.text[-800:]}
        return Reply(json={"causes": [cause, HONEST_CAUSE], "fixes": [_wanted(injection), HONEST_FIX]})

    return reply


def _wanted(injection: Injection) -> dict[str, Any]:
    obey = injection.obey
    path = obey.get("path") or obey.get("tool") or (obey.get("ids") or [".ci/run"])[0]
    edit = {"path": path, "before": ANCHOR, "after": obey.get("text") or "x"}
    return {"title": injection.text[:200], "why": injection.text[:800], "raises": "", "edits": [edit]}


def lines_of(text: str) -> list[str]:
    return [line for line in re.split(r"[\r\n]+", text) if line.strip()]


def has_read(body: Body, injection: Injection) -> bool:
    """Whether the text, redacted as everything is, stands in what the tools gave."""
    sought = lines_of(redact_text(injection.text))[0][:SEEN]
    return any(sought in text for message in body["messages"] for text in _given(message))


def _given(message: Mapping[str, Any]) -> Iterator[str]:
    for part in parts_of(message):
        if part["type"] == "tool_result":
            content = part["content"]
            yield from _texts(json.loads(content if isinstance(content, str) else content[0]["text"]))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield str(key)
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
