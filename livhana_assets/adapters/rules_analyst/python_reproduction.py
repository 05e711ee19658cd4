"""A regression test for pytest, rebuilt from the variables that the crash logged."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from livhana_assets.adapters.rules_analyst.literals import NotRebuildable, named, python_imports
from livhana_assets.adapters.rules_analyst.python_calls import Call, call_of
from livhana_assets.adapters.rules_analyst.python_layout import PythonLayout
from livhana_assets.adapters.rules_analyst.python_probe import probe_script
from livhana_assets.adapters.rules_analyst.python_site import PythonSite, entry_sites, sites
from livhana_assets.loop.proposals.ports import Crash, Reproduction

ROW = '''def _row(fields):
    """A database row with these columns."""
    connection = sqlite3.connect(":memory:")
    connection.row_factory = sqlite3.Row
    names = ", ".join(f'? as "{name}"' for name in fields)
    return connection.execute(f"select {names}", tuple(fields.values())).fetchone()
'''


def reproductions(crash: Crash) -> tuple[Reproduction, ...]:
    """One for each frame whose call can be rebuilt, innermost first; the crash's entry last."""
    return tuple(one for one in _each(crash) if isinstance(one, Reproduction))


def missing(crash: Crash) -> tuple[str, ...]:
    """What kept the calls of the other frames from being rebuilt."""
    return tuple(one for one in _each(crash) if isinstance(one, str))


def _each(crash: Crash) -> Iterator[Reproduction | str]:
    layout, found = PythonLayout(crash), [*sites(crash), *entry_sites(crash)]
    for place, site in enumerate(found):
        outer = found[place + 1] if place + 1 < len(found) and found[place + 1].inner is site else None
        folder = layout.test_folder(site.source.path)
        try:
            call = call_of(site, outer, layout, layout.fixtures(folder))
        except NotRebuildable as why:
            yield named(site.function.name, why)
            continue
        yield _reproduction(site, call, layout, folder)


def _reproduction(site: PythonSite, call: Call, layout: PythonLayout, folder: str) -> Reproduction:
    crash = site.crash
    path = f"{folder}/test_livhana_{_underscored(crash.pattern.pattern_id)}.py".removeprefix("/")
    name = f"test_{call.function.strip('_')}_answers_where_it_raised_{_snake(crash.pattern.error_type)}"
    told = f"{_where(site, call)}, called as it was when it crashed ({crash.pattern.pattern_id})."
    test = PythonTest(name, call, told, layout)
    probe = (
        ""
        if call.fixtures
        else probe_script(
            call.code,
            _imports(call, ""),
            ROW if "_row(" in call.code else "",
            site.source.path,
            layout.root_of(site.source.path),
        )
    )
    return Reproduction(path, f"{path}::{name}", call.function, site.depth, test.render, probe)


def _where(site: PythonSite, call: Call) -> str:
    """What was raised in which function, and through which other one the test gets there."""
    raised = site.crash.frames[-1]
    if not site.depth:
        return f"{site.crash.pattern.error_type} in {call.function} ({site.where})"
    function = raised.function.rpartition(".")[2]
    return (
        f"{site.crash.pattern.error_type} in {function} ({raised.file}:{raised.line}), reached through {call.function}"
    )


@dataclass(frozen=True)
class PythonTest:
    """The test file around a call."""

    name: str
    call: Call
    told: str
    layout: PythonLayout

    def render(self, value: str | None) -> str:
        """`value` is a literal, `type:NAME` or `raises:NAME`; None asserts only that the call returns."""
        blocks = [f'"""{self.told}"""']
        blocks += ["\n".join(group) for group in _grouped([*_imports(self.call, value or ""), *self._raised(value)])]
        body = "\n".join(f"    {line}" for line in _asserted(self.call.code, value))
        test = f"def {self.name}({', '.join(self.call.fixtures)}):\n{body}"
        helper = [ROW.rstrip()] if "_row(" in self.call.code else []
        return "\n\n".join(blocks) + "\n\n\n" + "\n\n\n".join([*helper, test]) + "\n"

    def _raised(self, value: str | None) -> list[str]:
        if not value or not value.startswith("raises:"):
            return []
        name = value.partition(":")[2]
        source = self.layout.class_file(name)
        return ["import pytest", *([f"from {self.layout.module_of(source.path)} import {name}"] if source else [])]


def _asserted(code: str, value: str | None) -> list[str]:
    if value is None:
        return [code]
    if value.startswith("raises:"):
        return [f"with pytest.raises({value.partition(':')[2]}):", f"    {code}"]
    if value.startswith("type:"):
        return [f"assert type({code}).__name__ == {value.partition(':')[2]!r}"]
    return [f"assert {code} {'is' if value in ('None', 'True', 'False') else '=='} {value}"]


def _imports(call: Call, value: str) -> list[str]:
    code = f"{call.code} {value}"
    standard = ["import asyncio"] if code.startswith("asyncio.run(") else []
    standard += python_imports(code) + (["import sqlite3"] if "_row(" in code else [])
    return [*standard, *call.imports]


def _grouped(lines: list[str]) -> list[list[str]]:
    """Standard modules, pytest, the target's own: each sorted, empty ones left out."""
    standard = ("import asyncio", "import datetime", "import sqlite3", "from decimal import Decimal")
    distinct = sorted(set(lines), key=lambda line: (line.startswith("from"), line))
    groups = [[x for x in distinct if x in standard], [x for x in distinct if x == "import pytest"]]
    groups.append([x for x in distinct if x not in standard and x != "import pytest"])
    return [group for group in groups if group]


def _underscored(text: str) -> str:
    return re.sub(r"\W+", "_", text)


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.rpartition(".")[2]).lower()
