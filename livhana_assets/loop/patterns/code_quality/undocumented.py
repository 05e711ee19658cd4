"""Public functions that other files call and that say nothing of what they promise."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from livhana_assets.loop.patterns.code_quality.javascript_calls import javascript_uses, undocumented_javascript
from livhana_assets.loop.patterns.code_quality.model import Finding, Place
from livhana_assets.loop.patterns.code_quality.python_calls import python_uses, undocumented_python
from livhana_assets.loop.patterns.code_quality.reading import SourceFile

CALLS = 3
"""Call sites in other files, tests apart, under which few would read the documentation."""
LEAST_LINES = 5
"""A shorter function is read as fast as its documentation."""


@dataclass(frozen=True)
class Undocumented:
    """A public function without a word about it. `module` is what others import it from, as parts: `shop/cart` or `shop.cart`."""

    path: str
    name: str
    module: tuple[str, ...]
    first: int
    last: int


@dataclass(frozen=True)
class Use:
    """A call of an imported name: by which file, and from which module it was imported."""

    path: str
    module: tuple[str, ...]
    name: str


def undocumented(files: Sequence[SourceFile], unread: list[str]) -> list[Finding]:
    """The paths of Python files with syntax errors are added to `unread`. Methods are left out: nobody knows here whose a call is."""
    uses: list[Use] = []
    silent: list[Undocumented] = []
    for file in files:
        if file.language == "python":
            found = undocumented_python(file)
            if found is None:
                unread.append(file.path)
                continue
            silent += [Undocumented(*one) for one in found[0] if not file.is_test]
            uses += [Use(*one) for one in python_uses(file, found[1])]
        elif file.language in ("javascript", "typescript"):
            silent += [Undocumented(*one) for one in undocumented_javascript(file) if not file.is_test]
            uses += [Use(*one) for one in javascript_uses(file)]
    tests = {file.path for file in files if file.is_test}
    return list(_called(silent, _by_name(uses), tests))


def _by_name(uses: Iterable[Use]) -> dict[str, list[Use]]:
    found: dict[str, list[Use]] = {}
    for use in uses:
        found.setdefault(use.name, []).append(use)
    return found


def _called(silent: Sequence[Undocumented], uses: Mapping[str, list[Use]], tests: set[str]) -> Iterator[Finding]:
    named = Counter(one.name for one in silent)
    for one in silent:
        if one.last - one.first + 1 < LEAST_LINES:
            continue
        mine = [
            use for use in uses.get(one.name, ()) if use.path != one.path and _means(use, one, named[one.name] == 1)
        ]
        calls = [use for use in mine if use.path not in tests]
        if len(calls) >= CALLS:
            yield _finding(one, calls, len(mine) - len(calls))


def _means(use: Use, one: Undocumented, only: bool) -> bool:
    """Whether a module's end is the one imported from; or, where no other function has the name, a package above it that hands it on."""
    tail = one.module[-len(use.module) :] if use.module else ()
    return bool(tail) and (tail == use.module or (only and use.module[-1] in one.module[:-1]))


def _finding(one: Undocumented, calls: Sequence[Use], by_tests: int) -> Finding:
    callers = sorted({use.path for use in calls})
    title = f"{one.name} is called {len(calls)} times in {len(callers)} other files and has no documentation"
    details = {"function": one.name, "calls": len(calls), "calls_by_tests": by_tests, "callers": callers[:20]}
    place = Place(path=one.path, first=one.first, last=one.last)
    weight = len(calls) + len(callers) + (one.last - one.first) / 100
    return Finding("undocumented", one.name, title, (place,), float(round(weight, 2)), details)
