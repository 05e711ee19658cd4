"""Every import contract turns red on a deliberate breach, and is kept by the package as it is."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

LAYERS = "Each layer knows only those below it"
ROOMS = "Each room knows only the rooms before it"
DAGSTER = "Dagster only where the loop meets it"
PURE = "The loop does no I/O but through its ports"
ASSETS = "Only what names Dagster itself loads the rooms' assets"

BREACHES = [
    (LAYERS, "wiring.py", "import livhana_assets.definitions"),
    (LAYERS, "adapters/breach.py", "import livhana_assets.wiring"),
    (LAYERS, "adapters/breach.py", "import livhana_assets.settings"),
    (LAYERS, "loop/patterns/breach.py", "import livhana_assets.settings"),
    (LAYERS, "helpers.py", ""),
    (ROOMS, "loop/sources/breach.py", "import livhana_assets.loop.patterns.model"),
    (ROOMS, "loop/proposals/breach.py", "import livhana_assets.loop.execution"),
    (ROOMS, "loop/attic/__init__.py", ""),
    (DAGSTER, "loop/review/breach.py", "import dagster"),
    (DAGSTER, "wiring.py", "from dagster import asset"),
    (DAGSTER, "adapters/breach.py", "def later():\n    import dagster"),
    *((PURE, "loop/proposals/breach.py", f"import {tool}") for tool in ("redis", "duckdb", "deltalake", "anthropic")),
    *((PURE, "loop/execution/breach.py", f"import {tool}") for tool in ("git", "subprocess", "starlette", "typer")),
    (PURE, "loop/sources/breach.py", "def later():\n    from google.cloud import bigquery"),
    (ASSETS, "loop/review/breach.py", "import livhana_assets.loop.proposals.assets"),
    (ASSETS, "wiring.py", "import livhana_assets.loop.proposals.assets"),
]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package and its contracts, in a folder of our own."""
    folder = tmp_path_factory.mktemp("copy")
    shutil.copytree(ROOT / "livhana_assets", folder / "livhana_assets", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / ".importlinter", folder)
    return folder


def lint(folder: Path) -> dict[str, str]:
    """Contract → KEPT or BROKEN."""
    done = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as lint; lint()", "--no-cache"],
        cwd=folder, capture_output=True, text=True, env={"PATH": "/usr/bin:/bin", "COLUMNS": "200"},
    )  # fmt: skip
    found = dict(re.findall(r"^(.+) (KEPT|BROKEN)$", done.stdout, re.MULTILINE))
    assert found, done.stdout + done.stderr
    return found


def test_the_package_keeps_every_contract(copy: Path) -> None:
    assert lint(copy) == dict.fromkeys((LAYERS, ROOMS, DAGSTER, PURE, ASSETS), "KEPT")


@pytest.mark.parametrize(("contract", "file", "line"), BREACHES)
def test_a_breach_turns_its_contract_red(copy: Path, contract: str, file: str, line: str) -> None:
    path = copy / "livhana_assets" / file
    before = path.read_text() if path.exists() else None
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"{before or ''}\n{line}\n")
    try:
        assert lint(copy)[contract] == "BROKEN"
    finally:
        _restore(path, before)


def _restore(path: Path, before: str | None) -> None:
    if before is not None:
        path.write_text(before)
    else:
        path.unlink()
        if not any(path.parent.iterdir()):
            path.parent.rmdir()
