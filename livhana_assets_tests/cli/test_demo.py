"""`livhana demo` with the real command: a second one beside it, and Ctrl-C at the terminal in the middle of its work."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from livhana_assets_tests.cli.a_shop import LIVHANA

pytestmark = pytest.mark.drill

MOMENTS = (
    "Building the sample shop's repository …",
    "Serving simulated customers, before …",
    "patterns in the last 30 days",
)
"""git at work; the platform's services and its customers at work; Dagster, Redis and the sandbox at work."""


@dataclass
class Visitor:
    """Somebody who runs the demo in a terminal: Ctrl-C reaches every process of its group."""

    folder: Path

    @property
    def home(self) -> Path:
        return self.folder / "a home"

    @property
    def said(self) -> str:
        return (self.folder / "said").read_text()

    def starts(self) -> subprocess.Popen[bytes]:
        ours = ("IMPROVEMENT_", "LIVHANA_", "REDIS_URL", "DAGSTER_HOME")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        with (self.folder / "said").open("wb") as said:
            return subprocess.Popen(
                [LIVHANA, "demo"], cwd=self.folder, env={**kept, "LIVHANA_HOME": str(self.home)}, stdin=subprocess.DEVNULL,
                stdout=said, stderr=said, start_new_session=True,
            )  # fmt: skip

    def sees(self, text: str, process: subprocess.Popen[bytes]) -> None:
        while text not in self.said:
            assert process.poll() is None, self.said
            time.sleep(0.02)

    def presses_ctrl_c_twice(self, process: subprocess.Popen[bytes]) -> int:
        for _ in range(2):
            os.killpg(process.pid, signal.SIGINT)
            time.sleep(0.05)
        return process.wait(timeout=60)

    def left_behind(self) -> list[str]:
        """Command lines of processes that name the home, work in it, or were told of it."""
        return [line for pid in os.listdir("/proc") if pid.isdigit() and (line := self._of_ours(int(pid)))]  # noqa: PTH208

    def _of_ours(self, pid: int) -> str:
        process, home = Path("/proc", str(pid)), os.fsencode(self.home)
        try:
            line = (process / "cmdline").read_bytes()
            told = home in line or home in (process / "environ").read_bytes()
            return os.fsdecode(line) if told or (process / "cwd").readlink().is_relative_to(self.home) else ""
        except OSError:
            return ""


@pytest.fixture
def visitor(tmp_path: Path) -> Iterator[Visitor]:
    yield Visitor(tmp_path)


def test_ctrl_c_ends_everything_and_the_next_demo_begins_anew(visitor: Visitor) -> None:
    for moment in MOMENTS:
        process = visitor.starts()
        visitor.sees(moment, process)
        if moment == MOMENTS[1]:
            _a_second_one_is_refused(visitor)
        assert visitor.left_behind(), "the search does not see the demo itself"
        code = visitor.presses_ctrl_c_twice(process)
        assert (code, visitor.said.splitlines()[-1][:8]) == (130, "Stopped."), visitor.said
        assert "Traceback" not in visitor.said
        assert visitor.left_behind() == []


def test_a_folder_that_no_demo_made_is_not_touched(visitor: Visitor) -> None:
    kept = visitor.home / "demo" / "notes"
    kept.mkdir(parents=True)
    assert visitor.starts().wait(timeout=60) == 1
    assert visitor.said.splitlines() == [
        f"{kept.parent} is there but is no demo of ours: move it away, or use another LIVHANA_HOME."
    ]
    assert list(kept.parent.iterdir()) == [kept]


def _a_second_one_is_refused(visitor: Visitor) -> None:
    environment = {**os.environ, "LIVHANA_HOME": str(visitor.home)}
    second = subprocess.run([LIVHANA, "demo"], env=environment, capture_output=True, text=True, timeout=60)
    assert (second.returncode, second.stdout) == (1, "")
    assert second.stderr.splitlines() == [
        "Another demo is running in this folder: wait for it, or use another LIVHANA_HOME."
    ]
