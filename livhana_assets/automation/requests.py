"""How a run that carries out a proposal is asked for, by the sensor or the hourly schedule: never twice for one version."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import dagster as dg

from livhana_assets.automation.switch import under_way
from livhana_assets.loop.execution.due import execution_key, why_not_now
from livhana_assets.loop.proposals.model import Proposal

STARTS_ITSELF = frozenset({"cli", "api", "pages"})
"""Doors that carry out at once what was approved there."""
STARTS_WITHIN = timedelta(seconds=20)
CLAIMS_WITHIN = timedelta(minutes=10)
"""A run that started longer ago without having claimed its proposal is dead."""


def request_execution(instance: dg.DagsterInstance, proposal: Proposal, now: datetime) -> dg.RunRequest | str:
    """The run, or why there is none: the decision itself may have started one already."""
    if why := why_not_now(proposal, now):
        return why
    if _starts_itself(proposal, now):
        return f"{proposal.id} was approved a moment ago, and is being started there"
    partition = {"dagster/partition": proposal.id}
    if under_way(instance, tags=partition, started_within=CLAIMS_WITHIN):
        return f"a run of {proposal.id} is under way"
    if not instance.has_dynamic_partition("proposals", proposal.id):
        instance.add_dynamic_partitions("proposals", [proposal.id])
    return dg.RunRequest(run_key=execution_key(proposal), partition_key=proposal.id)


def _starts_itself(proposal: Proposal, now: datetime) -> bool:
    approval = proposal.approval
    return approval is not None and approval.door in STARTS_ITSELF and now - approval.approved_at < STARTS_WITHIN


def asked_or_skipped(asked: Iterable[dg.RunRequest | str], otherwise: str) -> list[dg.RunRequest] | dg.SkipReason:
    """The runs; where there are none, why not."""
    told = list(asked)
    runs = [one for one in told if isinstance(one, dg.RunRequest)]
    return runs or dg.SkipReason("; ".join(one for one in told if isinstance(one, str)) or otherwise)
