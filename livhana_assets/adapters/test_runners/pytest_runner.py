"""pytest through the sandbox, with our own reporter."""

from __future__ import annotations

import functools
import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from livhana_assets.adapters.test_runners.reporting import RunnerMissing, as_test_run, only_object, reporter
from livhana_assets.loop.proposals.ports import Limits, Sandbox
from livhana_assets.loop.proposals.testing import TestRun

WANTS_PLUGINS = (
    "not found in `markers`",
    "async def functions are not natively supported",
    "unrecognized arguments",
    "Unknown config option",
)


class PytestRunner:
    """`python` is the interpreter that has the target's dependencies and pytest. `folder` is relative to the checkout."""

    def __init__(
        self,
        sandbox: Sandbox,
        python: Path,
        readable: Sequence[Path] = (),
        limits: Limits | None = None,
        *,
        folder: str = "",
        arguments: Sequence[str] = (),
    ) -> None:
        if not python.is_file():
            raise RunnerMissing(
                f"There is no Python at {python}: set IMPROVEMENT_TEST_PYTHON to the target's interpreter."
            )
        self.name = f"pytest ({folder})" if folder else "pytest"
        self._sandbox = sandbox
        self._python = python.absolute()
        self._readable = (*readable, *prefixes_of(self._python))
        self._limits = limits
        self._folder = folder
        self._arguments = tuple(arguments)
        self._plugins = False

    def run(self, checkout: Path, ids: Sequence[str] = ()) -> TestRun:
        """Plugins of the interpreter are loaded only for a target that shows a need of them: without, it starts much faster."""
        run = self._run(checkout.resolve(), ids, self._plugins)
        if not self._plugins and needs_plugins(run):
            with_plugins = self._run(checkout.resolve(), ids, True)
            if len(with_plugins.passed) >= len(run.passed):
                self._plugins, run = True, with_plugins
        return run

    def _run(self, root: Path, ids: Sequence[str], plugins: bool) -> TestRun:
        wanted = [f"{root}/{test_id}" for test_id in ids]
        with reporter("pytest_report.py") as file:
            command = [str(self._python), str(file), str(root), self._folder, "1" if plugins else "0"]
            ran = self._sandbox.run(
                _in_folder(self._folder, [*command, *self._told(root, ids), *wanted]),
                root,
                readable=(*self._readable, file.parent),
                limits=self._limits,
            )
        return as_test_run(ran)

    def _told(self, root: Path, ids: Sequence[str]) -> list[str]:
        """The command's own arguments, without the places that it names where only some ids are wanted."""
        here = root / self._folder
        return [word for word in self._arguments if not (ids and (here / word.partition("::")[0]).exists())]

    def probe(self, checkout: Path, script: str) -> Mapping[str, Any] | None:
        root = checkout.resolve()
        here = root / self._folder
        importable = dict.fromkeys((here, here / "src", root, root / "src"))
        ran = self._sandbox.run(
            _in_folder(self._folder, [str(self._python), "-c", script]),
            root,
            environment={"PYTHONPATH": os.pathsep.join(map(str, importable))},
            readable=self._readable,
            limits=self._limits,
        )
        return only_object(ran)


def needs_plugins(run: TestRun) -> bool:
    """Whether a run without plugins failed for the want of them."""
    if not run.complete and any(sign in run.output for sign in WANTS_PLUGINS):
        return True
    told = [result.message for result in run.results.values() if result.outcome in ("failed", "error")]
    return any(_names_a_missing_fixture(message) or any(sign in message for sign in WANTS_PLUGINS) for message in told)


def _names_a_missing_fixture(message: str) -> bool:
    return "fixture '" in message and "not found" in message


def _in_folder(folder: str, command: list[str]) -> list[str]:
    return ["/usr/bin/env", "-C", folder, *command] if folder else command


@functools.cache
def prefixes_of(python: Path) -> tuple[Path, ...]:
    """The folders that an interpreter needs: asked of itself, which is the operator's choice and no part of a target."""
    question = (
        "import json, sys; print(json.dumps([sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix]))"
    )
    try:
        told = subprocess.run([python, "-I", "-c", question], capture_output=True, text=True, timeout=30, check=True)
        return tuple(dict.fromkeys(map(Path, json.loads(told.stdout))))
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        raise RunnerMissing(f"{python} does not run: set IMPROVEMENT_TEST_PYTHON to a working interpreter.") from error
