"""A shop whose catalog goes in a circle, which no fix template answers, and a proving ground for it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from livhana_assets.adapters.bubblewrap_sandbox import BubblewrapSandbox
from livhana_assets.adapters.claude_analyst.analyst import ClaudeAnalyst
from livhana_assets.adapters.git_target import GitTarget
from livhana_assets.adapters.rules_analyst import RulesAnalyst
from livhana_assets.adapters.test_runners import PytestRunner
from livhana_assets.loop.patterns.model import Count, DayCount, ErrorPattern, Exemplar, Frame
from livhana_assets.loop.proposals.drafting import draft_bugfix
from livhana_assets.loop.proposals.model import Effect, Proposal
from livhana_assets.loop.proposals.policy import Policy
from livhana_assets.loop.proposals.ports import Analyst
from livhana_assets.loop.proposals.proof import ProvingGround
from livhana_assets_tests.loop.proposals.a_shop_crash import AT
from livhana_assets_tests.repositories import clean_repository

CATALOG = '''"""Categories, each under its parent."""


def levels(category, parents):
    """How many levels are above a category."""
    parent = parents.get(category)
    return 0 if parent is None else 1 + levels(parent, parents)


def indented(category, parents):
    return "  " * levels(category, parents) + category
'''
SUITE = """from shop.catalog import indented, levels


def test_a_root_has_no_levels_above():
    assert levels("tea", {}) == 0


def test_a_leaf_is_indented():
    assert indented("green", {"green": "tea", "tea": "drinks"}) == "    green"
"""
FILES = {"shop/__init__.py": "", "shop/catalog.py": CATALOG, "tests/__init__.py": "", "tests/test_catalog.py": SUITE}
CIRCLE = {"category": "tea", "parents": {"tea": "drinks", "drinks": "tea"}}
SAYS = "maximum recursion depth exceeded"


def a_circle(*messages: str, logged: bool = True) -> ErrorPattern:
    """The crash, seen once for each message; without the variables it cannot be reproduced."""
    said = messages or (SAYS,)
    exemplars = tuple(
        Exemplar(
            error_id=f"e{number}", occurred_at=AT, release=f"v1.{number}", endpoint="GET /menu", message=message, stack_trace="",
            frames=(Frame(file="/srv/shop/shop/catalog.py", function="levels", line=7, locals=CIRCLE if logged else None),),
        )
        for number, message in enumerate(said)
    )  # fmt: skip
    return ErrorPattern(
        pattern_id="error-0123456789ab", fingerprint="0123456789ab" + "0" * 20, rule="frames", title="RecursionError in levels",
        service="shop", language="python", error_type="RecursionError", occurrences=9, first_seen=AT, last_seen=AT,
        days=(DayCount(day=AT.date(), occurrences=9),), endpoints=(Count(name="GET /menu", occurrences=9),), releases=(),
        customers=3, exemplars=exemplars,
    )  # fmt: skip


def ground_at(folder: Path, files: dict[str, str] = FILES) -> ProvingGround:
    target = GitTarget(str(clean_repository(folder / "target", files)), folder / "home")
    target.refresh()
    sandbox = BubblewrapSandbox()
    return ProvingGround(target, (PytestRunner(sandbox, Path(sys.executable)),), sandbox.level)


def drafted(pattern: ErrorPattern, ground: ProvingGround, analyst: Analyst) -> Proposal:
    base = ground.target.head()
    assert base
    effect = Effect(repository=ground.target.location, branch="main", land="branch")
    return draft_bugfix(
        pattern, analyst=analyst, ground=ground, policy=Policy(min_errors=5), effect=effect, base=base, now=AT
    )


def claude(caller: Any, kept: dict[str, str] | None = None) -> ClaudeAnalyst:
    store = {} if kept is None else kept
    return ClaudeAnalyst(RulesAnalyst(), caller, store.__setitem__)


def tried(proposal: Proposal) -> dict[str, str]:
    """Each fix that fell, and why."""
    return {one.label.removeprefix("tried: "): one.value for one in proposal.evidence if one.label.startswith("tried")}


def values(proposal: Proposal, label: str) -> Sequence[str]:
    return [one.value for one in proposal.evidence if one.label == label]
