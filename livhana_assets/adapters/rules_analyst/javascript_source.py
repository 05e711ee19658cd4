"""A JavaScript file as text and tree: functions, statements, what is exported; changes spans of text, everything else to the byte."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from ast_grep_py import SgNode, SgRoot

FUNCTIONS = frozenset(
    {"function_declaration", "function_expression", "arrow_function", "method_definition", "generator_function_declaration"}
)  # fmt: skip
ENDINGS = (".js", ".cjs", ".mjs")


@dataclass(frozen=True, eq=False)
class JavaScriptSource:
    path: str
    text: str

    @cached_property
    def root(self) -> SgNode:
        return SgRoot(self.text, "javascript").root()

    @cached_property
    def lines(self) -> list[str]:
        return self.text.split("\n")

    @property
    def is_module(self) -> bool:
        """Whether it is an ES module by its own text or ending."""
        return self.path.endswith(".mjs") or bool(re.search(r"^(import|export)\s", self.text, re.MULTILINE))

    def function_at(self, line: int, column: int | None = None, name: str = "") -> SgNode | None:
        """The innermost function that holds the place (line and column from 1); one of that name, where one is."""
        inside = [node for node in nodes(self.root) if node.kind() in FUNCTIONS and _covers(node, line, column)]
        named = [node for node in inside if name and name_of(node) == name]
        return min(named or inside, key=lambda node: span(node)[1] - span(node)[0], default=None)

    def replaced(self, *edits: tuple[int, int, str]) -> str:
        """The text with some spans replaced."""
        text = self.text
        for start, end, new in sorted(edits, reverse=True):
            text = text[:start] + new + text[end:]
        return text

    def inserted_before(self, statement: SgNode, code: str) -> str | None:
        """The text with a line of code before a statement; None where the statement does not begin its line."""
        start = span(statement)[0]
        line_start = self.text.rfind("\n", 0, start) + 1
        indent = self.text[line_start:start]
        if indent.strip():
            return None
        ending = "\r\n" if self.text.find("\r\n") >= 0 else "\n"
        return self.text[:start] + code + ending + indent + self.text[start:]

    @cached_property
    def exports(self) -> dict[str, str]:
        """Exported name by local name; the name is empty for what the module itself is."""
        found: dict[str, str] = {}
        for name in re.findall(
            r"^export\s+(?:async\s+)?(?:function\*?|class|const|let)\s+(\w+)", self.text, re.MULTILINE
        ):
            found[name] = name
        for group in re.findall(r"^export\s*\{([^}]*)\}\s*;?\s*$", self.text, re.MULTILINE):
            for part in filter(None, map(str.strip, group.split(","))):
                local, _, exported = part.partition(" as ")
                found[local.strip()] = (exported or local).strip()
        for name in re.findall(
            r"^export\s+default\s+(?:async\s+)?(?:(?:function\b\s*\*?|class)\s*)?(\w+)", self.text, re.MULTILINE
        ):
            found.setdefault(name, "")
        for node in self.root.find_all(kind="assignment_expression"):
            found |= {local: name for local, name in _assigned_exports(node) if found.get(local) != ""}
        for name in [name for name, exported in found.items() if not exported and not self.is_module]:
            found |= {local: exported for local, exported in self._members(name) if local not in found}
        return found

    def _members(self, name: str) -> Iterator[tuple[str, str]]:
        """What an object that the file declares holds: local name and key."""
        for node in self.root.find_all(kind="variable_declarator"):
            value = node.field("value")
            if _text(node.field("name")) == name and value is not None and value.kind() == "object":
                yield from _named_in(value)


def parse(path: str, text: str | None) -> JavaScriptSource | None:
    """The file, or None where it is no JavaScript."""
    return JavaScriptSource(path, text) if text is not None and path.endswith(ENDINGS) else None


def nodes(node: SgNode) -> Iterator[SgNode]:
    yield node
    for child in node.children():
        yield from nodes(child)


def own_nodes(node: SgNode) -> Iterator[SgNode]:
    """The nodes inside, without those of functions inside."""
    for child in node.children():
        if child.kind() not in FUNCTIONS:
            yield child
            yield from own_nodes(child)


def span(node: SgNode) -> tuple[int, int]:
    return node.range().start.index, node.range().end.index


def name_of(function: SgNode) -> str:
    """The name by which the code calls a function; empty for one that is only passed on."""
    own = function.field("name")
    if own is not None:
        return own.text()
    parent = function.parent()
    if parent is not None and parent.kind() == "variable_declarator":
        return _text(parent.field("name"))
    if parent is not None and parent.kind() == "pair":
        return _text(parent.field("key"))
    if parent is not None and parent.kind() == "assignment_expression":
        left = parent.field("left")
        return _text(left.field("property")) if left is not None and left.kind() == "member_expression" else _text(left)
    return ""


def parameters(function: SgNode) -> list[SgNode]:
    single = function.field("parameter")
    if single is not None:
        return [single]
    listed = function.field("parameters")
    return [child for child in listed.children() if child.is_named() and child.kind() != "comment"] if listed else []


def parameter_names(function: SgNode) -> set[str]:
    kinds = ("identifier", "shorthand_property_identifier_pattern")
    return {node.text() for parameter in parameters(function) for node in nodes(parameter) if node.kind() in kinds}


def is_async(function: SgNode) -> bool:
    return any(child.text() == "async" for child in function.children())


def _assigned_exports(node: SgNode) -> Iterator[tuple[str, str]]:
    left, right = node.field("left"), node.field("right")
    if left is None or right is None:
        return
    named = re.fullmatch(r"(?:module\.)?exports\.(\w+)", left.text())
    if named:
        yield (right.text() if right.kind() == "identifier" else named[1]), named[1]
    elif left.text() == "module.exports" and right.kind() == "object":
        yield from _named_in(right)
    elif left.text() == "module.exports" and right.kind() == "identifier":
        yield right.text(), ""
    elif left.text() == "module.exports" and right.kind() in FUNCTIONS:
        yield name_of(right), ""


def _named_in(literal: SgNode) -> Iterator[tuple[str, str]]:
    """Local name and key of what an object literal names."""
    for child in literal.children():
        if child.kind() == "shorthand_property_identifier":
            yield child.text(), child.text()
        elif child.kind() == "pair":
            value, key = child.field("value"), _text(child.field("key"))
            yield (value.text() if value is not None and value.kind() == "identifier" else key), key
        elif child.kind() == "method_definition":
            yield _text(child.field("name")), _text(child.field("name"))


def _covers(node: SgNode, line: int, column: int | None) -> bool:
    start, end = node.range().start, node.range().end
    if column is None:
        return bool(start.line + 1 <= line <= end.line + 1)
    return (start.line + 1, start.column + 1) <= (line, column) <= (end.line + 1, end.column + 1)


def _text(node: SgNode | None) -> str:
    return node.text() if node is not None else ""
