"""The units are what systemd understands, the set-up puts everything in its place, again and again, and the sandbox works under what they forbid."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from livhana_assets_tests.deploy.not_run import not_run

ROOT = Path(__file__).parents[2]
UNITS = ROOT / "deploy" / "systemd"
SERVICES = sorted(UNITS.glob("*.service"))
KEEPS_THE_SANDBOX_OUT = {
    "RestrictNamespaces", "PrivateUsers", "SystemCallFilter", "MountAPIVFS", "ProtectProc", "ProcSubset", "ProtectKernelTunables",
    "ProtectKernelLogs", "ProtectControlGroups", "RestrictAddressFamilies", "MemoryDenyWriteExecute", "PrivateTmp",
}  # fmt: skip


def run(*words: object, **environment: str) -> subprocess.CompletedProcess[str]:
    told = {"PATH": os.environ["PATH"], "LC_ALL": "C", **environment}
    return subprocess.run(list(map(str, words)), env=told, capture_output=True, text=True, stdin=subprocess.DEVNULL)


def set_up(folder: Path) -> str:
    done = run("sh", ROOT / "deploy" / "setup.sh", DESTDIR=str(folder), SKIP_VENV="1")
    assert done.returncode == 0, done.stderr
    return done.stdout


def directives(unit: Path) -> dict[str, str]:
    lines = [line for line in unit.read_text().splitlines() if "=" in line and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)


def tree(folder: Path) -> dict[str, tuple[int, bytes]]:
    found = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): (path.stat().st_mode, path.read_bytes()) for path in found}


def test_systemd_understands_every_unit(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        not_run("there is no systemd-analyze here: install Debian's package systemd")
    set_up(tmp_path)
    for program in ("livhana", "dagster-celery"):
        file = tmp_path / "opt" / "livhana-improvement" / ".venv" / "bin" / program
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("#!/bin/sh\n")
        file.chmod(0o755)
    for target in ("sysinit", "basic", "shutdown", "timers", "multi-user", "network-online", "time-sync", "time-set"):
        (tmp_path / "etc" / "systemd" / "system" / f"{target}.target").write_text("[Unit]\nDescription=x\n")
    names = [path.name for path in UNITS.iterdir() if path.suffix in (".service", ".timer")]
    done = run("systemd-analyze", "verify", f"--root={tmp_path}", "--man=no", *names)
    ours = [line for line in done.stderr.splitlines() if "livhana" in line]
    assert (done.returncode, ours) == (0, []), done.stderr


def test_set_up_puts_everything_in_its_place_and_again_changes_nothing(tmp_path: Path) -> None:
    assert "enable --now livhana-improvement.service" in set_up(tmp_path)
    first = tree(tmp_path)
    assert {path.name for path in (tmp_path / "etc" / "systemd" / "system").iterdir()} >= {
        unit.name for unit in SERVICES
    }
    assert "etc/logrotate.d/livhana-improvement" in first and "opt/livhana-improvement/requirements.lock" in first
    assert first["etc/livhana-improvement/environment"][0] & 0o777 == 0o600
    assert (tmp_path / "var" / "lib" / "livhana-improvement").stat().st_mode & 0o777 == 0o700
    assert sorted(name for name in first if name.startswith("var/log/")) == [
        "var/log/livhana-improvement-daily.log", "var/log/livhana-improvement-worker.log", "var/log/livhana-improvement.log",
    ]  # fmt: skip
    set_up(tmp_path)
    assert tree(tmp_path) == first


def test_set_up_keeps_what_the_operator_wrote_and_drops_what_a_release_has_dropped(tmp_path: Path) -> None:
    set_up(tmp_path)
    settings = tmp_path / "etc" / "livhana-improvement" / "environment"
    settings.write_text("REDIS_URL=redis://somewhere\n")
    gone = tmp_path / "opt" / "livhana-improvement" / "livhana_assets" / "gone.py"
    gone.write_text("")
    set_up(tmp_path)
    assert settings.read_text() == "REDIS_URL=redis://somewhere\n" and not gone.exists()


@pytest.mark.parametrize("script", ["deploy/setup.sh", "setup/environment.sh"])
def test_the_shell_reads_the_scripts(script: str) -> None:
    assert run("sh", "-n", ROOT / script).returncode == 0


@pytest.mark.parametrize("unit", SERVICES, ids=lambda path: path.name)
def test_a_service_is_hardened_but_forbids_nothing_that_the_sandbox_needs(unit: Path) -> None:
    told = directives(unit)
    assert not KEEPS_THE_SANDBOX_OUT & told.keys()
    assert (told["NoNewPrivileges"], told["ProtectSystem"], told["CapabilityBoundingSet"]) == ("yes", "strict", "")
    assert told["User"] == "livhana-improvement"
    assert told["StandardOutput"] == told["StandardError"]
    assert told["StandardOutput"].startswith("append:/var/log/livhana-improvement")


def test_the_sandbox_starts_without_privileges_and_capabilities_as_the_services_have_none() -> None:
    if os.geteuid() != 0 or shutil.which("bwrap") is None:
        not_run("only root can give up everything for a try, and bubblewrap has to be there")
    given_up = (
        "setpriv",
        "--reuid=65534",
        "--regid=65534",
        "--clear-groups",
        "--no-new-privs",
        "--bounding-set=-all",
        "--inh-caps=-all",
    )
    inside = (
        "bwrap",
        "--unshare-all",
        "--unshare-user",
        "--disable-userns",
        "--ro-bind",
        "/usr",
        "/usr",
        "--symlink",
        "usr/lib",
        "/lib",
    )
    more = (
        "--symlink",
        "usr/lib64",
        "/lib64",
        "--symlink",
        "usr/bin",
        "/bin",
        "--proc",
        "/proc",
        "--dev",
        "/dev",
        "true",
    )
    done = run(*given_up, *inside, *more)
    assert done.returncode == 0, done.stderr
