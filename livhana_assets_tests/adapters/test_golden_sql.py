"""The SQL that leaves the house, file by file: a change of it, or of what sqlglot makes of it, is seen before BigQuery sees it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "setup"))
from golden_sql import GOLDEN, files, golden  # noqa: E402

FILES = files()


@pytest.mark.parametrize("name", FILES)
def test_a_query_is_emitted_as_it_was(name: str) -> None:
    assert golden(FILES[name]) == (GOLDEN / f"{name}.sql").read_text(), (
        "look at the change, then run setup/golden_sql.py"
    )


def test_no_golden_file_is_left_over() -> None:
    assert {path.stem for path in GOLDEN.glob("*.sql")} == set(FILES)
