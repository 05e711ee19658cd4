"""A frame of a JavaScript crash laid over its file: the function, and which of its expressions can be to blame."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath
from typing import Any

from ast_grep_py import SgNode

from livhana_assets.adapters.rules_analyst.javascript_source import (
    FUNCTIONS,
    JavaScriptSource,
    name_of,
    nodes,
    parse,
)  # fmt: skip
from livhana_assets.adapters.rules_analyst.logged_values import UNKNOWN, entries_of, items_of
from livhana_assets.loop.patterns.model import Frame
from livhana_assets.loop.proposals.ports import Crash
from livhana_assets.loop.sources.paths import is_test_path

MAX_SITES = 4
MAX_FILES = 200
KNOWS_OPTIONAL_CHAINING = 14
UNDEFINED = {"$undefined": True}
BLOCKS = frozenset({"statement_block", "program", "switch_case", "switch_default"})


@dataclass(frozen=True, eq=False)
class JavaScriptSite:
    crash: Crash
    frame: Frame
    depth: int
    source: JavaScriptSource
    function: SgNode

    @property
    def message(self) -> str:
        return self.crash.exemplar.message

    @property
    def where(self) -> str:
        return f"{self.frame.file}:{self.frame.line}"

    @property
    def name(self) -> str:
        return name_of(self.function) or self.frame.function

    @cached_property
    def column(self) -> int | None:
        """Where in the line, from 1, as logged or as the printed trace tells."""
        if self.frame.column is not None:
            return self.frame.column
        file = re.escape(self.frame.file.rpartition("/")[2])
        found = re.search(rf"{file}:{self.frame.line}:(\d+)", self.crash.exemplar.stack_trace)
        return int(found[1]) if found else None

    @cached_property
    def expressions(self) -> list[SgNode]:
        """The nodes of the function that touch the frame's line, outermost first."""
        line = self.frame.line - 1
        return [n for n in nodes(self.function) if n.is_named() and n.range().start.line <= line <= n.range().end.line]

    def at_column(self, found: list[SgNode], place: str) -> list[SgNode]:
        """Those whose field stands at the trace's column; all, where the trace does not tell."""
        exact = [node for node in found if (part := node.field(place)) is not None and self._is_here(part)]
        return exact or found

    def _is_here(self, node: SgNode) -> bool:
        start = node.range().start
        return (start.line + 1, start.column + 1) == (self.frame.line, self.column)

    def value(self, node: SgNode) -> Any:
        """The logged form of a simple expression's value, or UNKNOWN."""
        return _evaluate(node, self.frame.locals or {})

    def is_missing(self, node: SgNode) -> bool | None:
        """Whether the expression was null or undefined; None where the trace does not tell."""
        value = self.value(node)
        return None if value is UNKNOWN else value is None or value == UNDEFINED

    def statement(self, node: SgNode) -> SgNode | None:
        """The statement around a node, inside the site's own function and a block."""
        current: SgNode | None = node
        while current is not None:
            parent = current.parent()
            if parent is None or current.kind() in FUNCTIONS:
                return None
            if parent.kind() in BLOCKS:
                return current
            current = parent
        return None

    @cached_property
    def is_for_old_engines(self) -> bool:
        """Whether its package says that it runs on a Node that knows neither `?.` nor `??`."""
        folders = [str(folder) for folder in PurePosixPath(self.source.path).parents]
        places = [f"{folder}/package.json".removeprefix("./") for folder in folders]
        package = next((self.crash.read(place) for place in places if place in self.crash.paths), None)
        told = re.search(r'"engines"\s*:\s*\{[^}]*"node"\s*:\s*"[\s>=^~v]*(\d+)', package or "")
        return told is not None and int(told[1]) < KNOWS_OPTIONAL_CHAINING

    def files(self, text: str) -> Iterator[JavaScriptSource]:
        """The code base's own files that hold a text, this one first."""
        yield self.source
        others = [
            p for p in self.crash.paths if p != self.source.path and "node_modules" not in p and not is_test_path(p)
        ]
        for path in [p for p in others if p.endswith((".js", ".cjs", ".mjs"))][:MAX_FILES]:
            content = self.crash.read(path)
            if content and text in content and (parsed := parse(path, content)):
                yield parsed


def sites(crash: Crash) -> Iterator[JavaScriptSite]:
    """The crash's frames as sites, innermost first, at most four."""
    for depth, frame in enumerate(reversed(crash.frames[-MAX_SITES:])):
        source = parse(frame.file, crash.read(frame.file))
        if source is None:
            continue
        probe = JavaScriptSite(crash, frame, depth, source, source.root)
        name = re.split(r"[\s.]", frame.function)[-1]
        function = source.function_at(frame.line, probe.column, name)
        if function is not None:
            yield JavaScriptSite(crash, frame, depth, source, function)


def _evaluate(node: SgNode, values: Mapping[str, Any]) -> Any:
    kind = node.kind()
    if kind == "identifier":
        return values.get(node.text(), UNKNOWN)
    if kind == "member_expression":
        owner, name = node.field("object"), node.field("property")
        return _read(_evaluate(owner, values), name.text()) if owner is not None and name is not None else UNKNOWN
    if kind == "subscript_expression":
        owner, index = node.field("object"), node.field("index")
        if owner is not None and index is not None:
            return _read(_evaluate(owner, values), _evaluate(index, values))
    if kind in ("string", "number"):
        return node.text().strip("'\"") if kind == "string" else int(node.text()) if node.text().isdigit() else UNKNOWN
    return UNKNOWN


def _read(owner: Any, key: Any) -> Any:
    items = items_of(owner) if isinstance(owner, list) else None
    if items is not None:
        return (items[key] if 0 <= key < len(items) else UNDEFINED) if isinstance(key, int) else UNKNOWN
    fields = owner.get("fields") if isinstance(owner, Mapping) and "$object" in owner else entries_of(owner)
    if not isinstance(fields, Mapping) or owner is UNKNOWN or key is UNKNOWN or not isinstance(key, str | int):
        return UNKNOWN
    return fields.get(str(key), UNKNOWN if "$object" in owner or "$cut" in fields else UNDEFINED)
