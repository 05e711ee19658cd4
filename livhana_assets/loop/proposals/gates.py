"""What a patch must satisfy before anything of it runs, and again before it lands. Each gate says why it refuses.

The gates look at the commit that the patch became, not at the patch's text: modes, blobs and paths as git holds them.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from fnmatch import fnmatchcase

from livhana_assets.loop.proposals.model import Gate
from livhana_assets.loop.proposals.parsing import parse_python
from livhana_assets.loop.proposals.policy import Policy
from livhana_assets.loop.proposals.ports import FileChange
from livhana_assets.loop.proposals.swallowing import JAVASCRIPT, swallowed
from livhana_assets.loop.sources.paths import is_test_path

Read = Callable[[str], str | None]

RUNNER_CONFIGURATION = (
    "conftest.py", "pytest.ini", ".pytest.ini", "pytest.toml", ".pytest.toml", "tox.ini", "setup.cfg", "setup.py", "pyproject.toml",
    "noxfile.py", ".coveragerc", "sitecustomize.py", "usercustomize.py", "*.pth", "package.json", "package-lock.json",
    "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml", ".npmrc", ".mocharc*", "jest.config*", "vitest.config*", "babel.config*",
    "tsconfig*.json", "Makefile", "requirements*.txt", "*.lock", "Dockerfile", "Jenkinsfile", ".gitlab-ci.yml", ".travis.yml",
)  # fmt: skip
"""Files that decide how tests run: they come from the base, always."""

CI_FOLDERS = (".github", ".circleci", ".ci", ".gitlab", ".husky", ".buildkite")
PLAIN_MODES = ("100644", "100755")
PYTHON = (".py",)
NAMED_AS_A_TEST = ("test_*.py", "*_test.py", "*.test.[jt]s", "*.test.[mc]js", "*.spec.*", "*-test.js", "*_test.js")


def vet(
    changes: Sequence[FileChange],
    *,
    before: Read,
    after: Read,
    policy: Policy,
    needs_test: bool = True,
    undone: Sequence[FileChange] = (),
) -> tuple[Gate, ...]:
    """Every gate's word on a change, in a fixed order. A change may be run or landed only if all passed.

    `undone` are the changes of a landed commit that this one takes back: files that it gives back exactly as they were before
    that commit, its tests among them, are nothing new and only their paths and number are looked at."""
    whole, changes = changes, tuple(c for c in changes if not any(_gives_back(c, u) for u in undone))
    unread = {
        "no swallowed exceptions": _unread(changes, PYTHON + JAVASCRIPT),
        "no emptied functions": _unread(changes, PYTHON),
        "no special case of the test": _unread(changes, PYTHON),
    }
    return tuple(
        Gate(name=name, passed=not reason, reason=reason or unread.get(name) or "nothing against it")
        for name, reason in (
            ("plain paths", _first(_odd_path(c.path) for c in whole)),
            ("plain files", _first(_odd_file(c) for c in changes)),
            ("test configuration untouched", _first(_configuration(c.path) for c in whole)),
            ("existing tests untouched", _first(_edited_test(c) for c in changes)),
            ("a source file changes", "" if any(_is_source(c) for c in whole) else "no source file changes"),
            (
                "a regression test is added",
                "" if not needs_test or any(_is_new_test(c) for c in changes) else "it adds no test",
            ),
            ("size", _size(whole, policy)),
            ("no swallowed exceptions", _first(_swallows(c, before, after) for c in changes)),
            ("no emptied functions", _first(_empties(c, before, after) for c in changes)),
            ("no special case of the test", _special_case(changes, before, after)),
        )
    )


def _gives_back(change: FileChange, undone: FileChange) -> bool:
    """Whether a path is again exactly what it was before `undone`, from exactly what it became by it."""
    now = (change.path, change.old_mode, change.old_blob, change.new_mode, change.new_blob)
    return now == (undone.path, undone.new_mode, undone.new_blob, undone.old_mode, undone.old_blob)


def untouchable_place(path: str) -> str:
    """Why no patch may have anything at this path, whatever it does there; "" where it may."""
    return _odd_path(path)


def refusal(gates: Sequence[Gate]) -> str:
    """Which gates refused and why, in one sentence; empty where none did."""
    return "; ".join(f"{gate.name}: {gate.reason}" for gate in gates if not gate.passed)


def _unread(changes: Sequence[FileChange], endings: tuple[str, ...]) -> str:
    """Which files a gate did not look at, as it does not know their language."""
    paths = [change.path for change in changes if not change.path.endswith(endings)]
    return f"not looked at: {', '.join(paths)}" if paths else ""


def _first(reasons: Iterator[str]) -> str:
    return next((reason for reason in reasons if reason), "")


def _odd_path(path: str) -> str:
    parts = path.split("/")
    if path.startswith("/") or ".." in parts or "" in parts or "\\" in path:
        return f"{path!r} is no path inside the repository"
    if any(ord(character) < 32 for character in path):
        return f"{path!r} has control characters"
    if any(part.lower().startswith(".git") for part in parts):
        return f"{path} belongs to git"
    return ""


def _odd_file(change: FileChange) -> str:
    if change.status not in ("A", "M"):
        return f"{change.path} is {'deleted' if change.status == 'D' else 'changed in kind'}"
    if change.new_mode not in PLAIN_MODES:
        return f"{change.path} has mode {change.new_mode}"
    if change.status == "A" and change.new_mode != "100644":
        return f"{change.path} is added as an executable"
    if change.status == "M" and change.old_mode != change.new_mode:
        return f"{change.path} changes its mode from {change.old_mode} to {change.new_mode}"
    return f"{change.path} is binary" if change.binary else ""


def _configuration(path: str) -> str:
    *folders, name = path.split("/")
    if any(folder in CI_FOLDERS for folder in folders):
        return f"{path} is part of the continuous integration"
    if any(fnmatchcase(name, pattern) for pattern in RUNNER_CONFIGURATION):
        return f"{path} decides how tests run"
    return ""


def _edited_test(change: FileChange) -> str:
    if not is_test_path(change.path):
        return ""
    if change.status != "A":
        return f"{change.path} exists already"
    # Another module in a test folder may be imported in place of the source of its name, and so decide what the tests see.
    name = change.path.rpartition("/")[2]
    named = any(fnmatchcase(name, pattern) for pattern in NAMED_AS_A_TEST)
    return "" if named else f"{change.path} is added among the tests and is not named as a test"


def _is_source(change: FileChange) -> bool:
    return not is_test_path(change.path) and change.added + change.removed > 0


def _is_new_test(change: FileChange) -> bool:
    return is_test_path(change.path) and change.status == "A" and change.added > 0


def _size(changes: Sequence[FileChange], policy: Policy) -> str:
    if len(changes) > policy.max_files:
        return f"{len(changes)} files, {policy.max_files} are allowed"
    return _first(
        f"{c.path} changes {c.added + c.removed} lines, {policy.max_lines_per_file} are allowed"
        if c.added + c.removed > policy.max_lines_per_file
        else ""
        for c in changes
    )


# --- smells in sources -----------------------------------------------------------------------------------------------


def _swallows(change: FileChange, before: Read, after: Read) -> str:
    if change.path.endswith(JAVASCRIPT):
        return swallowed(change.path, before(change.path) or "", after(change.path) or "")
    old, new = _trees(change, before, after)
    if new is None:
        return f"{change.path} does not parse" if change.path.endswith(".py") else ""
    if _count(new, _is_broad_handler) > (_count(old, _is_broad_handler) if old else 0):
        return f"{change.path} catches every exception"
    if _count(new, _is_silent_handler) > (_count(old, _is_silent_handler) if old else 0):
        return f"{change.path} passes over an exception in silence"
    return ""


def _empties(change: FileChange, before: Read, after: Read) -> str:
    old, new = _trees(change, before, after)
    if old is None or new is None:
        return ""
    was = dict(_functions(old))
    for name, node in _functions(new):
        if name in was and _is_empty_body(node) and not _is_empty_body(was[name]):
            return f"{change.path}: {name} no longer does anything"
    return ""


def _special_case(changes: Sequence[FileChange], before: Read, after: Read) -> str:
    """A literal that the fix compares with and that the new test passes in: the fix knows its test."""
    test_literals = {lit for c in changes if _is_new_test(c) for lit in _literals(_parse(c.path, after(c.path)))}
    for change in changes:
        if is_test_path(change.path):
            continue
        old, new = _trees(change, before, after)
        if new is None:
            continue
        compared = set(_compared_literals(new)) - (set(_compared_literals(old)) if old else set())
        known = compared & test_literals
        if known:
            return f"{change.path} compares with {sorted(known, key=repr)[0]!r}, which is the test's input"
    return ""


def _trees(change: FileChange, before: Read, after: Read) -> tuple[ast.Module | None, ast.Module | None]:
    return _parse(change.path, before(change.path)), _parse(change.path, after(change.path))


def _parse(path: str, text: str | None) -> ast.Module | None:
    if text is None or not path.endswith(".py"):
        return None
    try:
        return parse_python(text)
    except (SyntaxError, ValueError, RecursionError):
        return None


def _count(tree: ast.Module, is_one: Callable[[ast.AST], bool]) -> int:
    return sum(is_one(node) for node in ast.walk(tree))


def _is_broad_handler(node: ast.AST) -> bool:
    if not isinstance(node, ast.ExceptHandler):
        return False
    names = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
    return any(
        name is None or (isinstance(name, ast.Name) and name.id in ("Exception", "BaseException")) for name in names
    )


def _is_silent_handler(node: ast.AST) -> bool:
    return isinstance(node, ast.ExceptHandler) and all(isinstance(statement, ast.Pass) for statement in node.body)


def _functions(tree: ast.Module) -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    """Each with its own name: methods with their class's, one that is defined again with its number."""
    seen: Counter[str] = Counter()
    for name, node in _named(tree, ""):
        seen[name] += 1
        yield name if seen[name] == 1 else f"{name} ({seen[name]})", node


def _named(node: ast.AST, outer: str) -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for child in ast.iter_child_nodes(node):
        name = outer
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            name = f"{outer}.{child.name}".lstrip(".")
            if not isinstance(child, ast.ClassDef):
                yield name, child
        yield from _named(child, name)


def _is_empty_body(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    body = [s for s in node.body if not (isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant))]
    return not body or (len(body) == 1 and isinstance(body[0], ast.Pass | ast.Return) and _is_empty_return(body[0]))


def _is_empty_return(statement: ast.stmt) -> bool:
    value = getattr(statement, "value", None)
    if isinstance(value, ast.List | ast.Tuple | ast.Set):
        return not value.elts
    if isinstance(value, ast.Dict):
        return not value.keys
    return value is None or (isinstance(value, ast.Constant) and not value.value)


TRIVIAL = (None, True, False, 0, 1, -1, "", b"")


def _literals(tree: ast.Module | None) -> Iterator[object]:
    for node in ast.walk(tree) if tree else ():
        if (
            isinstance(node, ast.Constant)
            and node.value not in TRIVIAL
            and isinstance(node.value, str | int | float | bytes)
        ):
            yield node.value


def _compared_literals(tree: ast.Module) -> Iterator[object]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare) and any(
            isinstance(op, ast.Eq | ast.NotEq | ast.In | ast.NotIn) for op in node.ops
        ):
            for side in (node.left, *node.comparators):
                if (
                    isinstance(side, ast.Constant)
                    and side.value not in TRIVIAL
                    and isinstance(side.value, str | int | float | bytes)
                ):
                    yield side.value
