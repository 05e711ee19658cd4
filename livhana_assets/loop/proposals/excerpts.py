"""The code that a crash is about: the functions of its frames, and those elsewhere that call the innermost one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from livhana_assets.loop.patterns.code_quality.complexity import Function, function_at, functions
from livhana_assets.loop.patterns.code_quality.reading import SourceFile
from livhana_assets.loop.proposals.ports import Crash
from livhana_assets.loop.sources.paths import is_test_path

MOST_LINES = 120
"""A longer function is shown around the line in question."""
WINDOW = 30
"""Lines above and below, where a line stands in no function."""
MOST_FRAMES = 6
MOST_CALLERS = 3
FILES_READ = 200
LARGEST = 200_000


@dataclass(frozen=True)
class Excerpt:
    """Whole lines of a file at the base commit, both ends included, from 1."""

    path: str
    function: str
    role: str
    """`crashed`, `on the trace` or `calls it`."""
    first: int
    last: int
    text: str


def traced(crash: Crash) -> tuple[Excerpt, ...]:
    """The functions of the frames, innermost first, each once."""
    found: dict[tuple[str, int], Excerpt] = {}
    for depth, frame in enumerate(reversed(crash.frames[-MOST_FRAMES:])):
        if (file := _file(crash, frame.file)) is not None and 0 < frame.line <= len(file.lines):
            one = _excerpt(file, frame.line, frame.function, "on the trace" if depth else "crashed")
            found.setdefault((one.path, one.first), one)
    return tuple(found.values())


def callers(crash: Crash, shown: tuple[Excerpt, ...]) -> tuple[Excerpt, ...]:
    """Functions beside those `shown` that call the innermost one by its name; of tests none, which nobody may edit."""
    name = re.split(r"[\s.:<>]+", crash.frames[-1].function)[-1]
    if not name.isidentifier():
        return ()
    seen = {(one.path, one.first) for one in shown}
    found: list[Excerpt] = []
    for one in _calls(crash, name):
        if (one.path, one.first) not in seen and len(found) < MOST_CALLERS:
            seen.add((one.path, one.first))
            found.append(one)
    return tuple(found)


def _calls(crash: Crash, name: str) -> Iterator[Excerpt]:
    called = re.compile(rf"(?<!def )(?<!function )\b{re.escape(name)}\s*\(")
    for path in _nearest(crash)[:FILES_READ]:
        file = _file(crash, path)
        for number, line in enumerate(file.lines if file and name in file.text else (), 1):
            if file and called.search(line):
                yield _excerpt(file, number, "", "calls it")


def _nearest(crash: Crash) -> list[str]:
    """The sources of the crash's kind, those of its own file and folder first."""
    own = crash.frames[-1].file
    folder, ending = own.rpartition("/")[0], own.rpartition(".")[2]
    alike = [
        path
        for path in crash.paths
        if path.endswith(f".{ending}") and not is_test_path(path) and "node_modules" not in path
    ]
    return sorted(alike, key=lambda path: (path != own, path.rpartition("/")[0] != folder, path))


def _file(crash: Crash, path: str) -> SourceFile | None:
    text = crash.read(path) if path in crash.paths else None
    return SourceFile(path, crash.language, text) if text is not None and len(text) <= LARGEST else None


def _excerpt(file: SourceFile, line: int, function: str, role: str) -> Excerpt:
    around = function_at(functions(file) or (), line) or Function(function, line - WINDOW, line + WINDOW, 0)
    first, last = max(around.first, 1), min(around.last, len(file.lines))
    if last - first >= MOST_LINES:
        first = max(first, line - MOST_LINES // 2)
        last = min(last, first + MOST_LINES - 1)
    text = "\n".join(file.lines[first - 1 : last])
    return Excerpt(file.path, around.name or function, role, first, last, text)
