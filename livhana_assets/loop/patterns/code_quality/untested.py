"""Lines that were changed lately and that no test runs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from livhana_assets.loop.patterns.code_quality.complexity import function_at, functions
from livhana_assets.loop.patterns.code_quality.model import Finding, Place
from livhana_assets.loop.patterns.code_quality.reading import SourceFile
from livhana_assets.loop.patterns.code_quality.tokens import PYTHON_LIKE
from livhana_assets.loop.sources.coverage import FileCoverage, coverage_of
from livhana_assets.loop.sources.ports import Commit

MOST_FILES = 300
LEAST_LINES = 2
"""One line alone that no test runs is hardly worth a test."""
HASHED, SLASHED = re.compile(r"\s*(#|$)"), re.compile(r"\s*(//|/\*|$)")
Blamed = Callable[[str, int, int], Sequence[Commit]]


def untested_changes(
    files: Mapping[str, SourceFile],
    recent: Mapping[str, Commit],
    coverage: Mapping[str, FileCoverage],
    blame: Blamed,
    stale: list[str],
) -> Iterator[Finding]:
    """By function, the lines that commits of `recent` touched last and that the reports name as not run.

    A report that counts blank lines or lines beyond the file's end as code speaks of another text: its file is added to `stale`."""
    touched = dict.fromkeys(path for commit in recent.values() for path in commit.paths)
    for path in [path for path in touched if path in files and not files[path].is_test][:MOST_FILES]:
        told = coverage_of(path, coverage)
        if told is None or not told.missing:
            continue
        if not speaks_of(told, files[path]):
            stale.append(path)
            continue
        yield from _of_file(files[path], told, recent, blame)


def speaks_of(told: FileCoverage, file: SourceFile) -> bool:
    """Whether every line that the report calls code can be code in this text."""
    lines, comment = file.lines, HASHED if file.language in PYTHON_LIKE else SLASHED
    return all(0 < number <= len(lines) and not comment.match(lines[number - 1]) for number in told.ran | told.missing)


def _of_file(file: SourceFile, told: FileCoverage, recent: Mapping[str, Commit], blame: Blamed) -> Iterator[Finding]:
    """Where no test runs anything of the file it is one finding; else what stands outside of functions is left out: it is run by
    importing, and where it is not, as in `if TYPE_CHECKING`, it is not meant to be."""
    blamed = blame(file.path, 1, len(file.lines))
    changed = [number for number in sorted(told.missing) if number <= len(blamed) and blamed[number - 1].sha in recent]
    parts, by_function = functions(file) or (), dict[tuple[str, int], list[int]]()
    for number in changed:
        one = function_at(parts, number) if told.ran else None
        by_function.setdefault((one.name, one.first) if one else ("", 0), []).append(number)
    for (name, _), lines in by_function.items():
        if len(lines) >= LEAST_LINES and (name or not told.ran):
            yield _finding(file.path, name, lines, {blamed[number - 1].sha for number in lines})


def _finding(path: str, name: str, lines: Sequence[int], commits: set[str]) -> Finding:
    title = f"{len(lines)} changed lines of {name} are run by no test"
    if not name:
        title = f"no test runs anything of {path.rpartition('/')[2]}, with {len(lines)} changed lines"
    places = tuple(Place(path=path, first=first, last=last) for first, last in _spans(lines))
    details = {"function": name, "lines": list(lines)[:200], "count": len(lines), "commits": sorted(commits)[:20]}
    return Finding("untested_change", name, title, places, float(len(lines)), details)


def _spans(lines: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Lines as spans; two with at most one line between them are one."""
    first = last = lines[0]
    for line in lines[1:]:
        if line > last + 2:
            yield first, last
            first = line
        last = line
    yield first, last
