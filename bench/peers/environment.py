"""The peers that benches compare with: their own virtual environment, from a lock with hashes, and one of them run on messages."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
VENV = ROOT / ".venv-peers"
PYTHON = VENV / "bin" / "python"
LOCK = HERE / "requirements.lock"


class NotRun(Exception):
    """A peer gave no result; the message says why."""


def prepare(venv: Path = VENV, lock: Path = LOCK) -> Path:
    """Make a virtual environment as the lock says, or leave it where it is so already; its interpreter. Raises NotRun."""
    python, stamp = venv / "bin" / "python", venv / "installed.lock"
    if stamp.is_file() and stamp.read_bytes() == lock.read_bytes() and python.is_file():
        return python
    uv = Path(sys.executable).parent / "uv"
    commands = (
        [str(uv), "venv", "--quiet", "--clear", "--python", sys.executable, str(venv)],
        [str(uv), "pip", "install", "--quiet", "--python", str(python), "--require-hashes", "-r", str(lock)],
    )
    for command in commands:
        try:
            subprocess.run(command, check=True, capture_output=True, text=True, timeout=900)
        except (OSError, subprocess.SubprocessError) as error:
            said = (getattr(error, "stderr", "") or str(error)).strip().splitlines() or [str(error)]
            raise NotRun(f"the peers cannot be installed: {said[-1][:200]}") from error
    stamp.write_bytes(lock.read_bytes())
    return python


def run_peer(script: str, form: str, messages: list[str], timeout_s: float = 1800) -> dict[str, Any]:
    """What `bench/peers/<script>.py` found: `groups`, one for each message, and `cpu_s`. Raises NotRun."""
    prepare()
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "messages.json"), Path(folder, "groups.json")
        source.write_text(json.dumps(messages), encoding="utf-8")
        command = [str(PYTHON), "-W", "ignore", str(HERE / f"{script}.py"), form, str(source), str(target)]
        try:
            subprocess.run(command, check=True, capture_output=True, text=True, timeout=timeout_s)
        except subprocess.TimeoutExpired as error:
            raise NotRun(f"no result within {timeout_s:.0f} s") from error
        except (OSError, subprocess.SubprocessError) as error:
            said = (getattr(error, "stderr", "") or str(error)).strip().splitlines() or [str(error)]
            raise NotRun(f"it failed: {said[-1][:200]}") from error
        found: dict[str, Any] = json.loads(target.read_text(encoding="utf-8"))
    return found
