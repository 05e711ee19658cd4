"""Test runners with reporters of our own: what a target's tests say, told by us and not by the target."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from livhana_assets.adapters.test_runners.command_runner import CommandRunner
from livhana_assets.adapters.test_runners.detect import RunnerSpec, detect_runners
from livhana_assets.adapters.test_runners.node_runner import NodeRunner
from livhana_assets.adapters.test_runners.pytest_runner import PytestRunner
from livhana_assets.adapters.test_runners.reporting import RunnerMissing
from livhana_assets.loop.proposals.ports import Limits, Sandbox, TestRunner

__all__ = [
    "CommandRunner",
    "NodeRunner",
    "PytestRunner",
    "RunnerMissing",
    "RunnerSpec",
    "detect_runners",
    "make_runner",
]


def make_runner(
    spec: RunnerSpec,
    sandbox: Sandbox,
    *,
    python: Path | None = None,
    node: Path | None = None,
    readable: Sequence[Path] = (),
    limits: Limits | None = None,
) -> TestRunner:
    """The runner that a spec means. Without paths: this interpreter, and the PATH's node. Raises RunnerMissing."""
    if spec.kind == "pytest":
        interpreter = python or Path(sys.executable)
        return PytestRunner(sandbox, interpreter, readable, limits, folder=spec.folder, arguments=spec.arguments)
    if spec.kind == "node":
        found = node or Path(shutil.which("node") or "/usr/bin/node")
        return NodeRunner(
            sandbox,
            found,
            readable,
            limits,
            folder=spec.folder,
            arguments=spec.arguments,
            environment=dict(spec.environment),
        )
    return CommandRunner(sandbox, spec.command, readable, limits)
