"""A user's small platform: a bare repository with a crash bug, its error log, and the real command on both."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

LIVHANA = Path(sys.executable).with_name("livhana")
FILES = {
    "pyproject.toml": "[project]\nname = 'shop'\nversion = '1'\n",
    "shop/__init__.py": "",
    "shop/cart.py": '"""The cart."""\n\n\ndef discount(cart):\n    """By its coupon."""\n    return cart["coupon"]["percent"] / 100\n',
    "tests/test_cart.py": "from shop.cart import discount\n\n\ndef test_discount():\n    assert discount({'coupon': {'percent': 10}}) == 0.1\n",
}
TRACE = (
    'Traceback (most recent call last):\n  File "/srv/shop/shop/cart.py", line 6, in discount\n'
    '    return cart["coupon"]["percent"] / 100\nTypeError: \'NoneType\' object is not subscriptable'
)


def crash(number: int, at: datetime) -> dict[str, object]:
    frames = [
        {"file": "/srv/shop/shop/cart.py", "function": "discount", "line": 6, "locals": {"cart": {"coupon": None}}}
    ]
    return {
        "error_id": f"e{number}", "occurred_at": at.isoformat(), "service": "shop", "endpoint": "POST /discount", "severity": "error",
        "error_type": "TypeError", "message": "'NoneType' object is not subscriptable", "stack_trace": TRACE,
        "context": json.dumps({"customer_id": f"c{number}", "frames": frames}),
    }  # fmt: skip


def log(file: Path, at: datetime, count: int = 6) -> Path:
    """An error log of that many crashes, the last one at `at`."""
    rows = (crash(number, at - timedelta(seconds=number)) for number in range(count))
    file.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return file


@dataclass(frozen=True)
class Answer:
    """What a command said and how it ended."""

    code: int
    out: str
    err: str

    @property
    def sentence(self) -> str:
        """The one thing it says at the end; a traceback is never an answer."""
        assert "Traceback" not in self.out + self.err, self.err
        lines = [line for line in self.err.splitlines() if line.strip()]
        return lines[-1] if lines else ""

    def ended(self, code: int, *words: str) -> bool:
        """It ended with the code and its last sentence has the words; what it said is in the failure otherwise."""
        told = f"exit {self.code}: {self.sentence}"
        assert self.code == code, told
        assert all(word in self.sentence for word in words), told
        return True


@dataclass(frozen=True)
class Terminal:
    """Somebody at a prompt in `folder`, with a LIVHANA_HOME and a target of their own."""

    folder: Path
    home: Path
    target: Path | None = None
    inside: tuple[str, ...] = ()
    """What stands before the command where it runs in another world: a small disk, a folder that cannot be written."""
    on: str = ""
    """The branch to improve, where it is not the target's own HEAD."""

    def __call__(
        self, *words: object, limit: int | None = None, columns: int = 80, **environment: str | None
    ) -> Answer:
        """Run the command to its end. `limit` is the largest file that it may write, in bytes."""
        line = [*self.inside, str(LIVHANA), *map(str, words)]
        if limit is not None:
            line = ["prlimit", f"--fsize={limit}", *line]
        done = subprocess.run(
            line, cwd=self.folder, env=self._environment(environment, columns), stdin=subprocess.DEVNULL, capture_output=True,
            text=True, errors="replace", timeout=120,
        )  # fmt: skip
        return Answer(done.returncode, done.stdout, done.stderr)

    def interrupted(self, *words: object, after: float = 0.0, seen: tuple[Path, str] | None = None) -> Answer:
        """Press Ctrl-C so many seconds after the start, or once the file holds the text. The signal reaches the command alone."""
        with self.started(*words, seen=seen) as (process, answer):
            time.sleep(after)
            process.send_signal(signal.SIGINT)
        return answer()

    @contextmanager
    def started(
        self, *words: object, seen: tuple[Path, str] | None = None
    ) -> Iterator[tuple[subprocess.Popen[str], Callable[[], Answer]]]:
        """The command at work, once the file holds the text; what it answers can be asked for at the end."""
        process = subprocess.Popen(
            [*self.inside, str(LIVHANA), *map(str, words)], cwd=self.folder, env=self._environment({}, 80), text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
        )  # fmt: skip
        while seen is not None and not _holds(*seen) and process.poll() is None:
            time.sleep(0.02)
        told: list[str] = []
        yield process, lambda: Answer(process.returncode, *told)
        told += process.communicate(timeout=60)

    def json(self, *words: object) -> list[dict[str, str]]:
        answer = self(*words, "--json")
        assert answer.code == 0, answer.err
        told = json.loads(answer.out)
        assert isinstance(told, list)
        return told

    def _environment(self, changes: Mapping[str, str | None], columns: int) -> dict[str, str]:
        ours = ("IMPROVEMENT_", "LIVHANA_", "REDIS_URL", "ENABLE_SELF_IMPROVEMENT", "DAGSTER_HOME", "GIT_")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        told = {"LIVHANA_HOME": str(self.home), "COLUMNS": str(columns), "LC_ALL": "C.UTF-8"}
        if self.target:
            told["IMPROVEMENT_TARGET_REPO"] = str(self.target)
        if self.on:
            told["IMPROVEMENT_TARGET_BRANCH"] = self.on
        return {name: value for name, value in {**kept, **told, **changes}.items() if value is not None}


def _holds(file: Path, text: str) -> bool:
    return file.exists() and text in file.read_text()


def at_a_prompt(folder: Path, target: Path | None = None, home: Path | None = None) -> Iterator[Terminal]:
    """A terminal whose embedded Redis is stopped at the end."""
    terminal = Terminal(folder, home or folder / "home", target)
    try:
        yield terminal
    finally:
        if (terminal.home / "redis").is_dir():
            terminal("down")
