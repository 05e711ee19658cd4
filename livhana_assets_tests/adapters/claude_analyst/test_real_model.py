"""The opt-in questions to a real model (bench/real_model.py), asked of the loopback server."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from livhana_assets_tests.claude_server import Reply, open_claude_server

SCRIPT = Path(__file__).parents[3] / "bench" / "real_model.py"


def run(folder: Path, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("ANTHROPIC_")}
    return subprocess.run([sys.executable, str(SCRIPT)], cwd=folder, env={**clean, **environment}, capture_output=True, text=True)  # fmt: skip


def test_without_a_key_nothing_is_asked(tmp_path: Path) -> None:
    ran = run(tmp_path, {})
    assert (ran.returncode, ran.stdout) == (0, "Nothing was asked. No key is set: set ANTHROPIC_API_KEY.\n")


def test_where_all_is_taken_it_says_so_and_finds_the_cache(tmp_path: Path) -> None:
    with open_claude_server(lambda body: Reply()) as server:
        ran = run(tmp_path, server.environment)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "7 of 7 were taken" in ran.stdout
    assert ran.stdout.count(" 0 of them cached") == 2


def test_a_wrong_key_is_not_taken(tmp_path: Path) -> None:
    with open_claude_server(lambda body: Reply()) as server:
        ran = run(tmp_path, {**server.environment, "ANTHROPIC_API_KEY": "wrong"})
    assert ran.returncode == 1
    assert "NOT TAKEN (credentials)" in ran.stdout
    assert "0 of 7 were taken" in ran.stdout
