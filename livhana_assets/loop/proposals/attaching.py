"""A person's own patch for an accepted specification: the same gates, the same proof, then the same decision as for any other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from livhana_assets.loop.patterns.model import ErrorPattern
from livhana_assets.loop.proposals import acceptance, gates, proof
from livhana_assets.loop.proposals.crashes import Unproved, crash_of
from livhana_assets.loop.proposals.drafting import NO_PATCH
from livhana_assets.loop.proposals.fixing import suites_hold, vet_commit
from livhana_assets.loop.proposals.lifecycle import IllegalTransition, advance
from livhana_assets.loop.proposals.model import (
    Effect,
    Evidence,
    Gate,
    Implementation,
    Origin,
    Proof,
    Proposal,
    Reason,
    Status,
    Step,
)
from livhana_assets.loop.proposals.policy import Policy, is_critical, priority_of
from livhana_assets.loop.proposals.ports import PatchDoesNotApply, ProposalStore, TestRunner
from livhana_assets.loop.proposals.proof import ProvingGround
from livhana_assets.loop.proposals.testing import TestResult
from livhana_assets.loop.sources.paths import is_test_path

LONGEST_PATCH = 2_000_000
ANALYST = "person"


@dataclass(frozen=True)
class Author:
    """Who made a patch, what that says of it, and what it cost."""

    name: str
    fix: str
    analyst: str = ANALYST
    evidence: tuple[Evidence, ...] = ()
    metrics: Mapping[str, float | None] = field(default_factory=dict)
    origin: Origin | None = None


@dataclass(frozen=True)
class Attached:
    """What was seen of a patch that holds."""

    commit: str
    proof: Proof
    gates: tuple[Gate, ...]


def attach(
    store: ProposalStore,
    proposal_id: str,
    patch: str,
    *,
    pattern: ErrorPattern | None,
    ground: ProvingGround,
    policy: Policy,
    effect: Effect,
    base: str,
    by: str,
    now: datetime,
) -> Proposal | Unproved:
    """Prove the patch on `base` and propose it as the specification's next revision; or the reason why not, and nothing is changed.

    Raises IllegalTransition where the proposal is no accepted specification, StaleVersion where somebody changed it meanwhile."""
    proposal = store.get(proposal_id)
    require_accepted(proposal)
    found = prove_attached(proposal, patch, pattern=pattern, ground=ground, policy=policy, base=base, at=now)
    if isinstance(found, Unproved):
        return found
    changes = revision(proposal, found, pattern, ground, policy, effect, base, Author(by, fix=f"A patch of {by}."))
    if proposal.status is Status.ACCEPTED:
        proposal = start_drafting(store, proposal, by=by, now=now)
    return propose(store, proposal, changes, by=by, now=now)


def start_drafting(store: ProposalStore, proposal: Proposal, *, by: str, now: datetime, detail: str = "") -> Proposal:
    drafting = advance(proposal, Status.DRAFTING, at=now, actor=by, action="drafting", detail=detail)
    return _save(store, drafting, by)


def propose(
    store: ProposalStore, proposal: Proposal, changes: Mapping[str, Any], *, by: str, now: datetime
) -> Proposal:
    """The proved patch as the specification's next revision, which waits for a decision."""
    return _save(store, advance(proposal, Status.PROPOSED, at=now, actor=by, action="attached", **changes), by)


def require_accepted(proposal: Proposal) -> None:
    if proposal.status is Status.SPECIFIED:
        raise IllegalTransition(f"{proposal.id} is not accepted yet: `livhana accept {proposal.id}` comes first.")
    if proposal.status not in (Status.ACCEPTED, Status.DRAFTING):
        raise IllegalTransition(
            f"{proposal.id} is {proposal.status}: a patch is attached to an accepted specification only."
        )


def _save(store: ProposalStore, after: Proposal, by: str) -> Proposal:
    action = after.history[-1].action
    operation = f"{action}:{after.id}:{after.version}:{after.implementation.patch and after.digest}"
    return store.save(after, expected_version=after.version - 1, actor=by, action=action, operation=operation)


# --- the proof -------------------------------------------------------------------------------------------------------


def prove_attached(
    proposal: Proposal,
    patch: str,
    *,
    pattern: ErrorPattern | None,
    ground: ProvingGround,
    policy: Policy,
    base: str,
    at: datetime,
) -> Attached | Unproved:
    """The patch as a commit that passed every gate and whose own tests fail without it as production did; or why not."""
    target = ground.target
    if pattern is None and proposal.type == "bugfix":
        return Unproved(
            f"the pattern {proposal.pattern_id} is not in the warehouse, so nothing says what must be fixed"
        )
    if len(patch) > LONGEST_PATCH:
        return Unproved(f"the patch has more than {LONGEST_PATCH:,} characters")
    try:
        commit = target.transplant(base, patch, f"Patch for {proposal.id}", at)
    except PatchDoesNotApply as why:
        return Unproved(str(why).rstrip("."))
    verdicts = vet_commit(target, base, commit, policy)
    if refused := gates.refusal(verdicts):
        return Unproved(f"refused by a gate: {refused}")
    paths = [one.path for one in target.changes(base, commit) if one.status == "A" and is_test_path(one.path)]
    runner = ground.runner_for(paths[0])
    if runner is None or any(ground.runner_for(path) is not runner for path in paths):
        return Unproved(f"no one test runner of the target runs {', '.join(paths)}")
    if not (baseline := ground.baseline(base, runner)).usable:
        return Unproved(f"the target's own tests do not run on the base commit: {baseline.step.observed}")
    made = _prove(proposal, pattern, ground, runner, base, commit, paths, at)
    return made if isinstance(made, Unproved) else Attached(commit, made, verdicts)


def _prove(
    proposal: Proposal,
    pattern: ErrorPattern | None,
    ground: ProvingGround,
    runner: TestRunner,
    base: str,
    commit: str,
    paths: Sequence[str],
    at: datetime,
) -> Proof | Unproved:
    bare = _only(ground, base, commit, paths, proposal, at)
    shown = (
        _shown_by_the_crash(proposal, pattern, ground, runner, base, commit, bare, paths, at)
        if pattern
        else _shown_by_acceptance(proposal, ground, runner, commit, bare, paths)
    )
    if isinstance(shown, Unproved):
        return shown
    steps = [*shown.steps, proof.passes(ground, runner, commit, shown.own, "every new test")]
    demanded: set[str] = set()
    if all(step.passed for step in steps):
        held, demanded = suites_hold(ground, base, commit)
        steps += held
    if bad := next((step for step in steps if not step.passed), None):
        return Unproved(f"{bad.name}: expected that it {bad.expected}, but {bad.observed}")
    return Proof(
        base_commit=base,
        commit=commit,
        tree=ground.target.tree(commit),
        runner=runner.name,
        sandbox=ground.sandbox_level,
        reason=shown.reason,
        tests=shown.tests,
        demanded=tuple(sorted(demanded)),
        steps=tuple(steps),
    )


@dataclass(frozen=True)
class _Shown:
    """What the patch's new tests showed: `tests` speak for the change, `own` are all of them."""

    tests: tuple[str, ...]
    own: tuple[str, ...]
    steps: tuple[Step, ...]
    reason: Reason | None = None


def _shown_by_the_crash(
    proposal: Proposal,
    pattern: ErrorPattern,
    ground: ProvingGround,
    runner: TestRunner,
    base: str,
    commit: str,
    bare: str,
    paths: Sequence[str],
    at: datetime,
) -> _Shown | Unproved:
    """Some new test fails on the base for production's reason, and no longer with the patch."""
    run = ground.run(bare, runner, paths)
    own = {id: result for id, result in run.results.items() if id.partition("::")[0] in paths}
    reason = _reason(pattern, ground, base, own)
    failing = tuple(id for id, result in own.items() if reason and proof.explains(reason, result))
    if reason is None or not failing:
        wanted = str(reason) if reason else pattern.error_type
        return Unproved(f"no new test of the patch fails on the base with {wanted}: {_seen(own) or run.summary()}")
    alone = _only(ground, base, commit, sorted({id.partition("::")[0] for id in failing}), proposal, at)
    return _Shown(failing, tuple(own), proof.rounds(ground, runner, alone, commit, failing, reason), reason)


def _shown_by_acceptance(
    proposal: Proposal, ground: ProvingGround, runner: TestRunner, commit: str, bare: str, paths: Sequence[str]
) -> _Shown | Unproved:
    tests = acceptance.tests_that_show_it(ground, runner, proposal.type, bare, commit, paths)
    if isinstance(tests, Unproved):
        return tests
    return _Shown(tests, tests, acceptance.rounds(ground, runner, proposal.type, bare, commit, tests))


def _only(ground: ProvingGround, base: str, commit: str, paths: Sequence[str], proposal: Proposal, at: datetime) -> str:
    """The base with nothing but the patch's new tests."""
    contents = {path: ground.target.read(commit, path) for path in paths}
    return ground.target.build(base, contents, f"Test for {proposal.pattern_id}", at)


def _reason(pattern: ErrorPattern, ground: ProvingGround, base: str, own: Mapping[str, TestResult]) -> Reason | None:
    """Production's reason; where its trace leads nowhere in the repository, the place where a new test raises production's exception."""
    crash = crash_of(pattern, ground.target, base)
    if not isinstance(crash, Unproved):
        return proof.reason_of(crash)
    for result in own.values():
        place = proof.innermost_in_app(result.frames)
        if place and result.outcome != "passed":
            reason = Reason(error_type=pattern.error_type, file=place.file, function=place.function)
            if proof.explains(reason, result):
                return reason
    return None


def _seen(own: Mapping[str, TestResult]) -> str:
    """What the new tests did on the base, each kind once."""
    told = (f"{result.outcome} {result.error_type}".strip() for result in own.values())
    return ", ".join(dict.fromkeys(told))


# --- the revision ----------------------------------------------------------------------------------------------------


def revision(
    proposal: Proposal,
    found: Attached,
    pattern: ErrorPattern | None,
    ground: ProvingGround,
    policy: Policy,
    effect: Effect,
    base: str,
    author: Author,
) -> dict[str, Any]:
    """What the proposal says from now on. Such a patch always waits for a person's yes."""
    changed = ground.target.changes(base, found.commit)
    critical = is_critical(changed, policy)
    main_file = next(one.path for one in changed if not is_test_path(one.path))
    patch = ground.target.diff(base, found.commit)
    return {
        "revision": proposal.revision + 1,
        "title": f"Fix {proposal.title.removeprefix('Look into ')}" if pattern else proposal.title,
        "specification": _without_excuse(proposal.specification),
        "analyst": author.analyst,
        "template": "",
        "implementation": Implementation(file=main_file, fix=author.fix, patch=patch, base_commit=base),
        "evidence": (*proposal.evidence, *author.evidence),
        "metrics": {**proposal.metrics, **author.metrics},
        "origin": author.origin or proposal.origin,
        "tests": found.proof.tests,
        "proof": found.proof,
        "gates": found.gates,
        "effect": effect,
        "policy_version": policy.version,
        "priority": priority_of(pattern, critical) if pattern else "critical" if critical else proposal.priority,
        "critical": critical,
        "auto_fix_eligible": False,
        "requires_approval": True,
        "unproved_reason": "",
    }  # fmt: skip


def _without_excuse(specification: str) -> str:
    return "\n".join(line for line in specification.splitlines() if not line.startswith(NO_PATCH))
