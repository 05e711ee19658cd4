"""Settings, tools and servers that are wrong or missing."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from livhana_assets_tests.cli.a_shop import LIVHANA, Terminal
from livhana_assets_tests.repositories import empty_repository


@pytest.mark.parametrize(
    ("name", "value", "code", "said"),
    [
        ("IMPROVEMENT_MIN_ERRORS_FOR_REPORT", "zero", 2, "IMPROVEMENT_MIN_ERRORS_FOR_REPORT is not set right"),
        ("IMPROVEMENT_LAND", "foo", 2, "should be 'branch', 'fast_forward' or 'pull_request'"),
        ("REDIS_URL", "nonsense", 2, "write it as redis://host:6379/0"),
        ("REDIS_URL", "redis://127.0.0.1:1", 1, "does not answer; start it or correct REDIS_URL"),
        ("LIVHANA_HOME", "/proc/nowhere", 2, "set LIVHANA_HOME to another folder"),
        ("LIVHANA_HOME", str(LIVHANA), 2, "is no folder"),
    ],
)
def test_a_wrong_setting_is_named(empty: Terminal, name: str, value: str, code: int, said: str) -> None:
    assert empty("proposals", **{name: value}).ended(code, said)


@pytest.mark.parametrize("content", [b"home = [", b"\xff\xfe\x00"])
def test_a_broken_settings_file_is_named(empty: Terminal, content: bytes) -> None:
    (empty.folder / "livhana.toml").write_bytes(content)
    assert empty("proposals").ended(2, "livhana.toml", "correct it")


@pytest.mark.parametrize(
    ("target", "said"),
    [
        (None, "set IMPROVEMENT_TARGET_REPO to its path or URL"),
        ("missing", "There is no folder"),
        ("plain", "is not a git repository"),
        ("empty", "has no commits yet"),
    ],
)
def test_a_target_that_is_no_repository_is_told_before_anything_runs(
    empty: Terminal, target: str | None, said: str
) -> None:
    (empty.folder / "plain").mkdir()
    empty_repository(empty.folder / "empty")
    location = str(empty.folder / target) if target else None
    assert empty("run", "daily", IMPROVEMENT_TARGET_REPO=location).ended(2, said)
    assert not (empty.home / "dagster").exists()


A_TOKEN, A_NAME = {"IMPROVEMENT_GITHUB_TOKEN": "t"}, {"IMPROVEMENT_GITHUB_REPOSITORY": "ada/shop"}


@pytest.mark.parametrize("command", ["run", "analyze"])
@pytest.mark.parametrize(
    ("at", "more", "said"),
    [
        ("", {**A_TOKEN, **A_NAME}, "is a folder: set IMPROVEMENT_TARGET_REPO to the repository's URL"),
        ("file://", A_TOKEN, "set IMPROVEMENT_GITHUB_REPOSITORY to owner/name"),
        ("file://", A_NAME, "set IMPROVEMENT_GITHUB_TOKEN"),
    ],
)
def test_pull_requests_that_could_not_be_opened_are_refused_before_anything_runs(
    shared: Terminal, command: str, at: str, more: dict[str, str], said: str
) -> None:
    before = shared.json("proposals")
    asked = {"IMPROVEMENT_LAND": "pull_request", "IMPROVEMENT_TARGET_REPO": f"{at}{shared.target}", **more}
    assert shared(command, **asked).ended(2, said)
    told = {row["part"]: row for row in json.loads(shared("doctor", "--json", **asked).out)}
    assert told["target"]["state"] == "not well" and said in told["target"]["found"]
    assert shared.json("proposals") == before


def test_days_that_cannot_be_are_refused(empty: Terminal) -> None:
    assert empty("run", "daily", "--from", "2026-03-04", "--to", "2026-03-01").ended(2, "--to is before --from")
    assert empty("run", "daily", "--date", "2999-01-01").ended(2, "is not there yet")


def test_without_git_on_the_path_it_says_so(shared: Terminal, tmp_path: Path) -> None:
    assert shared("run", "daily", PATH=str(tmp_path)).ended(2, "git is not on PATH; install git")


def test_a_reader_that_leaves_early_is_no_failure(shared: Terminal) -> None:
    environment = {**os.environ, "LIVHANA_HOME": str(shared.home)}
    with subprocess.Popen(
        [LIVHANA, "audit", "--json"], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout and process.stderr
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


def test_a_redis_that_was_killed_comes_back_with_everything(shop: Terminal) -> None:
    before = shop.json("proposals")
    os.kill(int((shop.home / "redis" / "redis.pid").read_text()), signal.SIGKILL)
    assert shop.json("proposals") == before
    assert shop("audit", "verify").code == 0


def test_two_demos_in_one_folder_do_not_meet(empty: Terminal) -> None:
    empty.home.mkdir()
    with subprocess.Popen(
        [shutil.which("flock") or "flock", str(empty.home / "demo.lock"), "sleep", "60"], start_new_session=True
    ) as other:
        while subprocess.run(["flock", "-n", str(empty.home / "demo.lock"), "true"]).returncode == 0:
            pass
        assert empty("demo").ended(1, "Another demo is running in this folder")
        os.killpg(other.pid, signal.SIGTERM)
