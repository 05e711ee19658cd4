"""Each guard of an invariant has a diff that removes it; in a copy without the guard the named tests fail.

A diff begins with one line `# test: path::test` per test that has to fail. One that no longer applies is a failure: make it again.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

pytestmark = pytest.mark.drill

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
DIFFS = sorted((HERE / "guards").glob("*.diff"))
INVARIANTS = range(1, 11)


def named_in(diff: Path) -> list[str]:
    return re.findall(r"^# test: (\S+)$", diff.read_text(), re.MULTILINE)


def copy_without(diff: Path, scratch: Path) -> str:
    """The package and its tests with the diff applied; what `git apply` says where it does not apply. Compiled files come along."""
    for package in ("livhana_assets", "livhana_assets_tests"):
        shutil.copytree(ROOT / package, scratch / package, ignore=shutil.ignore_patterns("*.diff"))
    environment = {**os.environ, "GIT_CEILING_DIRECTORIES": str(scratch.parent), "GIT_CONFIG_GLOBAL": "/dev/null"}
    applied = subprocess.run(["git", "apply", str(diff)], cwd=scratch, capture_output=True, text=True, env=environment)
    return applied.stderr if applied.returncode else ""


@dataclass(frozen=True)
class Broken:
    """pytest's exit code, which tests failed by an assertion, and what it printed; or why there was nothing to run."""

    code: int = 0
    failed: frozenset[str] = frozenset()
    output: str = ""
    stale: str = ""


def failing(tests: list[str], scratch: Path) -> Broken:
    options = ["-q", "-rf", "--tb=short", "-p", "no:cacheprovider", "--rootdir", str(scratch), "-c", os.devnull]
    environment = {
        **os.environ,
        "PYTHONPATH": str(scratch),
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "COLUMNS": "400",
    }
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", *options, *tests], cwd=scratch, capture_output=True, text=True, env=environment
    )
    failed = re.findall(r"^FAILED (\S+) - (?:AssertionError|assert |Failed: DID NOT RAISE)", ran.stdout, re.MULTILINE)
    return Broken(ran.returncode, frozenset(failed), ran.stdout + ran.stderr)


def broken(diff: Path) -> Broken:
    with tempfile.TemporaryDirectory(prefix="livhana-guard-") as folder:
        if stale := copy_without(diff, Path(folder)):
            return Broken(stale=stale)
        return failing(named_in(diff), Path(folder))


@pytest.fixture(scope="module")
def outcomes(request: pytest.FixtureRequest) -> Iterator[dict[str, Future[Broken]]]:
    """Every diff that is asked for tried, two at a time."""
    tests = [item.callspec for item in request.session.items if hasattr(item, "callspec")]
    asked = [test.params["diff"] for test in tests if "diff" in test.params]
    with ThreadPoolExecutor(2) as pool:
        yield {diff.name: pool.submit(broken, diff) for diff in asked}


@pytest.mark.parametrize("diff", DIFFS, ids=lambda diff: diff.stem)
def test_without_its_guard_an_invariant_is_seen_to_break(diff: Path, outcomes: dict[str, Future[Broken]]) -> None:
    seen = outcomes[diff.name].result()
    assert seen.stale == "", f"{diff.name} does not apply any more: make it again"
    assert named_in(diff), f"{diff.name} names no test"
    assert (seen.code, seen.failed) == (1, frozenset(named_in(diff))), seen.output


def test_every_invariant_has_a_test_and_a_guard() -> None:
    tested = {int(path.name.split("_")[2]) for path in HERE.glob("test_invariant_*.py")}
    guarded = {int(diff.name.split("-")[0]) for diff in DIFFS}
    assert tested == guarded == set(INVARIANTS)
