"""The asset of code quality, materialized as Dagster does it: its page, its checks, and the second run that does nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg

from livhana_assets.adapters.delta_warehouse import DeltaWarehouse
from livhana_assets.adapters.git_target import GitTarget
from livhana_assets.loop.patterns.assets import code_quality_patterns
from livhana_assets_tests.repositories import clean_repository

FILES = {"shop/cart.py": "def total():\n    return 0\n", "tests/test_cart.py": "def test_total():\n    total()\n"}
NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)


def materialized(folder: Path, now: datetime) -> tuple[dict[str, Any], dict[str, bool]]:
    target = GitTarget(str(folder / "shop"), folder / "home")
    doors = {
        "warehouse": DeltaWarehouse(folder / "warehouse"),
        "target": target,
        "coverage_reports": list,
        "clock": lambda: now,
    }
    with dg.DagsterInstance.ephemeral() as instance:
        result = dg.materialize([code_quality_patterns], instance=instance, resources=doors)
    [page] = result.asset_materializations_for_node("ai_learning__code_quality_patterns")
    checks = {one.check_name: one.passed for one in result.get_asset_check_evaluations()}
    return {name: value.value for name, value in page.metadata.items()}, checks


def test_what_was_found_is_a_table_and_a_picture_and_its_evidence_is_checked(tmp_path: Path) -> None:
    clean_repository(tmp_path / "shop", FILES)
    page, checks = materialized(tmp_path, NOW)
    assert "tests/test\\_cart.py:1-2" in page["patterns"] and page["found: test_never_fails"] == 1
    assert "data:image/png;base64," in page["plot"] and "2 source files and 1 commits" in page["looked at"]
    assert checks == {"minimum_evidence": True, "no_secrets": True}


def test_a_second_run_over_the_same_commit_says_that_nothing_is_new(tmp_path: Path) -> None:
    clean_repository(tmp_path / "shop", FILES)
    first, _ = materialized(tmp_path, NOW)
    again, checks = materialized(tmp_path, NOW + timedelta(days=3))
    assert first["new"] and not again["new"] and "no work was done" in again["looked at"]
    assert again["patterns"] == first["patterns"] and all(checks.values())
