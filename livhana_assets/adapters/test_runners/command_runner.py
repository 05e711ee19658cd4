"""Any command of the operator's as a test runner: one id, passed where it exits with 0."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from livhana_assets.adapters.test_runners.reporting import RunnerMissing
from livhana_assets.loop.proposals.ports import Limits, Ran, Sandbox
from livhana_assets.loop.proposals.testing import TestResult, TestRun

ID = "command"


class CommandRunner:
    """Knows whether the command succeeded and nothing about single tests, so it cannot prove a regression test."""

    def __init__(
        self, sandbox: Sandbox, command: str, readable: Sequence[Path] = (), limits: Limits | None = None
    ) -> None:
        self.name = command
        self._sandbox = sandbox
        self._readable = tuple(readable)
        self._limits = limits

    def run(self, checkout: Path, ids: Sequence[str] = ()) -> TestRun:
        """Raises RunnerMissing where the shell does not find the command."""
        ran = self._sandbox.run(["/bin/sh", "-c", self.name], checkout, readable=self._readable, limits=self._limits)
        if ran.exit_code in (126, 127):
            raise RunnerMissing(
                f"The test command `{self.name}` cannot be run in the sandbox ({ran.output.strip()[-200:]}):"
                " correct IMPROVEMENT_TEST_COMMAND, or name its folder in IMPROVEMENT_SANDBOX_READABLE."
            )
        return _told(ran)

    def probe(self, checkout: Path, script: str) -> Mapping[str, Any] | None:
        """A command has no language to run a script in."""
        return None


def _told(ran: Ran) -> TestRun:
    if ran.ended_by != "exit":
        return TestRun({}, False, ran.ended_by, ran.output, ran.seconds)
    passed = ran.exit_code == 0
    message = "" if passed else ran.output[-2000:]
    result = TestResult(ID, "passed" if passed else "failed", ran.seconds, message=message)
    return TestRun({ID: result}, True, "exit", ran.output, ran.seconds)
