"""The checks of the patterns room, on a real warehouse."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow as pa
import pytest

from livhana_assets.adapters.delta_warehouse import DeltaWarehouse
from livhana_assets.loop.patterns.assets import error_fingerprints, error_patterns
from livhana_assets.loop.patterns.checks import minimum_evidence, no_secrets
from livhana_assets.loop.proposals.policy import Policy
from livhana_assets.loop.sources.arrow_rows import arrow_schema
from livhana_assets.loop.sources.checks import Looked
from livhana_assets.loop.sources.records import ERROR_FINGERPRINTS, ERROR_PATTERNS, Table
from livhana_assets_tests.dagster_project.a_check_run import evaluated, said
from livhana_assets_tests.loop.patterns.error_rows import DAY, error_row, log_errors

NEXT_DAY = DAY + timedelta(days=1)


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


@pytest.fixture
def warehouse(tmp_path: Path) -> DeltaWarehouse:
    return DeltaWarehouse(tmp_path)


def turn(warehouse: DeltaWarehouse, instance: dg.DagsterInstance, *days: date) -> dict[str, dg.AssetCheckEvaluation]:
    """The checks of one run over some days."""
    first, last = min(days).isoformat(), max(days).isoformat()
    tags = {"dagster/asset_partition_range_start": first, "dagster/asset_partition_range_end": last}
    doors = {"warehouse": warehouse, "policy": Policy()}
    return evaluated(
        dg.materialize([error_fingerprints, error_patterns], instance=instance, tags=tags, resources=doors)
    )


def test_the_patterns_of_two_real_days_have_evidence_and_hold_no_secret(
    warehouse: DeltaWarehouse, instance: dg.DagsterInstance
) -> None:
    log_errors(warehouse, [error_row(n) for n in range(7)])
    log_errors(warehouse, [error_row(100, occurred_at=error_row(0)["occurred_at"] + timedelta(days=1))])
    found = turn(warehouse, instance, DAY, NEXT_DAY)
    assert {name: one.passed for name, one in found.items()} == {
        "rows_conserved": True, "minimum_evidence": True, "no_secrets": True,
    }  # fmt: skip
    assert said(found["rows_conserved"])["looked at"] == "8 error rows"
    assert said(found["minimum_evidence"])["looked at"] == "2 patterns"
    assert said(found["minimum_evidence"])["under 5 occurrences that day"] == 1


def test_a_day_without_errors_says_that_there_was_nothing_to_check(
    warehouse: DeltaWarehouse, instance: dg.DagsterInstance
) -> None:
    told = {name: one.description for name, one in turn(warehouse, instance, DAY).items()}
    assert told == {
        "rows_conserved": "nothing to check: 0 error rows",
        "minimum_evidence": "nothing to check: 0 patterns",
        "no_secrets": "nothing to check: 0 patterns",
    }


class LateRows(DeltaWarehouse):
    """A warehouse into which another process writes one more row just after fingerprints were made."""

    def replace_day(self, table: Table, day: date, rows: pa.Table) -> int:
        written = super().replace_day(table, day, rows)
        if table is ERROR_FINGERPRINTS:
            log_errors(self, [error_row(99)])
        return written


def test_a_row_without_a_fingerprint_is_not_conserved(tmp_path: Path, instance: dg.DagsterInstance) -> None:
    warehouse = LateRows(tmp_path)
    log_errors(warehouse, [error_row(n) for n in range(3)])
    found = turn(warehouse, instance, DAY)["rows_conserved"]
    assert not found.passed and said(found)["which"] == f"{DAY}: 4 error rows, 3 fingerprints"


# --- what the code itself would not write ----------------------------------------------------------------------------


def rewritten(warehouse: DeltaWarehouse, instance: dg.DagsterInstance, **changes: Any) -> DeltaWarehouse:
    """One real pattern of three rows, with some of its columns as nobody should have written them."""
    log_errors(warehouse, [error_row(n) for n in range(3)])
    turn(warehouse, instance, DAY)
    [row] = warehouse.query("SELECT * FROM ai_learning.error_patterns").to_pylist()
    changed = pa.Table.from_pylist([{**row, **changes}], schema=arrow_schema(ERROR_PATTERNS))
    warehouse.replace_day(ERROR_PATTERNS, DAY, changed)
    return warehouse


def why(looked: Looked) -> str:
    [reason] = looked.amiss.values()
    return reason


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"fingerprint": "f" * 40}, "no logged row has its fingerprint"),
        ({"occurrences": 4}, "it says 4 occurrences, 3 can be counted"),
        ({"exemplars": "[]"}, "it has no exemplar"),
        ({"exemplars": None}, "it has no exemplar"),
        ({"exemplars": '["e00001", "gone"]'}, "1 of its 2 exemplars are no row with its fingerprint"),
        ({"occurrences": 1}, "3 exemplars for 1 occurrences"),
    ],
)
def test_a_pattern_without_its_evidence_is_found(
    warehouse: DeltaWarehouse, instance: dg.DagsterInstance, changes: dict[str, Any], reason: str
) -> None:
    looked = minimum_evidence(rewritten(warehouse, instance, **changes), [DAY], 5)
    assert why(looked) == reason and looked.count == 1


@pytest.mark.parametrize(
    ("column", "text"),
    [
        ("title", "ValueError: password=hunter2hunter2 refused"),
        ("service", "mail of ada@shop.example.org"),
        ("error_type", "sk-ant-abcdefghijklmnop1234"),
        ("endpoints", json.dumps([{"endpoint": "GET /u/ada@shop.example.org", "occurrences": 3}])),
        ("releases", json.dumps([{"release": "AKIAABCDEFGHIJKLMNOP", "occurrences": 3}])),
        ("customers", json.dumps(["ada@shop.example.org"])),
        ("exemplars", json.dumps(["4111111111111111"])),
    ],
)
def test_a_secret_in_any_text_of_a_pattern_is_found_and_not_repeated(
    warehouse: DeltaWarehouse, instance: dg.DagsterInstance, column: str, text: str
) -> None:
    looked = no_secrets(rewritten(warehouse, instance, **{column: text}), [DAY])
    assert why(looked) == f"redaction changes {column}"
    assert text not in looked.told() + looked.listed() and "hunter2" not in looked.listed()


def test_the_hash_of_a_customer_is_no_card_number(warehouse: DeltaWarehouse, instance: dg.DagsterInstance) -> None:
    customers = json.dumps(["4111111111111111", "0123456789abcdef"])
    assert no_secrets(rewritten(warehouse, instance, customers=customers), [DAY]).passed
