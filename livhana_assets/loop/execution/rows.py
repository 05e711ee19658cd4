"""Rows of `ai_learning.agent_executions`: what was carried out and what came of it, made from the audit so that nothing is told twice."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from livhana_assets.loop.proposals.model import Proposal
from livhana_assets.loop.proposals.ports import AuditEntry

if TYPE_CHECKING:
    import pyarrow as pa

EXECUTIONS = ("implemented", "rolled_back", "reverted")
OUTCOMES = ("improved", "not_improved", "inconclusive")


def execution_rows(audit: Iterable[AuditEntry], proposals: Mapping[str, Proposal]) -> pa.Table:
    """One row per execution and per outcome that the audit tells. The entry's hash is the row's key, so appending again adds nothing."""
    import pyarrow as pa

    rows = [
        _row(entry, proposals[entry.proposal_id])
        for entry in audit
        if entry.action in (*EXECUTIONS, *OUTCOMES) and entry.proposal_id in proposals
    ]
    return pa.Table.from_pylist(rows, schema=_schema())


def _row(entry: AuditEntry, proposal: Proposal) -> dict[str, Any]:
    return {
        "execution_id": entry.hash[:32],
        "recorded_at": datetime.fromisoformat(entry.at),
        "kind": "execution" if entry.action in EXECUTIONS else "outcome",
        "proposal_id": proposal.id,
        "pattern_id": proposal.pattern_id,
        "type": proposal.type,
        "result": entry.action,
        "commit": proposal.landing.commit if proposal.landing else None,
        "reason": str(entry.details.get("reason") or ""),
        "details": json.dumps(dict(entry.details), sort_keys=True, default=str),
    }


def _schema() -> pa.Schema:
    import pyarrow as pa

    text = ("execution_id", "kind", "proposal_id", "pattern_id", "type", "result", "commit", "reason", "details")
    return pa.schema([*((name, pa.string()) for name in text), ("recorded_at", pa.timestamp("us", tz="UTC"))])
