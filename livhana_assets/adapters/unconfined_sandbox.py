"""The `Sandbox` that does not confine, for an operator who said `none` by name. Limits, report and environment are the same."""

from __future__ import annotations

import contextlib
import os
import secrets
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from livhana_assets.adapters.supervised_process import Launch, Pipes, supervise
from livhana_assets.adapters.supervised_process.environment import inside
from livhana_assets.loop.proposals.ports import Canary, Limits, Ran

MARK = "LIVHANA_RUN"


class UnconfinedSandbox:
    """Runs the target's code with this user's rights: it can read, write and reach whatever this user can."""

    level = "none"

    def run(
        self,
        command: Sequence[str],
        checkout: Path,
        *,
        environment: Mapping[str, str] | None = None,
        readable: Sequence[Path] = (),
        limits: Limits | None = None,
    ) -> Ran:
        folder = checkout.resolve(strict=True)
        mark = secrets.token_hex(16)
        with tempfile.TemporaryDirectory(prefix="livhana-run-", ignore_cleanup_errors=True) as private:

            def launch(pipes: Pipes) -> Launch:
                names = inside(pipes.report, private, private, {**(environment or {}), MARK: mark})
                return Launch(command, names, folder)

            return supervise(launch, limits or Limits(), folder, lambda: _marked(mark))

    def canaries(self) -> tuple[Canary, ...]:
        return (Canary("confinement", False, "IMPROVEMENT_SANDBOX=none: the target's code is not confined"),)


def _marked(mark: str) -> list[int]:
    """Processes that left the tree (a daemon does) still carry the run's mark in their environment."""
    wanted = f"{MARK}={mark}".encode()
    return [int(entry.name) for entry in os.scandir("/proc") if entry.name.isdigit() and wanted in _environment(entry)]


def _environment(entry: os.DirEntry[str]) -> list[bytes]:
    with contextlib.suppress(OSError):
        return Path(entry.path, "environ").read_bytes().split(b"\0")
    return []
