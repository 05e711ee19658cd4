"""The operator's deploy command: run without a shell where it needs none, without the loop's own settings and secrets, bounded in time."""

from __future__ import annotations

import contextlib
import os
import re
import select
import shlex
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from livhana_assets.adapters.supervised_process.capture import Capture, close_quietly, read_available
from livhana_assets.loop.execution.deploy import DeployRan

KEPT_BYTES = 1_048_576
"""Of what the command prints, so much is kept: the first and the last."""
GRACE_SECONDS = 5.0
"""Between asking a command that takes too long to end and ending it."""
TICK = 0.05
_SHELL = re.compile(r"[|&;<>()$`\n*?\[\]{}~#!]|^\s*\w+=")
_QUOTED = re.compile(r"'[^']*'")


class BadCommand(ValueError):
    """The setting is no command; the message says what to do."""


def needs_shell(command: str) -> bool:
    """Whether the words mean something to a shell only: a pipe, a variable, a pattern, an assignment."""
    return bool(_SHELL.search(_QUOTED.sub("", command)))


class DeployCommandLine:
    """Implements `DeployCommand`. `hidden` are the names of the environment that the command must not see."""

    def __init__(self, text: str, output: Path, *, hidden: frozenset[str], seconds: float) -> None:
        self.text = text
        self._line = _line(text)
        self._output, self._hidden, self._seconds = output, hidden, seconds

    def run(self, name: str, told: Mapping[str, str]) -> DeployRan:
        visible = {key: value for key, value in os.environ.items() if key.upper() not in self._hidden}
        kept = self._output / f"{name}.log"
        said = Capture(KEPT_BYTES)
        try:
            how = _ended(self._line, {**visible, **told}, self._seconds, said)
        except OSError as error:
            how = f"{self._line[0]} cannot be started: {error.strerror}"
        self._output.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(kept, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(said.bytes())
        return DeployRan(how == "exit code 0", how, said.bytes().decode(errors="replace"), str(kept))


def _line(text: str) -> list[str]:
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise BadCommand(f"IMPROVEMENT_DEPLOY_COMMAND is no command ({error}): close its quotes.") from None
    return ["/bin/sh", "-c", text] if needs_shell(text) else words


def _ended(line: list[str], environment: Mapping[str, str], seconds: float, said: Capture) -> str:
    """Run to the command's own end: what it left running in the background is meant to stay, and is not waited for."""
    ours, theirs = os.pipe()
    try:
        os.set_blocking(ours, False)
        process = _started(line, environment, theirs)
        in_time = False
        try:
            in_time = _wait(process, ours, said, time.monotonic() + seconds)
        finally:
            if not in_time:
                _kill(process)
        read_available(ours, said, KEPT_BYTES)
    finally:
        close_quietly(ours)
    if not in_time:
        return f"it took more than {seconds:g} s and was ended"
    code = process.returncode
    return f"exit code {code}" if code >= 0 else f"ended by signal {-code}"


def _started(line: list[str], environment: Mapping[str, str], output: int) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            line, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )
    finally:
        close_quietly(output)


def _wait(process: subprocess.Popen[bytes], pipe: int, said: Capture, deadline: float) -> bool:
    open_still = True
    while process.poll() is None:
        if time.monotonic() >= deadline:
            return False
        if open_still and select.select([pipe], [], [], TICK)[0]:
            open_still = read_available(pipe, said, KEPT_BYTES)
        elif not open_still:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(TICK)
    return True


def _kill(process: subprocess.Popen[bytes]) -> None:
    """The command and what it started, first asked, then ended."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(GRACE_SECONDS)
