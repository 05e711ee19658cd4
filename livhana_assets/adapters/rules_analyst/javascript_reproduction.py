"""A regression test for node:test, rebuilt from the variables that the crash logged."""

from __future__ import annotations

import json
import posixpath
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from livhana_assets.adapters.rules_analyst.javascript_calls import JavaScriptCall, call_of
from livhana_assets.adapters.rules_analyst.javascript_probe import probe_script
from livhana_assets.adapters.rules_analyst.javascript_site import JavaScriptSite, sites
from livhana_assets.adapters.rules_analyst.javascript_source import JavaScriptSource
from livhana_assets.adapters.rules_analyst.literals import NotRebuildable, named
from livhana_assets.loop.proposals.ports import Crash, Reproduction

TEST_FILE = re.compile(r"(^|/)[^/]+[.-]test\.(c|m)?js$")


def reproductions(crash: Crash) -> tuple[Reproduction, ...]:
    """One for each frame whose call can be rebuilt, innermost first."""
    return tuple(one for one in _each(crash) if isinstance(one, Reproduction))


def missing(crash: Crash) -> tuple[str, ...]:
    """What kept the calls of the other frames from being rebuilt."""
    return tuple(one for one in _each(crash) if isinstance(one, str))


def _each(crash: Crash) -> Iterator[Reproduction | str]:
    for site in sites(crash):
        try:
            yield _reproduction(site, call_of(site))
        except NotRebuildable as why:
            yield named(site.name, why)


def _reproduction(site: JavaScriptSite, call: JavaScriptCall) -> Reproduction:
    crash = site.crash
    folder = folder_of_tests(crash, call.path)
    module = is_module(crash, site.source)
    # In a package of the other kind, the ending says what the test is.
    path = f"{folder}/livhana-{crash.pattern.pattern_id}.test.{'mjs' if module else 'cjs' if _in_package_of_modules(crash, call.path) else 'js'}".removeprefix(
        "/"
    )
    name = f"{call.function} answers where it raised {crash.pattern.error_type}"
    told = f"{_where(site, call)}, called as it was when it crashed ({crash.pattern.pattern_id})."
    test = JavaScriptTest(name, call, told, folder, module)
    return Reproduction(path, f"{path}::{name}", call.function, site.depth, test.render, probe_script(call, module))


def _where(site: JavaScriptSite, call: JavaScriptCall) -> str:
    """What was raised in which function, and through which other one the test gets there."""
    raised, error_type = site.crash.frames[-1], site.crash.pattern.error_type
    if not site.depth:
        return f"{error_type} in {call.function} ({site.where})"
    function = re.split(r"[\s.]", raised.function)[-1]
    return f"{error_type} in {function} ({raised.file}:{raised.line}), reached through {call.function}"


@dataclass(frozen=True)
class JavaScriptTest:
    """The test file around a call."""

    name: str
    call: JavaScriptCall
    told: str
    folder: str
    module: bool

    def render(self, value: str | None) -> str:
        """`value` is a literal, `type:NAME` or `raises:NAME`; None asserts only that the call returns."""
        head = [] if self.module else ["'use strict';"]
        keyword = "async () =>" if self.call.awaited or (value or "").startswith("raises:") else "() =>"
        body = "\n".join(f"  {line}" for line in self._asserted(value))
        test = f"test({json.dumps(self.name)}, {keyword} {{\n{body}\n}});"
        return "\n".join([f"// {self.told}", *head, "", *self._imports(value is not None), "", test]) + "\n"

    def _imports(self, asserting: bool) -> list[str]:
        names = [("test", "node:test"), *([("assert", "node:assert/strict")] if asserting else [])]
        relative = posixpath.relpath(self.call.path, self.folder or ".")
        here = relative if relative.startswith("..") else f"./{relative}"
        if self.module:
            return [f"import {name} from '{path}';" for name, path in names] + [self._imported(here)]
        told = [f"const {name} = require('{path}');" for name, path in names]
        return [*told, f"const {_bound(self.call)} = require('{here.removesuffix('.js')}');"]

    def _imported(self, here: str) -> str:
        return f"import {_bound(self.call, ' as ') if self.call.name else self.call.local} from '{here}';"

    def _asserted(self, value: str | None) -> list[str]:
        code = f"await {self.call.code}" if self.call.awaited else self.call.code
        if value is None:
            return [f"{code};"]
        kind, _, name = value.partition(":")
        if kind == "raises":
            return [f"await assert.rejects(async () => {self.call.code}, {{ name: {json.dumps(name)} }});"]
        if kind == "type" and name.isidentifier():
            return [f"assert.strictEqual(({code})?.constructor?.name, {json.dumps(name)});"]
        return [f"assert.deepStrictEqual({code}, {value});"]


def _bound(call: JavaScriptCall, renaming: str = ": ") -> str:
    if not call.name:
        return call.local
    return f"{{ {call.name} }}" if call.name == call.local else f"{{ {call.name}{renaming}{call.local} }}"


def is_module(crash: Crash, source: JavaScriptSource) -> bool:
    """Whether node loads the file as an ES module."""
    return source.is_module or (source.path.endswith(".js") and _in_package_of_modules(crash, source.path))


def folder_of_tests(crash: Crash, path: str) -> str:
    """The folder of tests nearest to a source file; `test` beside the nearest package.json, where there are none."""
    tests = Counter(
        test.rpartition("/")[0] for test in crash.paths if TEST_FILE.search(test) and "node_modules" not in test
    )
    if tests:
        return max(tests, key=lambda folder: (_shared(folder, path), -folder.count("/"), tests[folder]))
    packages = [p.rpartition("/")[0] for p in crash.paths if p.rpartition("/")[2] == "package.json"]
    nearest = max((p for p in packages if path.startswith(p)), key=len, default="")
    return f"{nearest}/test".removeprefix("/")


def _in_package_of_modules(crash: Crash, path: str) -> bool:
    package = next((place for place in _above(path) if place in crash.paths), "")
    return bool(re.search(r'"type"\s*:\s*"module"', crash.read(package) or "")) if package else False


def _above(path: str) -> list[str]:
    parts = path.split("/")[:-1]
    return ["/".join([*parts[:count], "package.json"]) for count in range(len(parts), -1, -1)]


def _shared(folder: str, path: str) -> int:
    """How many leading folders two paths share."""
    return len(posixpath.commonpath([f"/{folder}", f"/{path}"]).strip("/").split("/")) if folder else 0
