"""Python tests that never fail, from their syntax trees: pytest's functions and classes, unittest's cases."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from livhana_assets.loop.patterns.code_quality.never_failing import ASSERTING, Suspicion, Why
from livhana_assets.loop.patterns.code_quality.python_calls import parsed
from livhana_assets.loop.patterns.code_quality.reading import SourceFile

Function = ast.FunctionDef | ast.AsyncFunctionDef
SWALLOWING = frozenset({"", "Exception", "BaseException", "AssertionError"})
SAME = frozenset(
    {
        "assertEqual",
        "assertEquals",
        "assertIs",
        "assertDictEqual",
        "assertListEqual",
        "assertAlmostEqual",
        "assertSequenceEqual",
    }
)


@dataclass(frozen=True)
class _Test:
    path: str
    name: str
    node: Function
    held: Sequence[ast.expr]
    """The decorators of the classes around it."""


def never_failing_python(files: Iterable[SourceFile], unread: list[str]) -> Iterator[Suspicion]:
    """Of the test files; the paths of those with syntax errors are added to `unread`."""
    trees: list[tuple[str, ast.Module]] = []
    for file in files:
        tree = parsed(file)
        if tree is None:
            unread.append(file.path)
        else:
            trees.append((file.path, tree))
    helpers = asserting_helpers(tree for _, tree in trees)
    for path, tree in trees:
        for test in _tests(path, tree):
            if why := _why(test, helpers):
                yield _suspicion(test, *why)


def asserting_helpers(trees: Iterable[ast.Module]) -> frozenset[str]:
    """The names of the functions and fixtures of the test files that can fail a test, by themselves or by what they call."""
    calls: dict[str, set[str]] = {}
    asserting: set[str] = set()
    for tree in trees:
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                calls.setdefault(node.name, set()).update(_called(node))
                if any(map(_asserts, ast.walk(node))):
                    asserting.add(node.name)
    while more := {name for name, called in calls.items() if name not in asserting and called & asserting}:
        asserting |= more
    return frozenset(asserting)


def _tests(path: str, tree: ast.Module) -> Iterator[_Test]:
    if path.endswith("conftest.py"):
        return
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test"):
            yield _Test(path, node.name, node, ())
        elif isinstance(node, ast.ClassDef) and (
            node.name.startswith("Test") or any("Test" in ast.unparse(b) for b in node.bases)
        ):
            for inner in node.body:
                if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef) and inner.name.startswith("test"):
                    yield _Test(path, f"{node.name}.{inner.name}", inner, node.decorator_list)


def _why(test: _Test, helpers: frozenset[str]) -> tuple[Why, int] | None:
    if skipped := _skipped(test):
        return "skipped", skipped
    # A fixture's body is another function's: it is no test whatever its name.
    if any("fixture" in ast.unparse(one) for one in test.node.decorator_list):
        return None
    body = [one for one in test.node.body if not _is_word(one)]
    if not body:
        return "empty", 0
    nodes = [node for statement in body for node in ast.walk(statement)]
    asserting = [node for node in nodes if _asserts(node)]
    given = {one.arg for one in (*test.node.args.args, *test.node.args.kwonlyargs)} - {"self"}
    if not asserting:
        return (
            None
            if (_called(test.node) | given | _used(test)) & helpers or any(map(_may_assert, given))
            else ("no_assertion", 0)
        )
    if all(map(_always_so, asserting)) and not _called(test.node) & helpers:
        return "constant", 0
    return ("swallowed", 0) if _all_swallowed(body, asserting) else None


def _suspicion(test: _Test, why: Why, line: int) -> Suspicion:
    node = test.node
    return Suspicion(test.path, test.name, node.lineno, node.end_lineno or node.lineno, why, line)


def _asserts(node: ast.AST) -> bool:
    if isinstance(node, ast.Assert | ast.Raise):
        return True
    if not isinstance(node, ast.Call):
        return False
    if any(
        word.arg == "check" and isinstance(word.value, ast.Constant) and word.value.value is True
        for word in node.keywords
    ):
        return True
    return bool(ASSERTING.search(_name(node.func)))


def _may_assert(name: str) -> bool:
    return bool(ASSERTING.search(name))


def _name(node: ast.expr) -> str:
    """The whole dotted name of what is called, as far as there is one."""
    if isinstance(node, ast.Attribute):
        return f"{_name(node.value)}.{node.attr}"
    if isinstance(node, ast.Call):
        return _name(node.func)
    return node.id if isinstance(node, ast.Name) else ""


def _called(node: ast.AST) -> set[str]:
    """The last names of what it calls, and of the functions that it hands on."""
    found = set()
    for one in ast.walk(node):
        if isinstance(one, ast.Call):
            handed = [arg for arg in (*one.args, *(word.value for word in one.keywords)) if isinstance(arg, ast.Name)]
            found |= {_name(part).rpartition(".")[2] for part in (one.func, *handed)}
    return found


def _used(test: _Test) -> set[str]:
    """Fixtures named by decorators."""
    decorators = (*test.node.decorator_list, *test.held)
    return {
        str(node.value)
        for one in decorators
        for node in ast.walk(one)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def _is_word(node: ast.stmt) -> bool:
    """A docstring, `pass` or `...`."""
    return isinstance(node, ast.Pass) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))


def _always_so(node: ast.AST) -> bool:
    if isinstance(node, ast.Assert):
        return _true(node.test) or _same(node.test)
    if isinstance(node, ast.Call):
        name = _name(node.func).rpartition(".")[2]
        if name == "assertTrue":
            return bool(node.args) and (_true(node.args[0]) or _same(node.args[0]))
        return name in SAME and len(node.args) >= 2 and _pure_twins(node.args[0], node.args[1])
    return False


def _true(node: ast.expr) -> bool:
    if isinstance(node, ast.Tuple):
        return bool(node.elts)
    return isinstance(node, ast.Constant) and bool(node.value)


def _same(node: ast.expr) -> bool:
    alike = (
        isinstance(node, ast.Compare)
        and len(node.ops) == 1
        and isinstance(node.ops[0], ast.Eq | ast.Is | ast.LtE | ast.GtE)
    )
    return alike and isinstance(node, ast.Compare) and _pure_twins(node.left, node.comparators[0])


def _pure_twins(one: ast.expr, other: ast.expr) -> bool:
    """Equal texts that call nothing: two calls may well differ."""
    calls = any(isinstance(node, ast.Call | ast.Await) for node in ast.walk(one))
    return not calls and ast.dump(one) == ast.dump(other)


def _all_swallowed(body: Sequence[ast.stmt], asserting: Sequence[ast.AST]) -> bool:
    """Whether each assertion stands in a `try` whose handler takes its failure and goes on."""
    inside: set[int] = set()
    for statement in body:
        for node in ast.walk(statement):
            if isinstance(node, ast.Try) and any(map(_swallows, node.handlers)):
                inside |= {id(part) for held in node.body for part in ast.walk(held)}
    return all(id(node) in inside for node in asserting)


def _swallows(handler: ast.ExceptHandler) -> bool:
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    names = {_name(kind).rpartition(".")[2] if kind else "" for kind in kinds}
    quiet = not any(
        _asserts(node) or isinstance(node, ast.Return) or _skips(node)
        for part in handler.body
        for node in ast.walk(part)
    )
    return bool(names & SWALLOWING) and quiet


def _skips(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and "skip" in _name(node.func).lower()


def _skipped(test: _Test) -> int:
    """The line that skips it whatever holds; 0 where none does."""
    for one in (*test.node.decorator_list, *test.held):
        if _name(one.func if isinstance(one, ast.Call) else one) in (
            "pytest.mark.skip",
            "mark.skip",
            "unittest.skip",
            "skip",
        ):
            return one.lineno
    first = next((one for one in test.node.body if not _is_word(one)), None)
    call = first.value if isinstance(first, ast.Expr) and isinstance(first.value, ast.Call) else None
    return first.lineno if first and call and _name(call.func) in ("pytest.skip", "self.skipTest") else 0
