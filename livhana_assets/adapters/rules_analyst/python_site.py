"""A frame of a Python crash laid over its file: the statement that failed, and which of its expressions can be to blame."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import takewhile
from typing import Any

from livhana_assets.adapters.rules_analyst.logged_values import evaluate
from livhana_assets.adapters.rules_analyst.python_source import (
    COMPREHENSIONS,
    Function,
    PythonSource,
    names_in,
    own_nodes,
    parse,
)  # fmt: skip
from livhana_assets.loop.patterns.model import Frame
from livhana_assets.loop.proposals.ports import Crash
from livhana_assets.loop.sources.paths import is_test_path

MAX_SITES = 4
MAX_FILES = 400
INNER = ("<listcomp>", "<genexpr>", "<dictcomp>", "<setcomp>", "<lambda>")


@dataclass(frozen=True, eq=False)
class PythonSite:
    crash: Crash
    frame: Frame
    depth: int
    """0 is where the exception was raised, 1 its caller, and so on."""
    source: PythonSource
    function: Function
    statement: ast.stmt
    inner: PythonSite | None = field(default=None, repr=False)
    """The site that this one called, where both are in-app."""

    @property
    def message(self) -> str:
        return self.crash.exemplar.message

    @property
    def where(self) -> str:
        return f"{self.frame.file}:{self.frame.line}"

    @property
    def deliberate(self) -> bool:
        """Whether the code raised on purpose here."""
        return self.depth == 0 and isinstance(self.statement, ast.Raise | ast.Assert)

    @cached_property
    def expressions(self) -> list[ast.expr]:
        """What the failing statement evaluates, narrowed to what the trace's carets mark."""
        every = self.source.expressions(self.statement)
        marked = _marked(self)
        exact = [node for node in every if marked and self.source.span(node) == marked]
        return [inner for node in exact for inner in (node, *_operands(node))] or every

    def value(self, expression: ast.AST) -> Any:
        """The logged form of an expression's value when it crashed, or UNKNOWN."""
        return evaluate(expression, self.frame.locals or {})

    def code(self, node: ast.AST) -> str:
        return self.source.code(node)

    def comprehension_of(self, node: ast.AST) -> ast.AST | None:
        """The innermost comprehension or lambda around an expression whose own variables it uses."""
        for outer in self.source.ancestors(node):
            if isinstance(outer, ast.stmt):
                return None
            if isinstance(outer, ast.Lambda) and names_in(node) & {arg.arg for arg in outer.args.args}:
                return outer
            if isinstance(outer, COMPREHENSIONS):
                bound = {name for part in outer.generators for name in names_in(part.target)}
                if names_in(node) & bound:
                    return outer
        return None

    def loop_of(self, expression: ast.AST) -> ast.For | None:
        """The loop around the failing statement on whose variables an expression rests, directly or through assignments."""
        names = names_in(expression)
        for outer in self.source.ancestors(self.statement):
            if isinstance(outer, Function):
                return None
            if isinstance(outer, ast.For) and names & _changing(outer):
                return outer
        return None

    @property
    def is_repeated(self) -> bool:
        """Whether the failing statement stands in a loop of its function."""
        inside = takewhile(lambda outer: outer is not self.function, self.source.ancestors(self.statement))
        return any(isinstance(outer, ast.For | ast.AsyncFor | ast.While) for outer in inside)

    @cached_property
    def returns(self) -> list[ast.Return]:
        return [node for node in own_nodes(self.function) if isinstance(node, ast.Return)]

    def files(self, text: str) -> Iterator[PythonSource]:
        """The code base's own Python files that hold a text, this one first."""
        yield self.source
        others = [p for p in self.crash.paths if p.endswith(".py") and p != self.source.path and not is_test_path(p)]
        for path in others[:MAX_FILES]:
            content = self.crash.read(path)
            if content and text in content and (parsed := parse(path, content)):
                yield parsed


def sites(crash: Crash) -> Iterator[PythonSite]:
    """The crash's frames as sites, innermost first, at most four functions."""
    return _laid(crash, list(enumerate(reversed(whole_functions(crash.frames))))[:MAX_SITES])


def entry_sites(crash: Crash) -> Iterator[PythonSite]:
    """The two outermost frames beyond those: what a service calls takes plain data more often than what lies between."""
    return _laid(crash, list(enumerate(reversed(whole_functions(crash.frames))))[MAX_SITES:][-2:])


def _laid(crash: Crash, frames: Sequence[tuple[int, Frame]]) -> Iterator[PythonSite]:
    inner: PythonSite | None = None
    for depth, frame in frames:
        source = parse(frame.file, crash.read(frame.file))
        function = source.function_at(frame.line) if source else None
        statement = source.statement_at(frame.line) if source else None
        if source is None or function is None or statement is None or statement is function:
            inner = None
            continue
        inner = PythonSite(crash, frame, depth, source, function, statement, inner)
        yield inner


def whole_functions(frames: tuple[Frame, ...]) -> tuple[Frame, ...]:
    """The frames with those of comprehensions and lambdas folded into the function that holds them."""
    folded: list[Frame] = []
    for frame in frames:
        if frame.function.endswith(INNER) and folded and folded[-1].file == frame.file:
            outer = folded.pop()
            both: Mapping[str, Any] = {**(outer.locals or {}), **(frame.locals or {})}
            folded.append(outer.model_copy(update={"locals": both, "line": frame.line, "column": frame.column}))
        else:
            folded.append(frame)
    return tuple(folded)


def passed_for(site: PythonSite, parameter: str) -> ast.expr | None:
    """The expression that this site passes for a parameter of the function it called."""
    inner = site.inner
    if inner is None:
        return None
    names = [arg.arg for arg in (*inner.function.args.posonlyargs, *inner.function.args.args)]
    for node in site.source.expressions(site.statement):
        if isinstance(node, ast.Call) and _called(node) == inner.function.name:
            given = {word.arg: word.value for word in node.keywords if word.arg}
            shift = 1 if names[:1] in (["self"], ["cls"]) else 0
            given |= dict(zip(names[shift:], node.args, strict=False))
            return given.get(parameter)
    return None


def _called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _operands(node: ast.expr) -> Iterator[ast.expr]:
    return (child for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr))


def _changing(loop: ast.For) -> set[str]:
    names = names_in(loop.target)
    for node in own_nodes(loop):
        if isinstance(node, ast.Assign) and names & names_in(node.value):
            names |= {name for target in node.targets for name in names_in(target)}
    return names


def _marked(site: PythonSite) -> tuple[int, int] | None:
    """The span that the interpreter's carets mark under the frame's line in the printed trace."""
    number, lines = site.frame.line, site.source.lines
    if not 0 < number <= len(lines):
        return None
    code = lines[number - 1].strip()
    printed = rf'File "[^"\n]*{re.escape(site.frame.file.rpartition("/")[2])}", line \d+, in [^\n]*\n( *){re.escape(code)}\n( *)([~^]+)'
    found = list(re.finditer(printed, site.crash.exemplar.stack_trace))
    if not found:
        return None
    shift = len(found[-1][2]) - len(found[-1][1])
    start = sum(len(line) for line in lines[: number - 1]) + lines[number - 1].index(code) + shift
    return start, start + len(found[-1][3])
