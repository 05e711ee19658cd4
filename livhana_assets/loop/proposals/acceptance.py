"""The proof of a change that no crash asked for. What a feature wants is a test that fails without it; what an optimization or a
refactoring must keep is a test that passes without it as well. A gain in speed is not proved here: production's traces tell it later."""

from __future__ import annotations

from collections.abc import Sequence

from livhana_assets.loop.proposals import proof
from livhana_assets.loop.proposals.crashes import Unproved
from livhana_assets.loop.proposals.model import Step
from livhana_assets.loop.proposals.ports import TestRunner
from livhana_assets.loop.proposals.proof import ROUNDS, ProvingGround
from livhana_assets.loop.proposals.testing import TestRun

ADDS = ("feature", "learning", "bugfix")
"""Types of proposals that want something new; the others keep what there is."""


def tests_that_show_it(
    ground: ProvingGround, runner: TestRunner, kind: str, without: str, change: str, paths: Sequence[str]
) -> tuple[str, ...] | Unproved:
    """The new tests that speak for the change: those that fail without it, or, where nothing new is wanted, all of them."""
    run = ground.run(change, runner, paths)
    own = tuple(sorted(id for id in run.results if id.partition("::")[0] in paths))
    if not own:
        return Unproved(f"no new test of the patch ran: {_said(run, paths)}")
    if kind not in ADDS:
        return own
    before = ground.run(without, runner, paths)
    shown = tuple(id for id in own if id in run.passed and id not in before.passed)
    return shown or Unproved(f"no new test of the patch fails without it and passes with it: {_said(run, paths)}")


def rounds(
    ground: ProvingGround,
    runner: TestRunner,
    kind: str,
    without: str,
    change: str,
    test_ids: Sequence[str],
    times: int = ROUNDS,
) -> tuple[Step, ...]:
    """Without, with, without … as `proof.rounds`. Stops at the first step that is not as expected."""
    judge = _fails if kind in ADDS else proof.passes
    steps = [judge(ground, runner, without, test_ids, "base")]
    for turn in range(1, times + 1):
        if not steps[-1].passed:
            break
        steps.append(proof.passes(ground, runner, change, test_ids, f"patched {turn}"))
        if steps[-1].passed:
            steps.append(judge(ground, runner, without, test_ids, f"reverted {turn}"))
    return tuple(steps)


def _fails(ground: ProvingGround, runner: TestRunner, commit: str, test_ids: Sequence[str], name: str) -> Step:
    """No test passes; one that cannot even be loaded, as it wants what is not there yet, does not pass."""

    def judge() -> tuple[bool, str]:
        run = ground.run(commit, runner, proof.files_of(test_ids))
        passing = sorted(run.passed & set(test_ids))
        if run.ended_by != "exit":
            return False, run.summary()
        return not passing, f"{passing[0]} passes" if passing else _said(run, proof.files_of(test_ids))

    return proof.judged(name, "fails without the change", judge)


def _said(run: TestRun, paths: Sequence[str]) -> str:
    said = proof.first_error(run, paths)
    return f"{run.summary()}: {said}" if said else run.summary()
