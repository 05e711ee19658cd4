"""Where a Python target keeps its tests, how they import its modules, and which fixtures they have."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from livhana_assets.adapters.rules_analyst.python_source import Function, PythonSource, parse
from livhana_assets.loop.proposals.ports import Crash

MAX_TESTS = 200


@dataclass(frozen=True, eq=False)
class PythonLayout:
    crash: Crash

    @cached_property
    def tests(self) -> list[str]:
        return [path for path in self.crash.paths if _is_test(path)]

    def test_folder(self, path: str) -> str:
        """The folder of tests nearest to a source file; with most tests, where several are as near."""
        folders = Counter(test.rpartition("/")[0] for test in self.tests)
        if not folders:
            return "tests"
        return max(folders, key=lambda folder: (_shared(folder, path), -folder.count("/"), folders[folder]))

    def module_of(self, path: str) -> str:
        """The name under which tests import the file; by its packages, where none does."""
        parts = path.removesuffix(".py").removesuffix("/__init__").split("/")
        names = [".".join(parts[start:]) for start in range(len(parts))]
        imported = next((name for name in names if name in self._imported), None)
        beside = [names[i] for i in range(len(parts)) if "/".join(parts[:i]) in self._roots]
        # `from tests import ...` makes the checkout a root too; that does not make `src` a package.
        tops = {name.partition(".")[0] for name in self._imported}
        beside.sort(key=lambda name: name.partition(".")[0] not in tops)
        return imported or next(iter(beside), "") or ".".join(parts[self._package_start(parts) :])

    def root_of(self, path: str) -> str:
        """The folder that has to be importable for that name."""
        whole = path.removesuffix(".py").removesuffix("/__init__").split("/")
        return "/".join(whole[: len(whole) - len(self.module_of(path).split("."))]) or "."

    def file_of(self, module: str) -> PythonSource | None:
        """The file that a dotted module name means."""
        ending = module.replace(".", "/")
        for path in self.crash.paths:
            if f"/{path}".endswith((f"/{ending}.py", f"/{ending}/__init__.py")):
                return parse(path, self.crash.read(path))
        return None

    def fixtures(self, folder: str) -> set[str]:
        """The fixtures that a test in the folder can ask for."""
        parts = folder.split("/")
        above = ["/".join([*parts[:count], "conftest.py"]) for count in range(len(parts) + 1)]
        return {name for path in above for name in _fixtures(parse(path, self.crash.read(path)))}

    def class_file(self, name: str) -> PythonSource | None:
        """The file of the code base that defines a class, where only one does."""
        paths = [p for p in self.crash.paths if p.endswith(".py") and not _is_test(p)]
        holding = [p for p in paths if f"class {name}" in (self.crash.read(p) or "")]
        return parse(holding[0], self.crash.read(holding[0])) if len(holding) == 1 else None

    @cached_property
    def _imported(self) -> set[str]:
        beside = [path for path in self.crash.paths if path.endswith("conftest.py")]
        found: set[str] = set()
        for path in [*self.tests, *beside][:MAX_TESTS]:
            if source := parse(path, self.crash.read(path)):
                found |= set(_imports(source))
        return found

    @cached_property
    def _roots(self) -> set[str]:
        """The folders from which tests import the target's own modules."""
        return {
            "/".join(parts[:start])
            for path in self.crash.paths
            if path.endswith(".py")
            for parts in [path.removesuffix(".py").removesuffix("/__init__").split("/")]
            for start in range(len(parts))
            if ".".join(parts[start:]) in self._imported
        }

    def _package_start(self, parts: list[str]) -> int:
        held = set(self.crash.paths)
        start = len(parts) - 1
        while start > 0 and "/".join([*parts[:start], "__init__.py"]) in held:
            start -= 1
        packaged = start < len(parts) - 1
        return start if packaged else 1 if parts[0] in ("src", "lib") and len(parts) > 1 else 0


def _is_test(path: str) -> bool:
    name = path.rpartition("/")[2]
    return path.endswith(".py") and (name.startswith("test_") or name.endswith("_test.py"))


def _shared(folder: str, path: str) -> int:
    """How many leading folders two paths share."""
    count = 0
    for one, other in zip(folder.split("/"), path.split("/"), strict=False):
        if one != other:
            break
        count += 1
    return count


def _imports(source: PythonSource) -> Iterator[str]:
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _fixtures(source: PythonSource | None) -> Iterator[str]:
    for node in source.tree.body if source else ():
        if isinstance(node, Function):
            for decorator in node.decorator_list:
                if ast.unparse(decorator).partition("(")[0] in ("pytest.fixture", "fixture", "pytest_asyncio.fixture"):
                    named: list[ast.expr] = [w.value for w in getattr(decorator, "keywords", ()) if w.arg == "name"]
                    yield str(named[0].value) if named and isinstance(named[0], ast.Constant) else node.name
