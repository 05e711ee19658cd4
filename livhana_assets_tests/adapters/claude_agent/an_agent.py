"""The agent as it is, through the real SDK to the loopback server; only the replies are written for tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import redis

from livhana_assets.adapters.claude_analyst.agent import AgentLimits, ClaudeAgent
from livhana_assets.adapters.claude_analyst.calls import Caller
from livhana_assets.adapters.claude_analyst.client import Access
from livhana_assets.adapters.claude_analyst.ledger import Ledger
from livhana_assets.adapters.claude_analyst.limited_ledger import LimitedLedger
from livhana_assets.loop.proposals.policy import Policy
from livhana_assets.loop.proposals.proof import ProvingGround
from livhana_assets_tests.adapters.claude_agent.a_shop import POLICY
from livhana_assets_tests.adapters.claude_analyst.a_caller import DOLLAR, MODELS, QUICK
from livhana_assets_tests.claude_server import KEY, REPLIES, Reply

LIMITS = AgentLimits()
CARRY_OUT = REPLIES / "written-for-tests-carry-out.json"


def an_agent(
    client: redis.Redis, url: str, ground: ProvingGround, folder: Path, *, limits: AgentLimits = LIMITS,
    a_day: int = 50 * DOLLAR, policy: Policy = POLICY, paused: Callable[[], bool] = lambda: False, **more: Any,
) -> ClaudeAgent:  # fmt: skip
    def calls(limit: int) -> Caller:
        ledger = LimitedLedger(Ledger(client, a_day), limit)
        return Caller(Access(key=KEY, url=url), ledger, models=MODELS, pace=QUICK, paused=paused)

    return ClaudeAgent(calls, ground, policy, folder / "transcripts", limits=limits, **more)


def asks(*calls: tuple[str, dict[str, Any]], **more: Any) -> Reply:
    """A reply that asks for tools."""
    return Reply(content=[{"type": "tool_use", "name": name, "input": given} for name, given in calls], **more)


READ = ("read_file", {"path": "shop/rates.py", "first": 1, "last": 0})
GUARD = (
    "edit_file",
    {
        "path": "shop/rates.py", "base_hash": "{{sha256}}", "before": '    return band["rate"] * 2',
        "after": '    if band is None:\n        return 0\n    return band["rate"] * 2',
    },
)  # fmt: skip
SUBMIT = ("submit", {"summary": "Written for a test."})


def new_test(text: str = "assert rate(50, []) == 0", name: str = "heavy") -> tuple[str, dict[str, Any]]:
    whole = f"from shop.rates import rate\n\n\ndef test_{name}():\n    {text}\n"
    return "create_file", {"path": f"tests/test_{name}.py", "text": whole}
