"""The proof once more: of the commit that would land, of a proposal as it stands, of what somebody pushed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from livhana_assets.loop.proposals import acceptance, gates, proof
from livhana_assets.loop.proposals.fixing import vet_commit
from livhana_assets.loop.proposals.model import Proof, Proposal, Step
from livhana_assets.loop.proposals.policy import Policy, auto_fix_eligible, is_critical
from livhana_assets.loop.proposals.ports import TargetError, TargetRepo, TestRunner
from livhana_assets.loop.proposals.proof import ProvingGround


class CannotLand(Exception):
    """The execution ends here and is rolled back; the message is the reason."""


@dataclass(frozen=True)
class Rebuilt:
    """The approved patch as a commit on the branch's present head."""

    commit: str
    base: str
    moved: bool


def prove_patch(ground: ProvingGround, proposal: Proposal) -> tuple[Step, ...]:
    """The whole proof again on the commit it was made for. Raises TargetError where the patch no longer gives that commit's tree."""
    proved = proof_of(proposal)
    commit = ground.target.apply(
        proved.base_commit, proposal.implementation.patch, commit_message(proposal), proposal.created_at
    )
    if ground.target.tree(commit) != proved.tree:
        raise TargetError(f"The patch of {proposal.id} does not give the tree that was proved.")
    return prove_again(ground, proposal, Rebuilt(commit, proved.base_commit, moved=False))


def prove_again(ground: ProvingGround, proposal: Proposal, rebuilt: Rebuilt) -> tuple[Step, ...]:
    """The proof once more on the commit that would land: fail without the fix, pass with it, whole suite."""
    proved, target = proof_of(proposal), ground.target
    own = next((runner for runner in ground.runners if runner.name == proved.runner), None)
    if own is None:
        raise CannotLand(
            f"the proof was made with {proved.runner}, which does not run here: put it on the PATH and approve again"
        )
    steps: list[Step] = []
    if proved.tests and not proposal.reverts:
        steps += _shown_again(ground, own, proposal, proved, rebuilt)
    gone, demanded = tests_taken_away(proposal, target, rebuilt), set[str]()
    for runner in ground.runners:
        baseline = ground.baseline(rebuilt.base, runner)
        if baseline.usable:
            asked = proof.outside(gone, baseline.demanded)
            steps.append(proof.keeps_the_suite(ground, runner, rebuilt.commit, asked))
            demanded |= asked
        elif runner is own:
            steps.append(baseline.step)
    return (*steps, *(() if rebuilt.moved else (_as_demanded(proved, demanded),)))


def _shown_again(
    ground: ProvingGround, own: TestRunner, proposal: Proposal, proved: Proof, rebuilt: Rebuilt
) -> tuple[Step, ...]:
    """What the change's own tests showed of a crash, or of what its specification wanted."""
    bare, commit = _tests_only(proposal, ground.target, rebuilt), rebuilt.commit
    if proved.reason:
        return proof.rounds(ground, own, bare, commit, proved.tests, proved.reason, times=1)
    return acceptance.rounds(ground, own, proposal.type, bare, commit, proved.tests, times=1)


def _as_demanded(proved: Proof, demanded: set[str]) -> Step:
    """On the base of the proof, every test that it demanded is demanded again: none may have gone missing with its runner."""
    missing = sorted(set(proved.demanded) - demanded)
    observed = f"{len(missing)} are missing, first {missing[0]}" if missing else "all of them"
    return Step(
        name="demanded tests",
        expected=f"the {len(proved.demanded)} of the proof",
        observed=observed,
        passed=not missing,
    )


def tests_taken_away(proposal: Proposal, target: TargetRepo, rebuilt: Rebuilt) -> frozenset[str]:
    """The files that a reversal removes; the gates let it remove only what the reverted commit had added. Nothing else removes any."""
    if not proposal.reverts:
        return frozenset()
    return frozenset(change.path for change in target.changes(rebuilt.base, rebuilt.commit) if change.status == "D")


def _tests_only(proposal: Proposal, target: TargetRepo, rebuilt: Rebuilt) -> str:
    paths = sorted({test_id.partition("::")[0] for test_id in proof_of(proposal).tests})
    contents = {path: target.read(rebuilt.commit, path) for path in paths}
    return target.build(rebuilt.base, contents, f"Test for {proposal.pattern_id}", proposal.created_at)


def revised(
    proposal: Proposal, ground: ProvingGround, rebuilt: Rebuilt, steps: Sequence[Step], policy: Policy
) -> dict[str, Any]:
    """What a proposal says of a commit that is not the one it was proposed with."""
    target = ground.target
    changed = target.changes(rebuilt.base, rebuilt.commit)
    critical = is_critical(changed, policy)
    gone = tests_taken_away(proposal, target, rebuilt)
    demanded = {
        test
        for runner in ground.runners
        for test in proof.outside(gone, ground.baseline(rebuilt.base, runner).demanded)
    }
    proved = proof_of(proposal).model_copy(
        update={
            "base_commit": rebuilt.base,
            "commit": rebuilt.commit,
            "tree": target.tree(rebuilt.commit),
            "steps": tuple(steps),
            "demanded": tuple(sorted(demanded)),
        }
    )
    patch = target.diff(rebuilt.base, rebuilt.commit)
    return {
        "implementation": proposal.implementation.model_copy(update={"patch": patch, "base_commit": rebuilt.base}),
        "proof": proved,
        "gates": vet_commit(target, rebuilt.base, rebuilt.commit, policy, reverts=proposal.reverts),
        "critical": critical,
        "auto_fix_eligible": not proposal.reverts
        and auto_fix_eligible(changed, proved=proved.holds, critical=critical),
        "policy_version": policy.version,
    }


def prove_pushed(ground: ProvingGround, proposal: Proposal, base: str, pushed: str, policy: Policy) -> dict[str, Any]:
    """The next revision of a proposal whose branch somebody else moved, with its proof, whether that holds or not. Raises TargetError."""
    target = ground.target
    commit = target.apply(base, target.diff(base, pushed), commit_message(proposal), proposal.created_at)
    rebuilt = Rebuilt(commit, base, moved=base != proof_of(proposal).base_commit)
    refused = gates.refusal(vet_commit(target, base, commit, policy, reverts=proposal.reverts))
    if refused:  # never run what the gates refuse
        steps: tuple[Step, ...] = (Step(name="gates", expected="let it through", observed=refused, passed=False),)
    else:
        try:
            steps = prove_again(ground, proposal, rebuilt)
        except CannotLand as why:
            steps = (Step(name="runner", expected="the proof's own", observed=str(why), passed=False),)
    said = revised(proposal, ground, rebuilt, steps, policy)
    return {**said, "auto_fix_eligible": False, "requires_approval": True}


def commit_message(proposal: Proposal) -> str:
    approval = proposal.approval
    signed = f"Approved-by: {approval.by}\n" if approval else ""
    return f"{proposal.title}\n\n{proposal.implementation.fix}\n\nProposal: {proposal.id}\nPattern: {proposal.pattern_id}\n{signed}"


def proof_of(proposal: Proposal) -> Proof:
    if proposal.proof is None:
        raise CannotLand(f"{proposal.id} has no proof")
    return proposal.proof
