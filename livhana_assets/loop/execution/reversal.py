"""A landed change taken back: its exact inverse as a proposal of its own, proved, decided and carried out like any other."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from livhana_assets.loop.proposals import gates
from livhana_assets.loop.proposals.drafting import proposal_id as new_id
from livhana_assets.loop.proposals.fixing import parent_of, suites_hold, vet_commit
from livhana_assets.loop.proposals.knowledge import reversal_entry
from livhana_assets.loop.proposals.lifecycle import LANDED, advance
from livhana_assets.loop.proposals.model import (
    Effect,
    Event,
    Evidence,
    Implementation,
    Landing,
    Proof,
    Proposal,
    Status,
    Step,
)
from livhana_assets.loop.proposals.policy import Policy, is_critical
from livhana_assets.loop.proposals.ports import (
    PatchDoesNotApply,
    PatternAlreadyOpen,
    ProposalStore,
    StaleVersion,
    TargetError,
    TargetRepo,
)
from livhana_assets.loop.proposals.proof import ProvingGround
from livhana_assets.loop.proposals.queue import supersede_rolled_back
from livhana_assets.loop.review.by_policy import auto_approved_on
from livhana_assets.loop.review.decisions import Refused, approve_by_policy

ANALYST = "reversal"
ACTOR = "outcomes"
"""Who asks for the reversal of what made things worse."""
NOT_POSSIBLE = "reversal_refused"


def draft_reversal(
    store: ProposalStore,
    ground: Callable[[], ProvingGround],
    proposal_id: str,
    *,
    by: str,
    reason: str,
    policy: Policy,
    now: datetime,
    without_person: bool = False,
) -> Proposal:
    """Propose the reversal of a landed change; the one that stands already where there is one. Raises Refused with nothing changed.

    `without_person`: the policy may approve it, where it allows that at all."""
    original = store.get(proposal_id)
    require_landed(store, original)
    if standing := standing_reversal(store, original):
        return standing
    if store.paused():
        raise Refused(f"The loop is paused: `livhana resume` comes first, then `livhana revert {proposal_id}`.")
    drafted = _draft(original, ground(), by=by, reason=reason, policy=policy, now=now, without_person=without_person)
    supersede_rolled_back(store, drafted)
    try:
        return store.add(drafted, actor=by, operation=f"proposed:{drafted.id}")
    except PatternAlreadyOpen:  # somebody else asked for it at this very moment
        return standing_reversal(store, original) or drafted


def standing_reversal(store: ProposalStore, original: Proposal) -> Proposal | None:
    """The open reversal of a change; one that could not land makes room for another."""
    standing = store.open_for(reversal_pattern(original))
    return None if standing is None or standing.status is Status.ROLLED_BACK else standing


def reversal_pattern(original: Proposal) -> str:
    """A reversal is no second fix of the pattern: it has one of its own, so that a change has one open reversal and outcomes leave it alone."""
    return f"reversal-of-{original.id}"


def require_landed(store: ProposalStore, original: Proposal) -> None:
    if original.status is Status.REVERTED:
        raise Refused(f"{original.id} is taken back already: {original.history[-1].detail}.")
    if original.status not in LANDED or original.landing is None:
        raise Refused(f"{original.id} is {original.status}: only what has landed can be taken back.")


# --- the draft -------------------------------------------------------------------------------------------------------


def _draft(
    original: Proposal, ground: ProvingGround, *, by: str, reason: str, policy: Policy, now: datetime, without_person: bool
) -> Proposal:  # fmt: skip
    target, landing = ground.target, _landing(original)
    effect, base = _destination(original, target)
    title = f"Take back: {original.title}"
    fix = f"This takes back commit {landing.commit}, which {original.id} landed."
    commit = _inverse(target, landing.commit, base, f"{title}\n\n{fix}\n", now, original)
    verdicts = vet_commit(target, base, commit, policy, reverts=landing.commit)
    if refused := gates.refusal(verdicts):
        raise Refused(f"{original.id} cannot be taken back by itself: refused by a gate: {refused}.")
    removed = frozenset(change.path for change in target.changes(base, commit) if change.status == "D")
    proved = _prove(original, ground, base, commit, removed)
    critical = is_critical(target.changes(base, commit), policy)
    pattern = reversal_pattern(original)
    return Proposal(
        id=new_id(original.type, pattern, now),
        type=original.type,
        status=Status.PROPOSED,
        priority="critical" if critical else "high",
        title=title,
        description=f"{original.title} ({original.id}) landed as {landing.commit[:12]} on {landing.branch}. {_sentence(reason)}",
        pattern_id=pattern,
        analyst=ANALYST,
        evidence=_evidence(original, by, reason, removed),
        implementation=Implementation(
            file=original.implementation.file, fix=fix, patch=target.diff(base, commit), base_commit=base
        ),
        proof=proved,
        gates=verdicts,
        effect=effect,
        policy_version=policy.version,
        requires_approval=critical or not (without_person and policy.auto_revert),
        critical=critical,
        created_at=now,
        reverts=landing.commit,
        history=(Event(at=now, actor=by, action="proposed", status=Status.PROPOSED, detail=reason),),
    )


def _destination(original: Proposal, target: TargetRepo) -> tuple[Effect, str]:
    """Where the change is now, and that branch's head: the branch that it was meant for, else the one of its own that nobody merged yet."""
    landing, meant = _landing(original), original.effect
    if meant is None or meant.repository != target.location:
        where = meant.repository if meant else "nowhere that is known"
        raise Refused(f"{original.id} landed in {where}, and the target is {target.location} now.")
    target.refresh()
    alone = meant.model_copy(update={"branch": landing.branch, "land": "fast_forward"})
    for effect in (meant, alone):
        head = target.head(effect.branch)
        if head and target.contains(head, landing.commit):
            return effect, head
    names = " or ".join(dict.fromkeys((meant.branch, landing.branch)))
    raise Refused(f"{landing.commit[:12]} is on {names} no more, so there is nothing of {original.id} to take back.")


def _inverse(target: TargetRepo, landed: str, base: str, message: str, now: datetime, original: Proposal) -> str:
    try:
        return target.transplant(base, target.diff(landed, parent_of(target, landed)), message, now)
    except PatchDoesNotApply as why:
        raise Refused(
            f"{original.id} cannot be taken back by itself, what it changed was changed since: {str(why).rstrip('.')}; "
            f"`git revert {landed[:12]}` on a branch of yours shows where."
        ) from why


def _prove(original: Proposal, ground: ProvingGround, base: str, commit: str, removed: frozenset[str]) -> Proof:
    """Every test that passes on the base passes without the change too, but for the tests that go with it."""
    held, demanded = suites_hold(ground, base, commit, removed)
    if not held:
        raise Refused(
            f"{original.id} cannot be taken back by itself: the target's own tests do not run on {base[:12]}."
        )
    if bad := next((step for step in held if not step.passed), None):
        raise Refused(f"{original.id} cannot be taken back by itself: {bad.name}: {bad.observed}.")
    usable = [runner.name for runner in ground.runners if ground.baseline(base, runner).usable]
    named = original.proof.runner if original.proof else ""
    applies = Step(
        name="inverse",
        expected="the landed patch, turned round, applies whole",
        observed=f"{len(ground.target.changes(base, commit))} files",
        passed=True,
    )
    return Proof(
        base_commit=base,
        commit=commit,
        tree=ground.target.tree(commit),
        runner=named if named in usable else usable[0],
        sandbox=ground.sandbox_level,
        tests=(),
        demanded=tuple(sorted(demanded)),
        steps=(applies, *held),
    )


def _evidence(original: Proposal, by: str, reason: str, removed: frozenset[str]) -> tuple[Evidence, ...]:
    landing, told = _landing(original), f"livhana show {original.id}"
    shown = [
        Evidence(label="takes back", value=f"{landing.commit[:12]} on {landing.branch}", source=f"git show {landing.commit}"),
        Evidence(label="landed", value=f"{landing.landed_at:%Y-%m-%d %H:%M} UTC", source=told),
        Evidence(label="asked for by", value=by, source="livhana audit"),
    ]  # fmt: skip
    if reason:
        shown.append(Evidence(label="because", value=reason, source=told))
    if original.verdict:
        said = f"{original.verdict.result}: {original.verdict.reason}"
        shown.append(Evidence(label="verdict", value=said, source=told))
    if removed:
        value = ", ".join(sorted(removed))
        shown.append(Evidence(label="tests that go with it", value=value, source=f"git show --stat {landing.commit}"))
    return tuple(shown)


def _sentence(reason: str) -> str:
    return f"It is to be taken back: {reason.rstrip('.')}." if reason else "It is to be taken back."


def _landing(original: Proposal) -> Landing:
    if original.landing is None:
        raise TargetError(f"{original.id} has not landed.")
    return original.landing


# --- when a reversal landed ------------------------------------------------------------------------------------------


def settle_reversals(store: ProposalStore, *, now: datetime) -> tuple[Proposal, ...]:
    """Every landed change whose reversal has landed is `reverted`. Repeating it changes nothing."""
    known = store.proposals()
    reversals = {one.reverts: one for one in known if one.reverts and one.landing and one.status in LANDED}
    taken_back = [
        (original, reversals[original.landing.commit])
        for original in known
        if original.landing and original.status in LANDED and original.landing.commit in reversals
    ]
    return tuple(done for pair in taken_back if (done := _take_back(store, *pair, now)))


def _take_back(store: ProposalStore, original: Proposal, reversal: Proposal, now: datetime) -> Proposal | None:
    by = reversal.approval.by if reversal.approval else ""
    detail = f"{reversal.id} landed as {_landing(reversal).commit[:12]}, approved by {by}"
    after = advance(original, Status.REVERTED, at=now, actor="execution", action="reverted", detail=detail)
    try:
        saved = store.save(
            after,
            expected_version=original.version,
            actor="execution",
            action="reverted",
            operation=f"reverted:{original.id}:{reversal.id}",
            details={"reason": detail, "reversal": reversal.id, "approvedBy": by},
        )
    except StaleVersion:
        return None  # measured, or settled by another process, at this very moment: the next look settles it
    if original.status is not Status.NOT_IMPROVED:  # that verdict is remembered already
        store.remember("bugfix", now, reversal_entry(saved, detail, now))
    return saved


# --- what made things worse ------------------------------------------------------------------------------------------


def made_worse(proposal: Proposal) -> bool:
    """Whether a verdict says, with 95 % confidence, that the pattern is seen more often since the change."""
    verdict = proposal.verdict
    return proposal.status is Status.NOT_IMPROVED and verdict is not None and bool(verdict.figures.get("worse"))


def answer_worse(
    store: ProposalStore,
    ground: Callable[[], ProvingGround],
    *,
    policy: Policy,
    now: datetime,
    told: Callable[[str], None],
) -> tuple[Proposal, ...]:
    """A reversal for every change that made things worse and has none yet, approved by the policy where it allows that."""
    if store.paused():
        return ()
    due = worse_without_answer(store)
    return tuple(made for one in due if (made := _answer(store, ground, one, policy, now, told)))


def worse_without_answer(store: ProposalStore) -> tuple[Proposal, ...]:
    """Once answered, by whatever became of the reversal, it is a person's matter: `livhana revert ID`."""
    known = store.proposals()
    worse = [one for one in known if one.landing and made_worse(one)]
    if not worse:
        return ()
    answered = {one.reverts for one in known if one.reverts}
    impossible = {entry.proposal_id for entry in store.audit() if entry.action == NOT_POSSIBLE}
    return tuple(
        one for one in worse if one.landing and one.landing.commit not in answered and one.id not in impossible
    )


def _answer(
    store: ProposalStore,
    ground: Callable[[], ProvingGround],
    worse: Proposal,
    policy: Policy,
    now: datetime,
    told: Callable[[str], None],
) -> Proposal | None:
    reason = f"it made things worse: {worse.verdict.reason if worse.verdict else ''}"
    try:
        made = draft_reversal(
            store, ground, worse.id, by=ACTOR, reason=reason, policy=policy, now=now, without_person=True
        )
    except Refused as why:
        store.record(
            actor=ACTOR, action=NOT_POSSIBLE, proposal_id=worse.id, operation=f"{NOT_POSSIBLE}:{worse.id}",
            details={"reason": str(why)},
        )  # fmt: skip
        told(str(why))
        return None
    told(f"{worse.id} made things worse: {made.id} takes it back")
    return _approved_if_allowed(store, made, policy, now, told)


def _approved_if_allowed(
    store: ProposalStore, made: Proposal, policy: Policy, now: datetime, told: Callable[[str], None]
) -> Proposal:
    if made.status is not Status.PROPOSED:
        return made
    try:
        done = auto_approved_on(store, now)
        return approve_by_policy(store, made, now=now, policy=policy, auto_executed_today=done)
    except (Refused, StaleVersion) as why:
        told(str(why))
        return made
