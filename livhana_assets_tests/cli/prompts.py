"""`livhana` as somebody at a prompt runs it: a process of its own with its own arguments, environment and folder.

Loading the command takes a second of a processor, which counts where hundreds are run. So there are two ways: the console script
itself, and the same entry in a process that forks off one which has loaded the command and done nothing else."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from livhana_assets_tests.web.a_running_up import LIVHANA

LOADED = (
    "livhana_assets.cli.commands",
    "livhana_assets.adapters.redis_store",
    "livhana_assets_tests.cli.interleavings",
)
"""The last is what whoever forks has loaded: each process would load it again. Not the warehouse, which does not survive a fork."""

Ended = tuple[int, str]
"""The exit code, negative for the signal that ended it; and what was printed on both streams."""


def from_the_start(words: tuple[str, ...], folder: Path, environment: Mapping[str, str], seconds: float) -> Ended:
    """The console script. It is killed after so many seconds."""
    process = subprocess.Popen(
        [str(LIVHANA), *words], cwd=folder, env=dict(environment), text=True, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    try:
        printed, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        printed, _ = process.communicate()
    return process.returncode, printed


def loaded_before(words: tuple[str, ...], folder: Path, environment: Mapping[str, str], seconds: float) -> Ended:
    """The same entry, without loading it anew. It is killed after so many seconds."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(LOADED))
    with tempfile.NamedTemporaryFile() as printed:
        process = context.Process(target=_command, args=(words, folder, dict(environment), printed.name))
        process.start()
        process.join(seconds)
        if process.exitcode is None:
            process.kill()
            process.join()
        return process.exitcode or 0, Path(printed.name).read_text(errors="replace")


def _command(words: tuple[str, ...], folder: Path, environment: Mapping[str, str], printed: str) -> None:
    from livhana_assets.cli import main

    to = os.open(printed, os.O_WRONLY | os.O_APPEND)
    os.dup2(to, 1)
    os.dup2(to, 2)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    sys.argv = [str(LIVHANA), *words]
    main()
