"""`BubblewrapSandbox`: no network, no secrets, no writes outside the checkout, bounded in everything. Fails closed."""

from __future__ import annotations

import shutil
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from livhana_assets.adapters.bubblewrap_sandbox import canaries
from livhana_assets.adapters.bubblewrap_sandbox.line import HOME, line
from livhana_assets.adapters.bubblewrap_sandbox.seccomp import filter_descriptor
from livhana_assets.adapters.supervised_process import Launch, Pipes, supervise
from livhana_assets.adapters.supervised_process.environment import inside
from livhana_assets.loop.proposals.ports import Canary, Limits, Ran, SandboxUnavailable

PATH = "/usr/bin:/bin"
OWN_PREFIXES = (Path(sys.prefix), Path(sys.base_prefix))
TEMPORARY_MB = 256

_tried: dict[tuple[Path, ...], tuple[Canary, ...]] = {}
_trying = threading.Lock()


class BubblewrapSandbox:
    """`python_prefixes` are visible read-only in every run: a virtual environment, and the installation that it is made from."""

    level = "bubblewrap"

    def __init__(self, python_prefixes: Sequence[Path] = OWN_PREFIXES) -> None:
        self._prefixes = tuple(dict.fromkeys(path.absolute() for path in (*OWN_PREFIXES, *python_prefixes)))

    def run(
        self,
        command: Sequence[str],
        checkout: Path,
        *,
        environment: Mapping[str, str] | None = None,
        readable: Sequence[Path] = (),
        limits: Limits | None = None,
    ) -> Ran:
        self._refuse_leaks()
        return self._run(command, checkout, environment or {}, readable, limits or Limits())

    def canaries(self) -> tuple[Canary, ...]:
        """Tried once per process. A canary that did not report back counts as escaped."""
        with _trying:
            if self._prefixes not in _tried:
                _tried[self._prefixes] = canaries.tried(self._run)
            return _tried[self._prefixes]

    def _refuse_leaks(self) -> None:
        escaped = [canary for canary in self.canaries() if not canary.held]
        if escaped:
            told = "; ".join(f"{canary.name} ({canary.detail})" for canary in escaped)
            raise SandboxUnavailable(
                f"The sandbox does not hold here: {told}. Allow unprivileged user namespaces and use bubblewrap 0.8 or newer,"
                " or say IMPROVEMENT_SANDBOX=none to run the target's code unconfined."
            )

    def _run(
        self,
        command: Sequence[str],
        checkout: Path,
        environment: Mapping[str, str],
        readable: Sequence[Path],
        limits: Limits,
    ) -> Ran:
        _refuse_without_bubblewrap()
        folder = checkout.resolve(strict=True)

        def launch(pipes: Pipes) -> Launch:
            seccomp = filter_descriptor()
            arguments = line(
                command,
                folder,
                environment=inside(pipes.report, HOME, "/tmp", environment),
                readable=(*self._prefixes, *readable),
                temporary_mb=min(TEMPORARY_MB, limits.disk_mb),
                seccomp=seccomp,
                info=pipes.info,
            )
            # bwrap is the first process inside: what its own environment holds can be read there in /proc/1/environ
            return Launch(arguments, {"PATH": PATH}, folder, (seccomp,))

        return supervise(launch, limits, folder)


def _refuse_without_bubblewrap() -> None:
    if shutil.which("bwrap", path=PATH) is None:
        raise SandboxUnavailable(
            "bubblewrap is missing: install it with `apt-get install bubblewrap`,"
            " or say IMPROVEMENT_SANDBOX=none to run the target's code unconfined."
        )
