"""Where changes are frequent and hard to make: files by commits, their functions by complexity (Tornhill, Your Code as a Crime Scene, 2015)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from livhana_assets.loop.patterns.code_quality.churn import Churn
from livhana_assets.loop.patterns.code_quality.complexity import Function, functions
from livhana_assets.loop.patterns.code_quality.model import Finding, Place
from livhana_assets.loop.patterns.code_quality.reading import SourceFile

OFTEN = 3
"""A file that fewer commits touched does not change often."""
COMPLEX = 10
"""A function under it is not complex: McCabe's own limit."""
MOST_FILES = 500
"""The most changed files are looked at; the complexity of the others would weigh little."""


def hotspots(files: Mapping[str, SourceFile], changed: Mapping[str, Churn], unread: list[str]) -> Iterator[Finding]:
    """Complex functions of files that change often. The paths of files that no parser reads are added to `unread`."""
    often = [
        path for path, one in changed.items() if one.commits >= OFTEN and path in files and not files[path].is_test
    ]
    for path in sorted(often, key=lambda path: (-changed[path].commits, path))[:MOST_FILES]:
        told = functions(files[path])
        if told is None:
            unread.append(path)
            continue
        yield from (_finding(path, one, changed[path]) for one in told if one.complexity >= COMPLEX)


def _finding(path: str, function: Function, change: Churn) -> Finding:
    name = function.name if "anonymous" not in function.name else f"the function at line {function.first}"
    title = f"{name} has {function.complexity} paths, and {change.commits} commits changed its file"
    details = {
        "function": function.name,
        "complexity": function.complexity,
        "commits": change.commits,
        "authors": len(change.authors),
    }
    place = Place(path=path, first=function.first, last=function.last)
    return Finding("hotspot", function.name, title, (place,), float(function.complexity * change.commits), details)
