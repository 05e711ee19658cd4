"""Which runners a target needs, told from the names and texts of its files alone. Nothing is run."""

from __future__ import annotations

import json
import posixpath
import re
import shlex
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from typing import Literal

Read = Callable[[str], str | None]


@dataclass(frozen=True)
class RunnerSpec:
    """One runner to make: its kind, the folder it starts in ("" is the checkout), what it is told."""

    kind: Literal["pytest", "node", "command"]
    folder: str = ""
    arguments: tuple[str, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()
    command: str = ""


ASSIGNMENT = re.compile(r"^([A-Za-z_]\w*)=(.*)$")
MOVED = re.compile(r"^\s*cd\s+(\S+)\s*&&\s*(.+)$", re.DOTALL)
SHELL = re.compile(r"[;&|<>`$()]")
PYTHON_TEST_FILES = ("test_*.py", "*_test.py")
PYTHON_PROJECT_FILES = {"pyproject.toml", "pytest.ini", "setup.cfg", "setup.py", "tox.ini"}
NODE_TEST = re.compile(r"""["']node:test["']""")
NODE_TEST_FILES = ("*.test.js", "*.test.mjs", "*.test.cjs", "*-test.js", "*_test.js", "test-*.js", "test.js")
OWN_OPTIONS = ("--test", "--test-reporter", "--test-reporter-destination", "--watch", "--test-isolation")


def detect_runners(paths: Sequence[str], read: Read, command: str | None = None) -> tuple[RunnerSpec, ...]:
    """An explicit command is the only runner; pytest and `node --test` in it keep their reporter, so that tests have ids."""
    if command:
        return (_of_command(command, read),)
    theirs = [path for path in paths if "node_modules/" not in path and not path.startswith((".venv/", "venv/"))]
    return (*_pytest(theirs), *_node(theirs, read))


def _pytest(paths: Sequence[str]) -> Iterator[RunnerSpec]:
    """One for the whole checkout; one for each project below it where all tests belong to such projects."""
    tests = [path for path in paths if any(fnmatch(posixpath.basename(path), pattern) for pattern in PYTHON_TEST_FILES)]
    projects = {posixpath.dirname(path) for path in paths if posixpath.basename(path) in PYTHON_PROJECT_FILES}
    folders = {_nearest(posixpath.dirname(test), projects) for test in tests}
    for folder in [""] if "" in folders else sorted(folders):
        yield RunnerSpec("pytest", folder)


def _nearest(folder: str, projects: set[str]) -> str:
    while folder and folder not in projects:
        folder = posixpath.dirname(folder)
    return folder


def _node(paths: Sequence[str], read: Read) -> Iterator[RunnerSpec]:
    packages = sorted(posixpath.dirname(path) for path in paths if posixpath.basename(path) == "package.json")
    for folder in packages:
        script = _test_script(read(posixpath.join(folder, "package.json")))
        spec = _of_words(script, folder, read) if script else None
        if spec is not None and spec.kind == "node":
            yield spec
        elif _has_node_tests(folder, packages, paths, read):
            yield RunnerSpec("node", folder)


def _test_script(package: str | None) -> str:
    try:
        told = json.loads(package or "{}")
        return str(told.get("scripts", {}).get("test", ""))
    except (ValueError, AttributeError):
        return ""


def _has_node_tests(folder: str, packages: Sequence[str], paths: Sequence[str], read: Read) -> bool:
    """Told by the test files, not by the script: linters and wrappers of `node --test` have many names."""
    inner = [package for package in packages if package != folder and _below(package, folder)]
    own = (path for path in paths if _below(path, folder) and not any(_below(path, package) for package in inner))
    named = (path for path in own if any(fnmatch(posixpath.basename(path), pattern) for pattern in NODE_TEST_FILES))
    return any(NODE_TEST.search(read(path) or "") for path in named)


def _below(path: str, folder: str) -> bool:
    return not folder or path.startswith(folder + "/")


def _of_command(command: str, read: Read) -> RunnerSpec:
    moved = MOVED.match(command)
    folder, rest = (posixpath.normpath(moved[1]), moved[2]) if moved else ("", command)
    known = None if folder.startswith(("/", "..")) else _of_words(rest, "" if folder == "." else folder, read)
    return known or RunnerSpec("command", command=command)


def _of_words(text: str, folder: str, read: Read) -> RunnerSpec | None:
    """The runner that a plain command line means; None for anything with a shell's signs, or another tool."""
    if SHELL.search(text):
        return None
    try:
        words = shlex.split(text)
    except ValueError:
        return None
    environment = []
    while words and (assigned := ASSIGNMENT.match(words[0])):
        environment.append((assigned[1], assigned[2]))
        words = words[1:]
    return _of_tool(words, folder, tuple(environment), read)


def _of_tool(
    words: Sequence[str], folder: str, environment: tuple[tuple[str, str], ...], read: Read
) -> RunnerSpec | None:
    tool = posixpath.basename(words[0]) if words else ""
    if tool in ("npm", "pnpm", "yarn") and tuple(words[1:]) in (("test",), ("run", "test"), ("t",)):
        script = _test_script(read(posixpath.join(folder, "package.json")))
        return _of_words(script, folder, read) if script and not script.startswith(tool) else None
    if tool in ("pytest", "py.test") and not environment:
        return RunnerSpec("pytest", folder, tuple(words[1:]))
    if re.fullmatch(r"python[\d.]*", tool) and tuple(words[1:3]) == ("-m", "pytest") and not environment:
        return RunnerSpec("pytest", folder, tuple(words[3:]))
    if tool == "node" and "--test" in words:
        kept = tuple(word for word in words[1:] if word.partition("=")[0] not in OWN_OPTIONS)
        return RunnerSpec("node", folder, kept, environment)
    return None
