"""A Python file as text and tree: finds what stands at a line, and changes spans of text, everything else to the byte."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from livhana_assets.loop.proposals.parsing import parse_python

Function = ast.FunctionDef | ast.AsyncFunctionDef
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
COMPOUND = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith, ast.Try, ast.Match)


@dataclass(frozen=True, eq=False)
class PythonSource:
    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return parse_python(self.text)

    @cached_property
    def lines(self) -> list[str]:
        return re.findall(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+", self.text)

    @cached_property
    def _starts(self) -> list[int]:
        starts = [0]
        for line in self.lines:
            starts.append(starts[-1] + len(line))
        return starts

    @cached_property
    def _parents(self) -> dict[ast.AST, ast.AST]:
        return {child: node for node in ast.walk(self.tree) for child in ast.iter_child_nodes(node)}

    def parent(self, node: ast.AST) -> ast.AST | None:
        return self._parents.get(node)

    def ancestors(self, node: ast.AST) -> Iterator[ast.AST]:
        """Innermost first."""
        while (found := self._parents.get(node)) is not None:
            yield found
            node = found

    def span(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        """Offsets of the node's text."""
        return self._offset(node.lineno, node.col_offset), self._offset(node.end_lineno or 0, node.end_col_offset or 0)

    def code(self, node: ast.AST) -> str:
        start, end = self.span(node)  # type: ignore[arg-type]
        return self.text[start:end]

    def function_at(self, line: int) -> Function | None:
        """The innermost function whose body holds the line."""
        inside = [
            node
            for node in ast.walk(self.tree)
            if isinstance(node, Function) and node.lineno <= line <= (node.end_lineno or 0)
        ]
        return max(inside, key=lambda node: node.lineno, default=None)

    def statement_at(self, line: int) -> ast.stmt | None:
        """The innermost statement that covers the line."""
        inside = [
            node
            for node in ast.walk(self.tree)
            if isinstance(node, ast.stmt) and node.lineno <= line <= (node.end_lineno or 0)
        ]
        return max(inside, key=lambda node: (node.lineno, -(node.end_lineno or 0)), default=None)

    def expressions(self, statement: ast.stmt) -> list[ast.expr]:
        """The expressions of a statement, without those of the statements inside it; innermost last."""
        found: list[ast.expr] = []
        for child in ast.iter_child_nodes(statement):
            if not isinstance(child, ast.stmt | ast.ExceptHandler | ast.match_case):
                found += [node for node in ast.walk(child) if isinstance(node, ast.expr)]
        return found

    def replaced(self, *edits: tuple[ast.expr | ast.stmt, str]) -> str:
        """The text with some nodes' text replaced."""
        text = self.text
        for node, new in sorted(edits, key=lambda edit: self.span(edit[0]), reverse=True):
            start, end = self.span(node)
            text = text[:start] + new + text[end:]
        return text

    def inserted_before(self, statement: ast.stmt, code: Iterable[str]) -> str | None:
        """The text with lines of code before a statement, at its indentation; None where the statement does not begin its line."""
        at = self._starts[statement.lineno - 1]
        line = self.lines[statement.lineno - 1]
        indent = line[: len(line) - len(line.lstrip())]
        if self._offset(statement.lineno, statement.col_offset) != at + len(indent) or self.is_elif(statement):
            return None
        ending = "\r\n" if line.endswith("\r\n") else "\n"
        return self.text[:at] + "".join(indent + each + ending for each in code) + self.text[at:]

    def put_under(self, head: str, statement: ast.stmt) -> str | None:
        """The text with a statement of one line moved under a head of its own; None for any other statement."""
        made = self.inserted_before(statement, [head])
        if made is None or statement.lineno != statement.end_lineno or ";" in self.lines[statement.lineno - 1]:
            return None
        shifted = PythonSource(self.path, made).lines
        shifted[statement.lineno] = self.indent_unit() + shifted[statement.lineno]
        return "".join(shifted)

    def is_elif(self, statement: ast.stmt) -> bool:
        return isinstance(statement, ast.If) and self.text.startswith("elif", self.span(statement)[0])

    def indent_unit(self) -> str:
        """One level of indentation as the file has it."""
        found = re.search(r"^(\t| +)(?=\S)", self.text, re.MULTILINE)
        return "\t" if found and found[1] == "\t" else "  " if found and found[1] == "  " else "    "

    def functions(self) -> Iterator[Function]:
        return (node for node in ast.walk(self.tree) if isinstance(node, Function))

    def _offset(self, line: int, column: int) -> int:
        if line < 1 or line > len(self.lines):
            return len(self.text)
        whole = self.lines[line - 1]
        return self._starts[line - 1] + (
            column if whole.isascii() else len(whole.encode()[:column].decode(errors="ignore"))
        )


def parse(path: str, text: str | None) -> PythonSource | None:
    """The file, or None where it is no Python that this interpreter reads."""
    if text is None or not path.endswith(".py"):
        return None
    source = PythonSource(path, text)
    try:
        _ = source.tree
    except (SyntaxError, ValueError, RecursionError):
        return None
    return source


def own_nodes(function: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a function, without those of functions and classes inside it."""
    for child in ast.iter_child_nodes(function):
        if not isinstance(child, Function | ast.ClassDef | ast.Lambda):
            yield child
            yield from own_nodes(child)


def names_in(node: ast.AST) -> set[str]:
    return {name.id for name in ast.walk(node) if isinstance(name, ast.Name)}


def has_call(node: ast.AST) -> bool:
    return any(
        isinstance(each, ast.Call | ast.Await | ast.NamedExpr | ast.Yield | ast.YieldFrom) for each in ast.walk(node)
    )


def parameters(function: Function) -> list[ast.arg]:
    arguments = function.args
    return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
