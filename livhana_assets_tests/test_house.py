"""House rules, each as a test: what a reader may take for granted in every file."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "livhana_assets"
TESTS = ROOT / "livhana_assets_tests"

LONGEST = 400
LONG_WITH_REASON = {
    "livhana_assets/loop/proposals/drafting.py": "the one walk from a crash to a proposal, read from top to bottom",
    "livhana_assets/loop/sources/records.py": "every table of the warehouse with its columns: one contract, looked up in one place",
    "livhana_assets/wiring.py": "every door of the loop, a few lines each, in the one place that chooses between adapters",
}
"""Path from the root → why this file is better in one piece than in two."""

TEXTS = (
    "*.py",
    "*.md",
    "*.sql",
    "*.lua",
    "*.mjs",
    "*.toml",
    "*.yaml",
    "*.sh",
    "*.lock",
    "*.txt",
    "Makefile",
    ".importlinter",
    ".ci/run",
    ".env.example",
)


def tracked(*patterns: str) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", "--", *patterns],
        cwd=ROOT, check=True, capture_output=True, text=True,
    )  # fmt: skip
    return [path for name in sorted(set(listed.stdout.split("\0")) - {""}) if (path := ROOT / name).is_file()]


def told(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_no_file_of_the_package_is_long_without_a_reason() -> None:
    sizes = {told(path): len(path.read_text().splitlines()) for path in PACKAGE.rglob("*.py")}
    long = {name for name, lines in sizes.items() if lines > LONGEST}
    assert long <= set(LONG_WITH_REASON), "split the file, or say why not in LONG_WITH_REASON"
    assert set(LONG_WITH_REASON) <= set(sizes), "LONG_WITH_REASON names a file that is gone"
    assert all(reason.strip() for reason in LONG_WITH_REASON.values())


def each_test_in(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            yield node


def asserts(test: ast.AST) -> bool:
    """Says `assert`, or expects an error by `pytest.raises`."""
    return any(
        isinstance(node, ast.Assert) or (isinstance(node, ast.Attribute) and node.attr in ("raises", "warns"))
        for node in ast.walk(test)
    )


def test_every_test_asserts_something() -> None:
    idle = [
        f"{told(path)}::{test.name}"
        for path in TESTS.rglob("test_*.py")
        for test in each_test_in(path)
        if not asserts(test)
    ]
    assert idle == []


def test_no_test_replaces_a_part_by_a_mock() -> None:
    mock = re.compile(r"\bmock\.patch\b|\bfrom unittest(\.mock)? import|\bimport unittest\b|\bMagicMock\b|\bmocker\b")
    here = Path(__file__).resolve()
    assert [told(path) for path in TESTS.rglob("*.py") if path != here and mock.search(path.read_text())] == []


def is_set_aside(test: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Marked `skip` or `xfail` whatever the machine has."""
    marks = (node.func if isinstance(node, ast.Call) else node for node in test.decorator_list)
    return any(isinstance(mark, ast.Attribute) and mark.attr in ("skip", "xfail") for mark in marks)


def test_no_test_is_set_aside() -> None:
    aside = [
        f"{told(path)}::{test.name}"
        for path in TESTS.rglob("test_*.py")
        for test in each_test_in(path)
        if is_set_aside(test)
    ]
    assert aside == []


def found_in_texts(pattern: str) -> list[str]:
    sought = re.compile(pattern)
    return [
        f"{told(path)}:{number}: {line.strip()[:120]}"
        for path in tracked(*TEXTS)
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1)
        if sought.search(line)
    ]


def test_nothing_is_put_off_in_a_comment() -> None:
    assert found_in_texts(r"\b(TO" + r"DO|FIX" + r"ME|X" + r"XX)\b") == []


def test_no_file_names_a_path_of_one_machine() -> None:
    homes = r"(?<![\w./-])/wo" + r"rk/|" + re.escape(f"{ROOT}/")
    assert found_in_texts(homes) == []


def test_no_file_names_a_package_registry() -> None:
    hosts = (
        r"py"
        + r"pi\.org|pythonho"
        + r"sted|registry\.npm"
        + r"js|deb\.deb"
        + r"ian\.org|--(extra-)?index"
        + r"-url|--find"
        + r"-links"
    )
    assert found_in_texts(hosts) == []


@pytest.mark.parametrize("name", ["requirements.lock", "setup/uv.txt"])
def test_every_locked_package_has_a_version_and_hashes(name: str) -> None:
    text = re.sub(r"\\\n\s*", "", (ROOT / name).read_text())
    packages = [line for line in text.splitlines() if line and not line.lstrip().startswith("#")]
    assert packages
    assert [
        line[:60] for line in packages if not re.match(r"[\w.\-\[\],]+==\S+.*--hash=sha256:[0-9a-f]{64}", line)
    ] == []


def test_every_dependency_of_the_project_is_locked() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = [
        *project["project"]["dependencies"],
        *project["dependency-groups"]["dev"],
        *project["build-system"]["requires"],
    ]
    names = {re.split(r"[^\w.-]", requirement)[0].lower() for requirement in wanted}
    locked = {
        line.split("==")[0].split("[")[0].lower()
        for line in (ROOT / "requirements.lock").read_text().splitlines()
        if "==" in line
    }
    assert names - locked == set()


def test_the_generated_pages_tell_what_the_settings_say() -> None:
    checked = subprocess.run(
        [sys.executable, "setup/env_example.py", "--check"], cwd=ROOT, capture_output=True, text=True
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_the_example_environment_changes_nothing(tmp_path: Path) -> None:
    from livhana_assets.settings import Settings

    lines = (ROOT / ".env.example").read_text().splitlines()
    said = [line[1:] for line in lines if re.match(r"#[A-Z_]+=", line)]
    (tmp_path / "all").write_text("\n".join(said))
    (tmp_path / "none").write_text("")
    assert len(said) == len(Settings.model_fields)
    assert Settings(_env_file=tmp_path / "all") == Settings(_env_file=tmp_path / "none")
