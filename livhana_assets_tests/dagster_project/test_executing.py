"""Materializing `execution` where it may not be carried out: the run fails with one sentence, and the proposal stays as it was."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import dagster as dg

from livhana_assets.adapters.memory_store import MemoryProposalStore
from livhana_assets.loop.execution.assets import execution
from livhana_assets.loop.proposals.policy import Policy
from livhana_assets_tests.dagster_project.a_clock import add_all, approved


def unopened() -> Any:
    raise AssertionError("a door was opened that leads to the target")


def executed(store: MemoryProposalStore, proposal_id: str, tags: dict[str, str]) -> str:
    """Why the run failed."""
    doors = {
        "ground": unopened,
        "pull_requests": unopened,
        "clock": lambda: datetime.now(UTC),
        "run_name": lambda: "run",
    }
    plain = {name: dg.ResourceDefinition.hardcoded_resource(door) for name, door in doors.items()}
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions("proposals", [proposal_id])
        ran = dg.materialize(
            [execution], partition_key=proposal_id, instance=instance, raise_on_error=False, tags=tags,
            resources={"store": store, "warehouse": object(), "policy": Policy(), **plain},
        )  # fmt: skip
    [failed] = ran.filter_events(lambda event: event.is_step_failure)
    reason = failed.step_failure_data.user_failure_data
    assert reason is not None, failed.step_failure_data.error
    return str(reason.description)


def test_a_backfill_executes_nothing_and_the_approval_stands() -> None:
    store = MemoryProposalStore()
    one = approved()
    add_all(store, [one])
    why = executed(store, one.id, {"dagster/backfill": "abc"})
    assert why == (
        f"A backfill executes nothing, so {one.id} was left as it is: `livhana execute {one.id}` carries out what is approved."
    )
    assert store.get(one.id) == one
