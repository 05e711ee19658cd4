"""What `livhana analyze --dry-run` says of the model: what it would be shown, the calls, and what they would cost; none is made."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from livhana_assets.cli.tables import out, print_rows, say
from livhana_assets.loop.patterns.model import ErrorPattern
from livhana_assets.loop.proposals.crashes import Unproved, crash_of, with_suspect_commit
from livhana_assets.loop.proposals.queue import judged_patterns
from livhana_assets.loop.proposals.wording import counted
from livhana_assets.wiring import Loop, now

if TYPE_CHECKING:
    from livhana_assets.adapters.claude_analyst.analyst import ClaudeAnalyst, Plan

Row = dict[str, Any]
SHOWN = 20
ONLY_WHERE = "at most, and only for crashes that no rule's fix is proved for; none was made"


def with_model_calls(loop: Loop, rows: Sequence[Mapping[str, object]]) -> list[Row]:
    """The rows of patterns, each that is due with `modelCalls`: the pack, and the calls that drafting it would make at most."""
    plans = _plans(loop)
    return [
        {**row, "modelCalls": _told(plans[str(row["pattern"])])} if row["pattern"] in plans else dict(row)
        for row in rows
    ]


def _plans(loop: Loop) -> dict[str, Plan]:
    analyst = loop.claude_analyst
    if analyst is None or not loop.settings.target_repo:
        return {}
    judged = judged_patterns(loop.warehouse, loop.store, loop.policy, now=now())
    due = [pattern for pattern, why_not in judged if not why_not]
    base = loop.base() if due else ""
    plans = {pattern.pattern_id: _plan(loop, analyst, pattern, base) for pattern in due}
    return {pattern: plan for pattern, plan in plans.items() if plan}


def _plan(loop: Loop, analyst: ClaudeAnalyst, pattern: ErrorPattern, base: str) -> Plan | None:
    """None for a crash outside the repository, about which nobody is asked."""
    crash = crash_of(with_suspect_commit(pattern, loop.target, base), loop.target, base)
    return None if isinstance(crash, Unproved) else analyst.plan(crash)


def _told(plan: Plan) -> Row:
    calls = [
        {
            "kind": work.kind,
            "model": estimate.model,
            "inputTokens": estimate.input_tokens,
            "counted": estimate.counted,
            "maxOutputTokens": work.max_tokens,
            "worstUsd": estimate.worst_micro_dollars / 1e6,
        }
        for work, estimate in plan.calls
    ]
    worst = sum(estimate.worst_micro_dollars for _, estimate in plan.calls) / 1e6
    return {"calls": calls, "worstUsd": worst, "packDigest": plan.pack.digest, "pack": json.loads(plan.pack.text)}


def print_model_calls(loop: Loop, rows: Sequence[Mapping[str, Any]]) -> None:
    """A short table for people; `--json` holds the packs themselves."""
    planned = [(row["pattern"], row["modelCalls"]) for row in rows if "modelCalls" in row]
    if loop.claude_analyst is None:
        say("model calls: none; the rules decide alone. docs/guide.md says how to use a key.")
        return
    calls = sum(len(told["calls"]) for _, told in planned)
    worst = sum(told["worstUsd"] for _, told in planned)
    out.print(f"model calls: {counted(calls, 'call')}, ${worst:.2f}, {ONLY_WHERE}", style="bold", markup=False)
    if planned:
        print_rows([_short(pattern, told) for pattern, told in planned[:SHOWN]])
        say("The packs themselves: `livhana analyze bugs --dry-run --json`")


def _short(pattern: str, told: Mapping[str, Any]) -> Row:
    calls = told["calls"]
    return {
        "pattern": pattern,
        "calls": " + ".join(call["kind"] for call in calls),
        "inputTokens": " + ".join(f"{call['inputTokens']}{'' if call['counted'] else ' at most'}" for call in calls),
        "worstUsd": f"{told['worstUsd']:.4f}",
        "shows": ", ".join(sorted({one["path"] for one in told["pack"].get("code", [])})),
    }
