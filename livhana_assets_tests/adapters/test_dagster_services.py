"""What `livhana up` starts lives no longer than it, comes back when it dies, and cannot fill the disk with what it prints."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from livhana_assets.adapters.dagster_services import (
    KEEPER,
    LONGEST_SOCKET,
    DagsterServices,
    Service,
    ServiceFailed,
    short_socket,
)

SLEEPER = "import os, time; open({file!r}, 'a').write(f'{{os.getpid()}}\\n'); time.sleep(600)"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + SLEEPER
FAMILY = (
    "import subprocess, sys; subprocess.Popen([sys.executable, '-c', {child!r}], start_new_session=True); " + SLEEPER
)


def within(seconds: float, happened: Callable[[], object]) -> object:
    deadline = time.monotonic() + seconds
    while not (seen := happened()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return seen


def pids(file: Path) -> list[int]:
    return [int(line) for line in file.read_text().split()] if file.exists() else []


def lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def keep(folder: Path, code: str, grace: float = 0.5, limit: int = 1000) -> subprocess.Popen[bytes]:
    words = [sys.executable, "-I", "-S", str(KEEPER), str(folder / "log"), str(limit), str(grace)]
    return subprocess.Popen([*words, sys.executable, "-c", code], stdin=subprocess.PIPE)


def test_it_ends_when_whoever_started_it_is_gone(tmp_path: Path) -> None:
    """Also by SIGKILL: then the kernel closes the pipe."""
    file, keeper = (
        tmp_path / "pids",
        f"[{sys.executable!r}, '-I', '-S', {str(KEEPER)!r}, {str(tmp_path / 'log')!r}, '1000', '0.5'",
    )
    code = SLEEPER.format(file=str(file))
    parent = f"import subprocess, time; subprocess.Popen({keeper}, {sys.executable!r}, '-c', {code!r}], stdin=subprocess.PIPE); time.sleep(600)"
    with subprocess.Popen([sys.executable, "-c", parent]) as starter:
        assert within(10, lambda: pids(file))
        starter.send_signal(signal.SIGKILL)
    assert within(10, lambda: not any(map(lives, pids(file))))


@pytest.mark.parametrize("code", [SLEEPER, STUBBORN])
def test_a_process_of_its_own_session_and_one_that_will_not_end_are_ended_too(tmp_path: Path, code: str) -> None:
    file = tmp_path / "pids"
    family = FAMILY.format(child=code.format(file=str(file)), file=str(file))
    with keep(tmp_path, family) as keeper:
        assert within(10, lambda: len(pids(file)) == 2)
        assert keeper.stdin is not None
        keeper.stdin.close()
        keeper.wait(timeout=10)
    assert not any(map(lives, pids(file)))


def test_what_a_dead_command_leaves_behind_is_ended(tmp_path: Path) -> None:
    file = tmp_path / "pids"
    child = SLEEPER.format(file=str(file))
    dies = (
        f"import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', {child!r}]); time.sleep(1); sys.exit(7)"
    )
    with keep(tmp_path, dies) as keeper:
        assert keeper.wait(timeout=15) == 7
    assert len(pids(file)) == 1
    assert not any(map(lives, pids(file)))


def test_what_it_prints_is_kept_and_bounded(tmp_path: Path) -> None:
    with keep(tmp_path, "for n in range(20_000): print(f'line {n}', flush=True)", limit=70_000) as keeper:
        assert keeper.wait(timeout=20) == 0
    kept = list(tmp_path.glob("log*"))
    assert (tmp_path / "log").read_text().endswith("line 19999\n")
    assert sum(file.stat().st_size for file in kept) <= 140_000


def test_a_service_that_dies_is_started_again_until_it_is_stopped(tmp_path: Path) -> None:
    file = tmp_path / "pids"
    command = (sys.executable, "-c", SLEEPER.format(file=str(file)))
    service = Service("sleeper", command, tmp_path / "logs" / "sleeper.log", dict(os.environ))
    service.start()
    assert within(10, lambda: pids(file))
    os.kill(pids(file)[0], signal.SIGKILL)
    assert within(20, lambda: len(pids(file)) == 2)
    service.stop()
    assert not any(map(lives, pids(file)))
    assert service.ended == 1
    assert "The sleeper ended with code 137" in service.log.read_text()


def test_a_socket_has_a_short_path_however_deep_the_home_lies(tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*["deep" * 5] * 10)
    assert len(os.fsencode(short_socket(deep, "code.sock"))) < LONGEST_SOCKET
    assert short_socket(deep, "code.sock") != short_socket(tmp_path, "code.sock")


def test_a_folder_that_others_can_write_is_no_place_for_the_socket(tmp_path: Path) -> None:
    (tmp_path / "dagster").mkdir()
    services = DagsterServices(tmp_path)
    services.socket.parent.mkdir()
    services.socket.parent.chmod(0o777)
    try:
        with pytest.raises(ServiceFailed, match="is not this user's alone"):
            services.start()
    finally:
        services.socket.parent.rmdir()
