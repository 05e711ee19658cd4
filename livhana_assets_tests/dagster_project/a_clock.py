"""Schedules and sensors in tests: evaluated as the daemon does, over a loop with a store in memory and a warehouse on disk."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg

from livhana_assets.adapters.delta_warehouse import DeltaWarehouse
from livhana_assets.adapters.memory_store import MemoryProposalStore
from livhana_assets.definitions import defs
from livhana_assets.loop.proposals.model import Approval, Proof, Proposal, Status, Step
from livhana_assets.loop.proposals.ports import ProposalStore
from livhana_assets.settings import Settings
from livhana_assets.wiring import Loop
from livhana_assets_tests.a_proposal import a_proposal


def a_loop(folder: Path, store: ProposalStore | None = None, **settings: Any) -> Loop:
    """Switched on, unless the settings say otherwise."""
    said: dict[str, Any] = {"ENABLE_SELF_IMPROVEMENT": True, "LIVHANA_HOME": folder, **settings}
    loop = Loop(Settings(_env_file=None, **said))
    loop.__dict__.update(store=store or MemoryProposalStore(), warehouse=DeltaWarehouse(folder / "warehouse"))
    return loop


def tick(sensor: str, instance: dg.DagsterInstance, loop: Loop, cursor: str | None = None) -> Any:
    """What the daemon gets: run requests, the skip reason, the cursor to keep, requests about partitions."""
    repository = defs.get_repository_def()
    context = dg.build_sensor_context(
        instance,
        cursor=cursor,
        repository_def=repository,
        resources={"loop": loop},
        sensor_name=sensor,
        instance_ref=instance.get_ref() if instance.is_persistent else None,
    )
    with context:
        return repository.get_sensor_def(sensor).evaluate_tick(context)


def strike(schedule: str, instance: dg.DagsterInstance, loop: Loop, at: datetime) -> Any:
    """What the daemon gets when a schedule's time has come."""
    repository = defs.get_repository_def()
    context = dg.build_schedule_context(
        instance, scheduled_execution_time=at, repository_def=repository, resources={"loop": loop}
    )
    with context:
        return repository.get_schedule_def(schedule).evaluate_tick(context)


def keys(data: Any) -> list[str]:
    return [request.run_key for request in data.run_requests or ()]


def partitions(data: Any) -> list[str]:
    return [request.partition_key for request in data.run_requests or ()]


def a_run(
    instance: dg.DagsterInstance,
    job: str,
    status: dg.DagsterRunStatus = dg.DagsterRunStatus.NOT_STARTED,
    **tags: str,
) -> dg.DagsterRun:
    """A run in the instance's books; a tag's name is written with `__` for `/`."""
    made = dg.DagsterRun(job, tags={name.replace("__", "/"): value for name, value in tags.items()}, status=status)
    return instance.add_run(made)


def waiting(number: int = 1, **changes: Any) -> Proposal:
    """A proved change that waits for a decision since just now."""
    step = Step(name="passes", expected="pass", observed="pass", passed=True)
    proof = Proof(
        base_commit="b" * 40, commit="c" * 40, tree="t" * 40, runner="pytest", sandbox="bubblewrap", tests=(), demanded=(), steps=(step,),
    )  # fmt: skip
    return a_proposal(number, **{"proof": proof, "created_at": datetime.now(UTC), **changes})


def approved(number: int = 1, **changes: Any) -> Proposal:
    """A minute ago, on the terminal."""
    at = datetime.now(UTC) - timedelta(minutes=1)
    approval = Approval(by="jesse", digest="d" * 64, approved_at=at, expires_at=at + timedelta(days=14))
    return waiting(number, **{"status": Status.APPROVED, "approval": approval, **changes})


def add_all(store: ProposalStore, proposals: Iterable[Proposal]) -> None:
    for one in proposals:
        store.add(one, actor="test", operation=f"add:{one.id}")
