"""The checks of the outcomes room, and what its verdicts are made of."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow as pa
import pytest

from livhana_assets.adapters.delta_warehouse import DeltaWarehouse
from livhana_assets.adapters.memory_store import MemoryProposalStore
from livhana_assets.loop.execution.assets import agent_executions
from livhana_assets.loop.outcomes.assets import counters_match_audit, exposure_reached, improvement_metrics
from livhana_assets.loop.outcomes.checks import recount
from livhana_assets.loop.outcomes.metrics import COUNTERS, improvement_counters
from livhana_assets.loop.proposals import model
from livhana_assets.loop.proposals.model import Proposal, Status
from livhana_assets.loop.sources.records import AGENT_EXECUTIONS
from livhana_assets_tests.a_proposal import NOON, a_proposal, moved
from livhana_assets_tests.dagster_project.a_check_run import run_checks, said

LANDING = model.Landing(commit="c" * 40, branch="improvement/1", previous="0" * 40, landed_at=NOON)
ENOUGH = {"beforeRequests": 100, "afterRequests": 90, "expected": 3.0, "ratioLower": 0.0, "ratioUpper": 0.4}


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


@pytest.fixture
def warehouse(tmp_path: Path) -> DeltaWarehouse:
    return DeltaWarehouse(tmp_path)


def a_store(*entries: Proposal) -> MemoryProposalStore:
    store = MemoryProposalStore()
    for entry in entries:
        store.add(entry, actor="test", operation=f"add:{entry.id}")
    return store


def went(store: MemoryProposalStore, number: int, *path: Status, **changes: Any) -> None:
    """The proposal goes on through some statuses."""
    for to in path:
        before = store.get(a_proposal(number).id)
        more = {"landing": LANDING} if to is Status.IMPLEMENTED else changes
        store.save(
            moved(before, to, **more), expected_version=before.version, actor="test", action=str(to),
            operation=f"{to}:{before.id}:{before.version}",
        )  # fmt: skip


# --- exposure --------------------------------------------------------------------------------------------------------


def exposure(instance: dg.DagsterInstance, *entries: Proposal) -> dg.AssetCheckEvaluation:
    [found] = run_checks(exposure_reached, instance, store=a_store(*entries)).values()
    return found


@pytest.mark.parametrize(
    ("result", "figures", "holds"),
    [
        ("improved", {}, True),
        ("improved", {"afterRequests": 0}, False),
        ("improved", {"beforeRequests": None}, False),
        ("improved", {"expected": 2.9}, False),
        ("improved", {"expected": 2.9, "ratioLower": 0.6}, False),
        ("improved", {"ratioUpper": 0.5}, False),
        ("improved", {"ratioUpper": None}, False),
        ("not_improved", {}, True),
        ("not_improved", {"expected": 1.0, "ratioLower": 0.6, "ratioUpper": 4.0}, True),
        ("not_improved", {"expected": 1.0, "ratioLower": 0.5}, False),
        ("not_improved", {"expected": None, "ratioLower": None}, False),
        ("not_improved", {"afterRequests": 0, "ratioLower": 0.6}, False),
    ],
)
def test_a_verdict_without_the_exposure_that_it_needs_is_found(
    instance: dg.DagsterInstance, result: str, figures: dict[str, float], holds: bool
) -> None:
    verdict = model.Verdict.model_validate(
        {"result": result, "reason": "-", "measured_at": NOON, "figures": {**ENOUGH, **figures}}
    )
    found = exposure(instance, a_proposal(verdict=verdict))
    assert found.passed is holds and said(found)["looked at"] == "1 verdicts"


def test_a_verdict_without_figures_is_found(instance: dg.DagsterInstance) -> None:
    bare = model.Verdict(result="improved", reason="I say so", measured_at=NOON)
    assert not exposure(instance, a_proposal(verdict=bare)).passed


def test_what_is_inconclusive_or_unmeasured_is_no_verdict_and_is_counted(instance: dg.DagsterInstance) -> None:
    open_end = model.Verdict(result="inconclusive", reason="-", measured_at=NOON)
    found = exposure(
        instance, a_proposal(1, status=Status.INCONCLUSIVE, verdict=open_end), a_proposal(2, status=Status.IMPLEMENTED)
    )
    assert found.description == "nothing to check: 0 verdicts"
    assert (said(found)["inconclusive"], said(found)["landed without a verdict"]) == (1, 1)


# --- counters --------------------------------------------------------------------------------------------------------


def a_turn() -> MemoryProposalStore:
    store = a_store(a_proposal(1, tests=("t",)), a_proposal(2), a_proposal(3, status=Status.SPECIFIED))
    went(store, 1, Status.APPROVED, Status.EXECUTING, Status.IMPLEMENTED, Status.IMPROVED)
    went(store, 2, Status.APPROVED, Status.EXECUTING, Status.APPROVED)
    went(store, 3, Status.REJECTED)
    return store


def counted(store: MemoryProposalStore, warehouse: DeltaWarehouse, instance: dg.DagsterInstance) -> None:
    doors = {"store": store, "warehouse": warehouse}
    assert dg.materialize([agent_executions, improvement_metrics], resources=doors, instance=instance).success


def counters(
    store: MemoryProposalStore, warehouse: DeltaWarehouse, instance: dg.DagsterInstance
) -> dg.AssetCheckEvaluation:
    [found] = run_checks(counters_match_audit, instance, store=store, warehouse=warehouse).values()
    return found


def test_counters_are_those_of_the_audit_also_after_it_went_on(
    warehouse: DeltaWarehouse, instance: dg.DagsterInstance
) -> None:
    store = a_turn()
    counted(store, warehouse, instance)
    lines = len(tuple(store.audit()))
    went(store, 2, Status.REJECTED)
    found = counters(store, warehouse, instance)
    assert found.passed and found.description == "10 counters, none amiss"
    assert (said(found)["audit lines"], said(found)["lines since"]) == (lines, 1)


def test_before_counters_were_logged_nothing_is_said_to_match(
    warehouse: DeltaWarehouse, instance: dg.DagsterInstance
) -> None:
    found = counters(a_turn(), warehouse, instance)
    assert not found.passed and said(found)["looked at"] == "nothing to check: 0 counters"


def test_a_forged_page_of_counters_is_found(warehouse: DeltaWarehouse, instance: dg.DagsterInstance) -> None:
    store = a_turn()
    counted(store, warehouse, instance)
    lines = tuple(store.audit())
    forged = {**improvement_counters(lines, store.proposals()), "bugsFixed": 7, "audit lines": len(lines)}
    instance.report_runless_asset_event(dg.AssetMaterialization("improvement_metrics", metadata=forged))
    found = counters(store, warehouse, instance)
    assert not found.passed and said(found)["which"] == "bugsFixed: 7 was logged, the audit gives 1"


def test_a_line_missing_from_the_audit_is_found(warehouse: DeltaWarehouse, instance: dg.DagsterInstance) -> None:
    store = a_turn()
    counted(store, warehouse, instance)
    del store._audit[4]
    found = counters(store, warehouse, instance)
    assert not found.passed and "Audit line 5 is missing" in said(found)["which"]


def test_a_status_that_the_audit_does_not_tell_is_found(
    warehouse: DeltaWarehouse, instance: dg.DagsterInstance
) -> None:
    store = a_turn()
    counted(store, warehouse, instance)
    entry = a_proposal(2).id
    store._documents[entry] = store._documents[entry].replace(
        b'"status":"approved","template"', b'"status":"improved","template"'
    )
    found = counters(store, warehouse, instance)
    assert not found.passed and said(found)["which"] == f"{entry}: it is improved, the audit says approved"


def test_executions_that_the_warehouse_lacks_or_invents_are_found(
    warehouse: DeltaWarehouse, instance: dg.DagsterInstance
) -> None:
    store = a_turn()
    doors = {"store": store}
    assert dg.materialize([improvement_metrics], resources=doors, instance=instance).success
    found = counters(store, warehouse, instance)
    assert not found.passed and "1: landed and no row" in said(found)["which"]
    counted(store, warehouse, instance)
    invented = {
        "execution_id": "x", "recorded_at": NOON, "kind": "execution", "proposal_id": "bugfix-9", "result": "implemented",
    }  # fmt: skip
    warehouse.append(AGENT_EXECUTIONS, pa.Table.from_pylist([invented]))
    found = counters(store, warehouse, instance)
    assert not found.passed and "1: a row and not landed" in said(found)["which"]


def test_the_recount_has_the_same_ten_counters_by_another_way() -> None:
    store = a_turn()
    lines, entries = tuple(store.audit()), store.proposals()
    again = recount(lines, entries)
    assert list(again) == list(COUNTERS)
    assert again == {name: improvement_counters(lines, entries)[name] for name in COUNTERS}
    assert (again["improvementsProposed"], again["improvementsApproved"], again["bugsFixed"], again["testsGenerated"]) == (
        3, 2, 1, 1,
    )  # fmt: skip
