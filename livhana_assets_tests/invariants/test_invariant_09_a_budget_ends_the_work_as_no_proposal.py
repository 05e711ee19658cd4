"""Every budget (bytes, turns, time, output, disk, memory, processes) ends the work as "no proposal", never as a half-made one."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from livhana_assets.adapters.bubblewrap_sandbox import BubblewrapSandbox
from livhana_assets.adapters.rules_analyst import RulesAnalyst
from livhana_assets.adapters.test_runners import CommandRunner, PytestRunner
from livhana_assets.adapters.test_runners.reporting import as_test_run
from livhana_assets.loop.execution.carry_out import RolledBack
from livhana_assets.loop.patterns.model import ErrorPattern
from livhana_assets.loop.proposals import ports
from livhana_assets.loop.proposals.drafting import draft_bugfix
from livhana_assets.loop.proposals.fixing import MAX_CANDIDATES
from livhana_assets.loop.proposals.model import Effect, Hypothesis, Proposal, Status
from livhana_assets.loop.proposals.ports import Analyst, Candidate, Crash, Limits, SandboxUnavailable
from livhana_assets.loop.proposals.queue import draft_patterns
from livhana_assets_tests.invariants.a_crash_pattern import AT, a_pattern
from livhana_assets_tests.invariants.a_shop import Shop
from livhana_assets_tests.loop.execution.an_approved_change import POLICY, QUICK_SUITE

EXCESSES = {
    "time": ("sleep 8", Limits(seconds=1.0)),
    "output": ("head -c 8000000 /dev/zero; sleep 1", Limits(seconds=60, output_bytes=1000)),
    "disk": ("for n in 1 2 3 4; do head -c 6000000 /dev/zero > f$n; done; sleep 1", Limits(seconds=60, disk_mb=8)),
    "processes": ("for n in 1 2 3 4 5 6 7 8 9; do sleep 3 & done; wait", Limits(seconds=60, processes=6)),
    "memory": (f"{shlex.quote(sys.executable)} -c 'x = bytearray(300_000_000)'", Limits(seconds=60, memory_mb=100)),
}


@pytest.mark.parametrize("budget", EXCESSES)
def test_a_change_whose_tests_exceed_a_budget_does_not_land(shop: Shop, budget: str) -> None:
    excess, limits = EXCESSES[budget]
    change, before = shop.approved(), shop.refs()
    greedy = shop.proving_with(f"if grep -q 'get(' shop/price.py; then {excess}; fi", limits)
    result = greedy.carry_out(change.id)
    assert shop.refs() == before
    assert isinstance(result, RolledBack)
    assert budget in ("memory",) or f"ended by {budget}" in result.why


class SameName:
    """A runner under the name that the proof was made with."""

    def __init__(self, name: str, inner: ports.TestRunner) -> None:
        self.name = name
        self.run, self.probe = inner.run, inner.probe


def test_a_suite_that_cannot_be_run_on_the_base_any_more_is_not_left_out(shop: Shop) -> None:
    """Landing without the suite, because its run on the base exceeded a budget, would be half a proof."""
    change, before = shop.approved(), shop.refs()
    slow = SameName(QUICK_SUITE, CommandRunner(BubblewrapSandbox(), "sleep 8", limits=Limits(seconds=0.5)))
    result = shop.proving_by(slow, CommandRunner(BubblewrapSandbox(), "true")).carry_out(change.id)
    assert shop.refs() == before
    assert isinstance(result, RolledBack)
    assert "baseline: ended by time" in result.why


@pytest.mark.parametrize(
    "limits", [Limits(seconds=0.05), Limits(memory_mb=16), Limits(report_bytes=10)], ids=["time", "memory", "report"]
)
def test_a_draft_whose_proof_exceeds_a_budget_offers_no_patch(shop: Shop, limits: Limits) -> None:
    made = drafted(shop, RulesAnalyst(), limits)
    assert (made.status, made.implementation.patch, made.proof) == (Status.SPECIFIED, "", None)
    assert made.unproved_reason
    assert not made.auto_fix_eligible


FINISHES_AND_STAYS = """
import os, time
told = b'{"event": "test", "id": "a", "outcome": "passed"}' + bytes([10]) + b'{"event": "finished", "exit": 0}' + bytes([10])
os.write(int(os.environ["LIVHANA_REPORT_FD"]), told)
time.sleep(8)
"""


def test_a_report_of_a_run_that_was_ended_is_not_complete(tmp_path: Path) -> None:
    command = [sys.executable, "-I", "-c", FINISHES_AND_STAYS]
    run = as_test_run(BubblewrapSandbox().run(command, tmp_path, limits=Limits(seconds=1.5)))
    assert (run.complete, run.ended_by, set(run.passed)) == (False, "time", {"a"})


class EagerAnalyst(RulesAnalyst):
    """Never runs out of ideas, all of them bad."""

    def candidates(self, crash: Crash) -> Iterator[Candidate]:
        for number in range(3 * MAX_CANDIDATES):
            idea = Hypothesis(statement="?", refuted_by="?")
            yield Candidate("", f"Idea {number}", "?", {"conftest.py": f"x = {number}\n"}, idea, raises="Refused")


def test_an_analyst_that_goes_on_and_on_is_ended_after_so_many_tries(shop: Shop) -> None:
    made = drafted(shop, EagerAnalyst(), Limits())
    tries = [evidence for evidence in made.evidence if evidence.label.startswith("tried: Idea")]
    assert (made.status, made.implementation.patch) == (Status.SPECIFIED, "")
    assert len(tries) == MAX_CANDIDATES, made.unproved_reason


def drafted(shop: Shop, analyst: Analyst, limits: Limits) -> Proposal:
    ground = shop.proving_by(PytestRunner(BubblewrapSandbox(), Path(sys.executable), limits=limits)).ground
    shop.target.refresh()
    base = shop.target.head("main")
    assert base
    effect = Effect(repository=shop.target.location, branch="main", land="branch")
    return draft_bugfix(a_pattern(), analyst=analyst, ground=ground, policy=POLICY, effect=effect, base=base, now=AT)


def test_a_draft_that_cannot_go_on_stores_nothing(shop: Shop) -> None:
    def draft(pattern: ErrorPattern) -> Proposal:
        raise SandboxUnavailable("no sandbox")

    with pytest.raises(SandboxUnavailable):
        draft_patterns([a_pattern()], store=shop.store, draft=draft, policy=POLICY)
    assert (shop.store.proposals(), list(shop.store.audit())) == ((), [])
