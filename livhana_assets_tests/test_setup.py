"""`setup/environment.sh` on made-up machines: a PATH of chosen programs, and a Python that only pretends to install."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
BASICS = (
    "sh",
    "dirname",
    "basename",
    "cat",
    "rm",
    "mkdir",
    "mv",
    "cp",
    "cksum",
    "cut",
    "sleep",
    "env",
    "chmod",
    "touch",
)

PYTHON = """\
#!/bin/sh
# Makes environments of itself and writes down what was asked of it.
case "$*" in
    "-m venv "*) echo venv >>"{log}"; rm -rf .venv; mkdir -p .venv/bin; cp "{here}" .venv/bin/python ;;
    "-m pip install"*"-r setup/uv.txt"*) echo uv >>"{log}"; sleep ${{SLOW:-0}}; cp "{uv}" .venv/bin/uv; exit ${{UV_GOT:-0}} ;;
    "-m pip install"*) echo pip >>"{log}"; exit ${{PIP_GOT:-0}} ;;
    *) exec "{real}" "$@" ;;
esac
"""


@dataclass
class Machine:
    """A checkout in a folder with a space, and the only programs there are."""

    checkout: Path
    programs: Path
    log: Path

    def has(self, name: str, script: str | None = None) -> None:
        if script is None:
            found = shutil.which(name)
            assert found, f"this test needs {name}"
            (self.programs / name).symlink_to(found)
        else:
            (self.programs / name).write_text(script)
            (self.programs / name).chmod(0o755)

    def lacks(self, *names: str) -> None:
        for name in names:
            (self.programs / name).unlink()

    def start(self, **variables: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [self.programs / "sh", "setup/environment.sh"],
            cwd=self.checkout,
            env={
                "PATH": str(self.programs),
                "HOME": str(self.checkout),
                "TMPDIR": str(self.programs.parent),
                **variables,
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def set_up(self, **variables: str) -> tuple[int, list[str]]:
        process = self.start(**variables)
        output, _ = process.communicate(timeout=30)
        return process.returncode, output.splitlines()

    @property
    def asked(self) -> list[str]:
        return self.log.read_text().split() if self.log.exists() else []

    @property
    def finished(self) -> bool:
        return (self.checkout / ".venv" / "livhana-setup").is_file()


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    machine = Machine(tmp_path / "a b", tmp_path / "programs", tmp_path / "log")
    machine.programs.mkdir()
    (machine.checkout / "setup").mkdir(parents=True)
    for name in ("setup/environment.sh", "setup/uv.txt", "requirements.lock", "pyproject.toml"):
        shutil.copy(ROOT / name, machine.checkout / name)
    for name in (*BASICS, "flock", "git", "make"):
        machine.has(name)
    for name in ("bwrap", "redis-server", "sudo"):
        machine.has(name, "#!/bin/sh\nexit 0\n")
    machine.has("id", "#!/bin/sh\necho 1000\n")
    uv = tmp_path / "uv"
    uv.write_text('#!/bin/sh\nexit "${UV_GOT:-0}"\n')
    uv.chmod(0o755)
    python = machine.programs / "python3"
    machine.has("python3", PYTHON.format(log=machine.log, here=python, uv=uv, real=sys.executable))
    return machine


def test_the_second_time_nothing_is_made(machine: Machine) -> None:
    assert machine.set_up()[0] == 0
    assert machine.asked == ["venv", "uv"]
    assert machine.set_up() == (0, [])
    assert machine.asked == ["venv", "uv"]


def test_another_lock_file_makes_it_anew(machine: Machine) -> None:
    machine.set_up()
    (machine.checkout / "requirements.lock").write_text("")
    machine.set_up()
    assert machine.asked == ["venv", "uv"] * 2


def test_a_checkout_that_was_moved_is_made_anew(machine: Machine) -> None:
    machine.set_up()
    machine.checkout = machine.checkout.rename(machine.checkout.with_name("c d"))
    machine.set_up()
    assert machine.asked == ["venv", "uv"] * 2


def test_an_environment_without_its_stamp_is_made_anew(machine: Machine) -> None:
    left = machine.checkout / ".venv" / "half"
    left.mkdir(parents=True)
    assert machine.set_up()[0] == 0
    assert not left.exists()
    assert machine.finished


def test_ctrl_c_in_the_middle_leaves_nothing_that_passes_for_finished(machine: Machine) -> None:
    process = machine.start(SLOW="20")
    wait_until(lambda: "uv" in machine.asked)
    os.killpg(process.pid, signal.SIGINT)
    output, _ = process.communicate(timeout=15)
    assert process.returncode == 130
    assert "interrupted" in output
    assert not machine.finished
    assert machine.set_up()[0] == 0
    assert machine.finished


@pytest.mark.parametrize("lock", ["flock", "mkdir"])
def test_two_set_ups_at_once_make_one_environment(machine: Machine, lock: str) -> None:
    if lock == "mkdir":
        machine.lacks("flock")
    both = [machine.start(SLOW="1") for _ in range(2)]
    assert [process.communicate(timeout=30) and process.returncode for process in both] == [0, 0]
    assert machine.asked == ["venv", "uv"]


def test_a_lock_whose_holder_died_is_taken_over(machine: Machine) -> None:
    machine.lacks("flock")
    process = machine.start(SLOW="20")
    wait_until(lambda: "uv" in machine.asked)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=15)
    assert machine.set_up()[0] == 0
    assert machine.finished


def test_pip_installs_where_uv_does_not_manage(machine: Machine) -> None:
    code, told = machine.set_up(UV_GOT="1")
    assert code == 0
    assert machine.asked == ["venv", "uv", "pip", "pip"]
    assert any("trying pip" in line for line in told)


def test_without_packages_it_says_what_to_do(machine: Machine) -> None:
    code, told = machine.set_up(UV_GOT="1", PIP_GOT="1")
    assert code == 1
    assert "check the network" in told[-1]
    assert not machine.finished


def test_everything_missing_is_named_in_one_sentence(machine: Machine) -> None:
    machine.lacks("git", "make", "python3")
    machine.has("apt-get", "#!/bin/sh\nexit 1\n")
    assert machine.set_up() == (
        2,
        [
            "This machine lacks Python 3.11, 3.12 or 3.13 (python3 here: none), git, make: install with "
            "`sudo apt-get install python3 python3-venv git make`, then run make setup again."
        ],
    )


def test_a_python_that_is_too_old_is_named_with_its_version(machine: Machine) -> None:
    machine.has("python3", '#!/bin/sh\ncase "$2" in *platform*) echo 3.9.18 ;; *) exit 1 ;; esac\n')
    code, told = machine.set_up()
    assert code == 2
    assert len(told) == 1
    assert "python3 here: 3.9.18" in told[0]


def test_a_newer_python_beside_an_old_python3_is_taken(machine: Machine) -> None:
    (machine.programs / "python3").rename(machine.programs / "python3.12")
    machine.has("python3", "#!/bin/sh\nexit 1\n")
    script = (machine.programs / "python3.12").read_text()
    machine.has("python3.12", script.replace('/python3"', '/python3.12"'))
    assert machine.set_up()[0] == 0


def test_python_without_venv_is_told_which_package_brings_it(machine: Machine) -> None:
    machine.has("apt-get", "#!/bin/sh\nexit 1\n")
    machine.has("python3", f'#!/bin/sh\ncase "$2" in *ensurepip*) exit 1 ;; *) exec "{sys.executable}" "$@" ;; esac\n')
    code, told = machine.set_up()
    assert code == 2
    assert told == [
        "This machine lacks the venv module of python3: install with `sudo apt-get install python3-venv`, then run make setup again."
    ]


def test_bubblewrap_is_installed_where_that_is_permitted(machine: Machine) -> None:
    machine.lacks("bwrap")
    machine.has("id", "#!/bin/sh\necho 0\n")
    bwrap = machine.programs / "bwrap"
    machine.has(
        "apt-get",
        f'#!/bin/sh\necho "apt-$1" >>"{machine.log}"\n[ "$1" = update ] && touch "{bwrap}.known" && exit 0\n'
        f'[ -f "{bwrap}.known" ] || exit 100\ntouch "{bwrap}" && chmod +x "{bwrap}"\n',
    )
    code, told = machine.set_up()
    assert code == 0
    assert machine.asked == ["venv", "uv", "apt-install", "apt-update", "apt-install"]
    assert not any("is missing" in line for line in told)


def test_bubblewrap_that_cannot_be_installed_is_a_sentence_and_no_failure(machine: Machine) -> None:
    machine.lacks("bwrap", "sudo")
    machine.has("apt-get", f'#!/bin/sh\necho apt >>"{machine.log}"\n')
    for _ in range(2):
        code, told = machine.set_up()
        assert code == 0
        assert "sudo apt-get install bubblewrap" in told[-1]
        assert "IMPROVEMENT_SANDBOX=none" in told[-1]
    assert "apt" not in machine.asked


def test_a_machine_without_any_redis_is_told_so(machine: Machine) -> None:
    machine.lacks("redis-server", "sudo")
    code, told = machine.set_up()
    assert code == 0
    assert "redis-server is missing" in told[-1]


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 15
    while not holds():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.02)
