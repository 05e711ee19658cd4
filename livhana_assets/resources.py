"""Dagster's configuration → ports. An asset asks for the port (`dg.ResourceParam[Warehouse]`) and gets a plain object."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import dagster as dg

from livhana_assets.wiring import Loop, new_run_id, now


class LoopResource(dg.ConfigurableResource[Loop]):
    """Every door of the loop, opened from the environment and `livhana.toml` when a run first asks for it."""

    def create_resource(self, context: dg.InitResourceContext) -> Loop:
        return Loop()


def _door(open_it: Callable[[Loop], Any], description: str) -> dg.ResourceDefinition:
    return dg.ResourceDefinition(
        resource_fn=lambda context: open_it(context.resources.loop),
        required_resource_keys={"loop"},
        description=description,
    )


def resources() -> dict[str, Any]:
    return {
        "loop": LoopResource(),
        "warehouse": _door(lambda loop: loop.warehouse, "the traces: embedded Delta tables, or BigQuery"),
        "store": _door(lambda loop: loop.store, "the proposal store in Redis: the authority"),
        "target": _door(lambda loop: loop.target, "the repository to improve, through a clone of our own"),
        "drafter": _door(lambda loop: loop.drafter, "opens the target and gives a function from pattern to proposal"),
        "ground": _door(lambda loop: loop.ground, "opens the proving ground: target, test runners, sandbox"),
        "coverage_reports": _door(lambda loop: loop.coverage_reports, "the target's coverage reports"),
        "clock": _door(lambda loop: now, "the time, UTC"),
        "run_name": _door(lambda loop: new_run_id, "names this process for a claim"),
        "policy": _door(lambda loop: loop.policy, "what a change may be and who has to say yes"),
    }
