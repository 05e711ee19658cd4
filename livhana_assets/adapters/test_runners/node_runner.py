"""`node --test` through the sandbox, with our own reporter."""

from __future__ import annotations

import posixpath
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

from livhana_assets.adapters.test_runners.reporting import RunnerMissing, as_test_run, only_object, reporter
from livhana_assets.loop.proposals.ports import Limits, Sandbox
from livhana_assets.loop.proposals.testing import TestRun

MODULE = re.compile(r"^\s*(import\s[^(]|export\s)", re.MULTILINE)


# Node keeps inherited descriptors from the test files' processes only where their numbers have no gap below them or are under 16.
AT_A_LOW_DESCRIPTOR = (
    sys.executable, "-I", "-S", "-c",
    "import os, sys; fd = int(os.environ['LIVHANA_REPORT_FD']); fd == 3 or (os.dup2(fd, 3), os.close(fd));"
    " os.set_inheritable(3, True); os.environ['LIVHANA_REPORT_FD'] = '3'; os.execvp(sys.argv[1], sys.argv[1:])",
)  # fmt: skip


class NodeRunner:
    """`folder` is the package's place in the checkout; ids stay relative to the checkout. `arguments` name files or options."""

    def __init__(
        self,
        sandbox: Sandbox,
        node: Path,
        readable: Sequence[Path] = (),
        limits: Limits | None = None,
        *,
        folder: str = "",
        arguments: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
    ) -> None:
        if not node.is_file():
            raise RunnerMissing(f"There is no Node at {node}: install Node 18.15 or newer, and put it on the PATH.")
        self.name = f"node --test ({folder})" if folder else "node --test"
        self._sandbox = sandbox
        self._node = node.resolve()
        self._readable = (*readable, *_installation(self._node))
        self._limits = limits
        self._folder = folder
        self._arguments = tuple(arguments)
        self._environment = dict(environment or {})

    def run(self, checkout: Path, ids: Sequence[str] = ()) -> TestRun:
        root = checkout.resolve()
        with reporter("node_report.mjs") as file, self._packages(root):
            options = ["--test", f"--test-reporter={file}", "--test-reporter-destination=stdout"]
            ran = self._sandbox.run(
                [*AT_A_LOW_DESCRIPTOR, *self._command([*options, *self._wanted(root, ids)])],
                root,
                environment={**self._environment, "LIVHANA_CHECKOUT": str(root)},
                readable=(*self._readable, file.parent),
                limits=self._limits,
            )
        return as_test_run(ran)

    def probe(self, checkout: Path, script: str) -> Mapping[str, Any] | None:
        kind = ["--input-type=module"] if MODULE.search(script) else []
        root = checkout.resolve()
        with self._packages(root):
            ran = self._sandbox.run(
                self._command([*kind, "-e", script]),
                root,
                environment=self._environment,
                readable=self._readable,
                limits=self._limits,
            )
        return only_object(ran)

    @contextmanager
    def _packages(self, root: Path) -> Iterator[None]:
        """Installed packages among the readable folders, seen from the checkout: Node looks for `node_modules` only upwards."""
        made = [link for link in map(partial(_linked, root, self._folder), self._readable) if link is not None]
        try:
            yield
        finally:
            for link in made:
                link.unlink(missing_ok=True)

    def _command(self, words: Sequence[str]) -> list[str]:
        moved = ["/usr/bin/env", "-C", self._folder] if self._folder else []
        return [*moved, str(self._node), *words]

    def _wanted(self, root: Path, ids: Sequence[str]) -> list[str]:
        """The files of the ids; else what the package's own script names, with its patterns spelled out."""
        options = [word for word in self._arguments if word.startswith("-")]
        if ids:
            files = dict.fromkeys(test_id.partition("::")[0] for test_id in ids)
            return [*options, *(posixpath.relpath(file, self._folder or ".") for file in files)]
        here = root / self._folder
        places = [word for word in self._arguments if not word.startswith("-")]
        return [*options, *(name for place in places for name in _spelled_out(here, place))]


def _linked(root: Path, folder: str, readable: Path) -> Path | None:
    """The link made for a readable `node_modules`, or for the one in a readable folder; None where there is nothing to link."""
    packages = readable.resolve() if readable.name == "node_modules" else readable.resolve() / "node_modules"
    link = (root / folder if folder and packages.parent.match(folder) else root) / "node_modules"
    if not packages.is_dir() or link.exists() or link.is_symlink():
        return None
    link.symlink_to(packages)
    return link


def _spelled_out(folder: Path, pattern: str) -> list[str]:
    """As the shell would: Node before 21 knows no patterns. What matches nothing stays as it is, and fails visibly."""
    if not any(sign in pattern for sign in "*?[") or PurePosixPath(pattern).is_absolute():
        return [pattern]
    return sorted(str(path.relative_to(folder)) for path in folder.glob(pattern) if path.is_file()) or [pattern]


def _installation(node: Path) -> tuple[Path, ...]:
    """Where Node is when it is not below /usr: its file, or the whole installation where it has the usual shape."""
    if node.is_relative_to("/usr"):
        return ()
    prefix = node.parent.parent
    whole = node.parent.name == "bin" and (prefix / "include" / "node").is_dir()
    return (prefix if whole else node,)
