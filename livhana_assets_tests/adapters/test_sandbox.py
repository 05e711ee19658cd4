"""The sandbox as its callers see it: what a command can use, what comes back, what is refused."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from livhana_assets.adapters.bubblewrap_sandbox import BubblewrapSandbox
from livhana_assets.adapters.bubblewrap_sandbox import sandbox as bubblewrap
from livhana_assets.adapters.bubblewrap_sandbox.line import line
from livhana_assets.adapters.bubblewrap_sandbox.seccomp import filter_descriptor
from livhana_assets.adapters.supervised_process.environment import inside
from livhana_assets.adapters.unconfined_sandbox import UnconfinedSandbox
from livhana_assets.loop.proposals.ports import Limits, Ran, Sandbox, SandboxUnavailable

LIMITS = Limits(seconds=20, cpu_seconds=10, memory_mb=512, processes=32, disk_mb=64)
BOTH = pytest.mark.parametrize("sandbox", [BubblewrapSandbox(), UnconfinedSandbox()], ids=lambda sandbox: sandbox.level)


def shell(sandbox: Sandbox, script: str, checkout: Path, **more) -> Ran:
    return sandbox.run(["/bin/sh", "-c", script], checkout, **{"limits": LIMITS, **more})


def test_every_canary_is_held():
    canaries = BubblewrapSandbox().canaries()
    assert {canary.name for canary in canaries} == {
        "environment", "first process", "file outside", "write outside", "network", "ptrace", "mount",
    }  # fmt: skip
    assert all(canary.held for canary in canaries), canaries


def test_the_unconfined_sandbox_says_that_nothing_is_held():
    assert UnconfinedSandbox().level == "none"
    assert [canary.held for canary in UnconfinedSandbox().canaries()] == [False]


def test_a_canary_that_gets_out_stops_everything(tmp_path, monkeypatch):
    """A sandbox that shows the secret file's folder is caught by the secret being read, and runs nothing afterwards."""
    monkeypatch.setattr(bubblewrap, "_tried", {})
    leaky = BubblewrapSandbox(python_prefixes=(Path(bubblewrap.canaries.tempfile.gettempdir()),))
    with pytest.raises(SandboxUnavailable, match=r"file outside.*IMPROVEMENT_SANDBOX=none"):
        shell(leaky, f"echo ran > {tmp_path}/ran", tmp_path)
    assert not (tmp_path / "ran").exists()


def test_without_bubblewrap_nothing_runs_and_the_message_says_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setattr(bubblewrap, "PATH", str(tmp_path))
    monkeypatch.setattr(bubblewrap, "_tried", {})
    with pytest.raises(SandboxUnavailable, match=r"apt-get install bubblewrap.*IMPROVEMENT_SANDBOX=none"):
        shell(BubblewrapSandbox(), "true", tmp_path)


@BOTH
def test_exit_code_output_and_report_come_back(sandbox, tmp_path):
    ran = shell(sandbox, "echo told; echo warned >&2; echo '{\"a\": 1}' >/dev/fd/$LIVHANA_REPORT_FD; exit 7", tmp_path)
    assert (ran.exit_code, ran.ended_by) == (7, "exit")
    assert ran.output.splitlines() == ["told", "warned"]
    assert json.loads(ran.report) == {"a": 1}


@BOTH
def test_the_checkout_is_the_working_directory_and_writable(sandbox, tmp_path):
    assert shell(sandbox, "pwd; echo new > file", tmp_path).output.strip() == str(tmp_path)
    assert (tmp_path / "file").read_text() == "new\n"


@BOTH
def test_the_environment_holds_the_same_few_names(sandbox, tmp_path, monkeypatch):
    monkeypatch.setenv("ANTHROPIC_API_KEY", "secret")
    program = "import json, os; os.write(int(os.environ['LIVHANA_REPORT_FD']), json.dumps(dict(os.environ)).encode())"
    ran = sandbox.run([sys.executable, "-c", program], tmp_path, environment={"MORE": "yes"}, limits=LIMITS)
    seen = json.loads(ran.report)
    assert set(seen) - {"LIVHANA_RUN", "PWD"} == {
        "PATH", "HOME", "TMPDIR", "USER", "LOGNAME", "LC_ALL", "TZ", "PYTHONDONTWRITEBYTECODE", "PYTHONHASHSEED",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD", "LIVHANA_REPORT_FD", "MORE",
    }  # fmt: skip
    assert (seen["LC_ALL"], seen["TZ"], seen["PYTHONHASHSEED"]) == ("C.UTF-8", "UTC", "0")


@BOTH
def test_home_and_temporary_files_are_private_to_one_run(sandbox, tmp_path):
    assert shell(sandbox, "echo a > $HOME/kept; echo b > $TMPDIR/kept", tmp_path).exit_code == 0
    assert shell(sandbox, "ls $HOME $TMPDIR", tmp_path).output.count("kept") == 0


@pytest.mark.parametrize("parent", ["/tmp", "/root", "/home", "/var/tmp"])
def test_a_checkout_works_wherever_the_loop_keeps_it(parent):
    place = Path(parent)
    if not place.is_dir() or not _writable(place):
        place = Path("/tmp")
    folder = Path(subprocess.check_output(["mktemp", "-d", "-p", place, "a home XXXXXX"], text=True).strip())
    try:
        checkout = folder / "target" / "checkouts" / "one"
        checkout.mkdir(parents=True)
        (folder / "ledger").write_text("ours")
        ran = shell(BubblewrapSandbox(), f"ls {json.dumps(str(folder))}; echo ok > made", checkout)
        assert ran.output.split() == ["target"]
        assert (checkout / "made").read_text() == "ok\n"
    finally:
        shutil.rmtree(folder)


def _writable(folder: Path) -> bool:
    return subprocess.run(["test", "-w", folder]).returncode == 0


def test_a_readable_folder_is_seen_at_its_own_path_also_with_a_space_and_through_a_link(tmp_path):
    checkout, shown, link = tmp_path / "checkout", tmp_path / "with space", tmp_path / "link"
    checkout.mkdir()
    shown.mkdir()
    (shown / "data").write_text("seen")
    link.symlink_to(shown)
    script = f"cat '{shown}/data' '{link}/data'; echo x > '{shown}/data'"
    ran = shell(BubblewrapSandbox(), script, checkout, readable=(link,))
    assert ran.output.startswith("seenseen") and ran.exit_code != 0
    assert (shown / "data").read_text() == "seen"


def test_a_whole_home_is_never_made_readable(tmp_path):
    with pytest.raises(ValueError, match="does not show all of /home"):
        shell(BubblewrapSandbox(), "true", tmp_path, readable=(Path("/home"),))


def test_this_interpreter_and_its_packages_work_inside(tmp_path):
    ran = BubblewrapSandbox().run([sys.executable, "-c", "import pytest, sys; print(sys.prefix)"], tmp_path)
    assert ran.output.strip() == sys.prefix


def test_a_virtual_environment_in_a_path_with_a_space_works_inside(tmp_path):
    checkout, venv = tmp_path / "checkout", tmp_path / "a venv"
    checkout.mkdir()
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
    sandbox = BubblewrapSandbox(python_prefixes=(venv,))
    ran = sandbox.run([str(venv / "bin/python"), "-c", "import sys; print(sys.prefix)"], checkout, limits=LIMITS)
    assert ran.output.strip() == str(venv)


def test_loopback_inside_works(tmp_path):
    program = (
        "import socket; s = socket.create_server(('127.0.0.1', 0)); c = socket.create_connection(s.getsockname());"
        "p, _ = s.accept(); c.sendall(b'ping'); print(p.recv(4))"
    )
    assert BubblewrapSandbox().run([sys.executable, "-c", program], tmp_path, limits=LIMITS).output.strip() == "b'ping'"


@BOTH
def test_a_grandchild_that_holds_the_report_open_does_not_hang_the_supervisor(sandbox, tmp_path):
    ran = shell(sandbox, "setsid sleep 1000 & echo done >/dev/fd/$LIVHANA_REPORT_FD", tmp_path)
    assert (ran.ended_by, ran.exit_code, ran.report) == ("exit", 0, b"done\n")
    assert ran.seconds < 5


@BOTH
def test_a_command_that_does_not_exist_fails_visibly(sandbox, tmp_path):
    ran = sandbox.run(["/no/such/command"], tmp_path, limits=LIMITS)
    assert ran.exit_code not in (0, None)
    assert "/no/such/command" in ran.output


@BOTH
def test_a_time_limit_ends_the_work_without_an_exit_code(sandbox, tmp_path):
    ran = shell(sandbox, "echo begun; sleep 1000", tmp_path, limits=replace(LIMITS, seconds=1.5))
    assert (ran.ended_by, ran.exit_code, ran.output) == ("time", None, "begun\n")


@BOTH
def test_used_up_processor_time_counts_as_time(sandbox, tmp_path):
    ran = shell(sandbox, "while :; do :; done", tmp_path, limits=replace(LIMITS, cpu_seconds=1))
    assert (ran.ended_by, ran.exit_code) == ("time", None)


@pytest.mark.parametrize("git", ["file", "folder"])
def test_git_of_the_checkout_means_nothing_inside_and_stays_as_it_is(git, tmp_path):
    place = tmp_path / ".git"
    if git == "file":
        place.write_text("gitdir: /elsewhere\n")
    else:
        place.mkdir()
        (place / "config").write_text("[core]\n")
    shell(BubblewrapSandbox(), "echo x > .git; echo x > .git/config; mv .git away; rm -rf .git", tmp_path)
    assert not (tmp_path / "away").exists()
    kept = place if git == "file" else place / "config"
    assert kept.read_text() in ("gitdir: /elsewhere\n", "[core]\n")


def test_a_checkout_without_git_gets_none(tmp_path):
    shell(BubblewrapSandbox(), "true", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_line_also_holds_for_a_user_without_any_rights():
    """As root this machine's other tests say nothing about plain users, so the same line is started as one."""
    folder = Path(subprocess.check_output(["mktemp", "-d", "-p", "/tmp"], text=True).strip())
    folder.chmod(0o777)
    descriptor, nowhere = filter_descriptor(), os.open("/dev/null", os.O_WRONLY)
    try:
        words = line(
            ["/bin/sh", "-c", "cat /proc/1/environ; echo in > made; echo out > /usr/made; ls /root"],
            folder, environment=inside(nowhere, "/home/sandbox", "/tmp", {}), readable=(), temporary_mb=8,
            seccomp=descriptor, info=nowhere,
        )  # fmt: skip
        ran = subprocess.run(
            [*_as_nobody(), *words], capture_output=True, text=True, pass_fds=(descriptor, nowhere),
            env={"PATH": "/usr/bin:/bin"}, cwd="/",
        )  # fmt: skip
        assert (folder / "made").read_text() == "in\n", ran.stderr
        assert "Read-only file system" in ran.stderr and not Path("/usr/made").exists()
        assert ran.stdout.strip("\0") == "PATH=/usr/bin:/bin"
    finally:
        os.close(descriptor)
        os.close(nowhere)
        shutil.rmtree(folder)


def _as_nobody() -> list[str]:
    if os.geteuid() != 0:
        return []
    return ["setpriv", "--reuid=12345", "--regid=12345", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all"]
