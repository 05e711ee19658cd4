"""The checks of the sources room: each can pass, can fail, and says when there was nothing to look at."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow as pa
import pytest

from livhana_assets.adapters.delta_warehouse import DeltaWarehouse
from livhana_assets.adapters.git_target import GitTarget
from livhana_assets.loop.sources.arrow_rows import arrow_schema
from livhana_assets.loop.sources.assets import code_changes, code_changes_checks, error_logs
from livhana_assets.loop.sources.assets import test_coverage as coverage_of_tests
from livhana_assets.loop.sources.checks import Looked, reported_at, rows_amiss
from livhana_assets.loop.sources.records import ERROR_LOGS
from livhana_assets_tests.dagster_project.a_check_run import evaluated, run_checks, said
from livhana_assets_tests.loop.patterns.error_rows import DAY, MORNING, error_row
from livhana_assets_tests.repositories import add_commit, clean_repository

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
FILES = {"a.py": {"summary": {"num_statements": 2, "covered_lines": 1}}}


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    return clean_repository(tmp_path / "shop")


@pytest.fixture
def target(repository: Path, tmp_path: Path) -> GitTarget:
    return GitTarget(str(repository), tmp_path / "home")


def snapshot(target: GitTarget, instance: dg.DagsterInstance) -> None:
    assert dg.materialize([code_changes], resources={"target": target}, instance=instance).success


def test_a_snapshot_of_the_present_head_is_fresh_and_readable(target: GitTarget, instance: dg.DagsterInstance) -> None:
    snapshot(target, instance)
    found = run_checks(code_changes_checks, instance, target=target)
    assert found["freshness"].passed and found["readable"].passed
    assert said(found["readable"])["files"] == 4 and said(found["freshness"])["commits behind"] == 0


def test_a_snapshot_behind_the_targets_head_is_a_warning(
    target: GitTarget, repository: Path, instance: dg.DagsterInstance
) -> None:
    snapshot(target, instance)
    add_commit(repository, {"README.md": "# Newer\n"})
    found = run_checks(code_changes_checks, instance, target=target)
    assert not found["freshness"].passed and found["freshness"].severity is dg.AssetCheckSeverity.WARN
    assert said(found["freshness"])["commits behind"] == 1 and found["readable"].passed


def test_without_a_snapshot_nothing_is_called_fresh(target: GitTarget, instance: dg.DagsterInstance) -> None:
    found = run_checks(code_changes_checks, instance, target=target)["freshness"]
    assert not found.passed and said(found)["looked at"] == "nothing to check: 0 snapshots"


def test_a_target_that_is_gone_is_not_readable(
    target: GitTarget, repository: Path, instance: dg.DagsterInstance
) -> None:
    snapshot(target, instance)
    shutil.rmtree(repository)
    found = run_checks(code_changes_checks, instance, target=target)
    assert not found["readable"].passed and not found["freshness"].passed
    assert "TargetError" in said(found["readable"])["which"]


def coverage(instance: dg.DagsterInstance, *reports: tuple[str, bytes]) -> dict[str, dg.AssetCheckEvaluation]:
    doors = {"coverage_reports": lambda: reports, "clock": lambda: NOW}
    return evaluated(dg.materialize([coverage_of_tests], resources=doors, instance=instance))


def made_at(at: datetime) -> bytes:
    return json.dumps({"meta": {"timestamp": at.replace(tzinfo=None).isoformat()}, "files": FILES}).encode()


@pytest.mark.parametrize(("days", "fresh"), [(1, True), (29.5, True), (31, False), (400, False)])
def test_a_coverage_report_of_another_month_is_a_warning(
    instance: dg.DagsterInstance, days: float, fresh: bool
) -> None:
    found = coverage(instance, ("coverage.json", made_at(NOW - timedelta(days=days))))
    assert (found["freshness"].passed, found["readable"].passed) == (fresh, True)
    assert found["freshness"].severity is dg.AssetCheckSeverity.WARN
    assert said(found["freshness"])["oldest, days"] == days


def test_no_coverage_report_is_a_warning_and_not_called_read(instance: dg.DagsterInstance) -> None:
    found = coverage(instance)
    assert not found["freshness"].passed
    assert found["readable"].description == "nothing to check: 0 coverage reports"


def test_a_report_that_does_not_say_when_it_was_made_is_not_called_fresh(instance: dg.DagsterInstance) -> None:
    found = coverage(instance, ("lcov.info", b"SF:a.js\nDA:1,1\nend_of_record\n"))
    assert found["readable"].passed and not found["freshness"].passed


def test_a_report_that_cannot_be_read_is_named(instance: dg.DagsterInstance) -> None:
    found = coverage(instance, ("coverage.json", made_at(NOW)), ("coverage.xml", b"<coverage"))["readable"]
    assert not found.passed and said(found)["looked at"] == "2 coverage reports"
    assert said(found)["which"].startswith("coverage.xml: ")


@pytest.mark.parametrize(
    ("content", "at"),
    [
        (b'<coverage timestamp="1763640000"/>', datetime(2025, 11, 20, 12, tzinfo=UTC)),
        (b'<coverage timestamp="1763640000000"/>', datetime(2025, 11, 20, 12, tzinfo=UTC)),
        (b'<coverage timestamp="soon"/>', None),
        (b"<coverage/>", None),
        (b'{"meta": {"timestamp": 3}}', None),
        (b"[]", None),
        (b"", None),
    ],
)
def test_a_report_says_when_it_was_made_or_nothing(content: bytes, at: Any) -> None:
    assert reported_at(content) == at


def test_what_was_not_looked_at_is_counted() -> None:
    looked = Looked("open patches", 50, {"a": "odd"}, left_out=3)
    assert looked.denominator == "50 of 53 open patches" and looked.told() == "50 of 53 open patches; amiss: a: odd"
    many = Looked("rows", 30, {str(n): "odd" for n in range(25)})
    assert many.listed().splitlines()[-1] == "and 5 more"


# --- rows ------------------------------------------------------------------------------------------------------------


def rows_of(
    folder: Path, instance: dg.DagsterInstance, *rows: dict[str, Any], days: float = 0.5
) -> dict[str, dg.AssetCheckEvaluation]:
    """The checks of error_logs over two days, `days` after the rows."""
    warehouse = DeltaWarehouse(folder)
    if rows:
        warehouse.replace_day(ERROR_LOGS, DAY, pa.Table.from_pylist(list(rows), schema=arrow_schema(ERROR_LOGS)))
    last = DAY + timedelta(days=1)
    tags = {"dagster/asset_partition_range_start": str(DAY), "dagster/asset_partition_range_end": str(last)}
    doors = {"warehouse": warehouse, "clock": lambda: MORNING + timedelta(days=days)}
    return evaluated(dg.materialize([error_logs], resources=doors, instance=instance, tags=tags))


def test_rows_that_are_whole_and_new_pass_and_a_day_without_any_is_a_warning(
    tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    found = rows_of(tmp_path, instance, error_row(1), error_row(2))
    assert {name for name, one in found.items() if one.passed} == {"schema", "duplicates", "freshness"}
    assert found["schema"].description == "2 rows, none amiss"
    assert said(found["volume"])["which"] == f"{DAY + timedelta(days=1)}: no row"
    assert found["volume"].severity is dg.AssetCheckSeverity.WARN


def test_rows_that_come_twice_are_counted(tmp_path: Path, instance: dg.DagsterInstance) -> None:
    found = rows_of(tmp_path, instance, error_row(1), error_row(1), error_row(2))["duplicates"]
    assert not found.passed and said(found)["which"] == f"{DAY}: 1 rows with the key of another"


def test_rows_that_lack_what_is_required_are_counted_by_day() -> None:
    """The embedded warehouse refuses to write such rows; a BigQuery table of somebody else may hold them."""
    days = {"2026-11-20": {"row_count": 3, "missing": 1}, "2026-11-21": {"row_count": 2, "missing": 0}}
    looked = rows_amiss(days, "missing", "required values missing")
    assert not looked.passed and looked.told() == "5 rows; amiss: 2026-11-20: 1 required values missing"


def test_rows_of_last_week_are_not_fresh(tmp_path: Path, instance: dg.DagsterInstance) -> None:
    found = rows_of(tmp_path, instance, error_row(1), days=7)["freshness"]
    assert not found.passed and "168 hours old" in said(found)["which"]


def test_no_row_at_all_is_neither_fresh_nor_silently_whole(tmp_path: Path, instance: dg.DagsterInstance) -> None:
    found = rows_of(tmp_path, instance)
    assert not found["freshness"].passed and not found["volume"].passed
    assert found["schema"].description == found["duplicates"].description == "nothing to check: 0 rows"
