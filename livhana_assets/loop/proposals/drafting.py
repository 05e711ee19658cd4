"""A crash pattern becomes a proposal: a proved patch, or a specification that says why there is none."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from livhana_assets.loop.patterns.model import ErrorPattern, Exemplar, Frame, Suspect
from livhana_assets.loop.patterns.exemplars import with_suspect
from livhana_assets.loop.patterns.frames import map_frames
from livhana_assets.loop.proposals import gates, proof
from livhana_assets.loop.proposals.model import (
    Effect,
    Event,
    Evidence,
    Gate,
    Hypothesis,
    Implementation,
    Proof,
    Proposal,
    Status,
    Step,
)
from livhana_assets.loop.proposals.policy import Policy, auto_fix_eligible, is_critical, priority_of
from livhana_assets.loop.proposals.ports import Analyst, Candidate, Crash, Reproduction, TargetRepo, TestRunner
from livhana_assets.loop.proposals.proof import ProvingGround

MAX_CANDIDATES = 8
MAX_REPRODUCTIONS = 4
CALLERS_CHECKED = 2
NO_PATCH = "No patch is offered, because it could not be proved."


@dataclass(frozen=True)
class Unproved:
    """Why there is no patch: the sentence that the specification shows, and what was tried."""

    reason: str
    tried: tuple[Evidence, ...] = ()
    hypotheses: tuple[Hypothesis, ...] = ()


@dataclass(frozen=True)
class Proved:
    candidate: Candidate
    commit: str
    proof: Proof
    gates: tuple[Gate, ...]
    test_ids: tuple[str, ...]
    tried: tuple[Evidence, ...]


@dataclass(frozen=True)
class Reproduced:
    """A reproduction that failed on the base as production did, and the commit that holds only its test."""

    reproduction: Reproduction
    runner: TestRunner
    tests_only: str


def draft_bugfix(
    pattern: ErrorPattern,
    *,
    analyst: Analyst,
    ground: ProvingGround,
    policy: Policy,
    effect: Effect,
    base: str,
    now: datetime,
) -> Proposal:
    """A `proposed` proposal with its proof, or a `specified` one with the reason. Nothing of the target is changed."""
    pattern = _with_suspect(pattern, ground.target, base)
    crash = crash_of(pattern, ground.target, base)
    if isinstance(crash, Unproved):
        return _specification(pattern, _deepest_file(pattern), crash, (), policy, effect, base, now, analyst.name)
    hypotheses = analyst.hypotheses(crash)
    found = find_proved_fix(crash, analyst=analyst, ground=ground, policy=policy, base=base, at=now)
    if isinstance(found, Unproved):
        return _specification(
            pattern, crash.frames[-1].file, found, hypotheses, policy, effect, base, now, analyst.name
        )
    return _proposal(pattern, found, hypotheses, ground.target, policy, effect, base, now, analyst.name)


def crash_of(pattern: ErrorPattern, target: TargetRepo, base: str) -> Crash | Unproved:
    """The pattern laid over the base commit: the newest exemplar whose frames are in the repository."""
    paths = target.paths(base)
    for exemplar in sorted(pattern.exemplars, key=_richness, reverse=True):
        frames = map_frames(exemplar.frames, paths)
        if frames:
            moved = tuple(_at_base(frame, exemplar, target, base) for frame in frames)
            return Crash(pattern, exemplar, pattern.language, moved, paths, lambda path: _text(target.read(base, path)))
    if not pattern.exemplars or not any(exemplar.frames for exemplar in pattern.exemplars):
        return Unproved("the logged errors carry no stack trace")
    return Unproved("no frame of the trace is a file of the repository")


def find_proved_fix(
    crash: Crash, *, analyst: Analyst, ground: ProvingGround, policy: Policy, base: str, at: datetime
) -> Proved | Unproved:
    """Reproduce first, then try candidates likeliest first; the first one that is proved wins."""
    reproduced = list(_reproduce(crash, analyst, ground, base, at))
    if not reproduced:
        return Unproved(_why_not_reproduced(crash, analyst, ground))
    baseline = ground.baseline(base, reproduced[0].runner)
    if not baseline.usable:
        return Unproved(f"the target's own tests do not run on the base commit: {baseline.step.observed}")
    tried: list[Evidence] = []
    for candidate in islice(analyst.candidates(crash), MAX_CANDIDATES):
        result = _prove(candidate, crash, reproduced, ground, policy, base, at)
        if isinstance(result, Proved):
            return Proved(result.candidate, result.commit, result.proof, result.gates, result.test_ids, tuple(tried))
        tried.append(Evidence(label=f"tried: {candidate.title}", value=result, source="livhana reprove"))
    if not tried:
        return Unproved("the crash is reproduced, but no fix template fits it")
    return Unproved("the crash is reproduced, but no candidate fix could be proved", tuple(tried))


def _reproduce(crash: Crash, analyst: Analyst, ground: ProvingGround, base: str, at: datetime) -> Iterator[Reproduced]:
    """The reproductions that fail on the base for the reason of production, innermost first."""
    reason = proof.reason_of(crash)
    for reproduction in analyst.reproductions(crash)[:MAX_REPRODUCTIONS]:
        runner = ground.runner_for(reproduction.path)
        if runner is None or reproduction.path in crash.paths:
            continue
        tests_only = ground.target.build(
            base, {reproduction.path: reproduction.render(None).encode()}, f"Reproduce {crash.pattern.pattern_id}", at
        )
        if proof.fails_as_in_production(ground, runner, tests_only, (reproduction.test_id,), reason, "base").passed:
            yield Reproduced(reproduction, runner, tests_only)


def _prove(
    candidate: Candidate,
    crash: Crash,
    reproduced: Sequence[Reproduced],
    ground: ProvingGround,
    policy: Policy,
    base: str,
    at: datetime,
) -> Proved | str:
    """The candidate with its proof, or why it was refused, cheapest checks first."""
    target, chosen, reason = ground.target, reproduced[0], proof.reason_of(crash)
    edits = {path: text.encode() for path, text in candidate.edits.items()}
    value = _expected_value(candidate, chosen, ground, base, edits, at)
    if isinstance(value, bool):
        return "the call still fails with the patch"
    test = chosen.reproduction.render(value or None).encode()
    message = _commit_message(candidate, crash)
    tests_only = target.build(base, {chosen.reproduction.path: test}, f"Test for {crash.pattern.pattern_id}", at)
    fixed = target.build(base, {**edits, chosen.reproduction.path: test}, message, at)
    verdicts = vet_commit(target, base, fixed, policy)
    if refused := gates.refusal(verdicts):
        return refused
    ids = (chosen.reproduction.test_id,)
    steps = [*proof.rounds(ground, chosen.runner, tests_only, fixed, ids, reason)]
    steps += _callers_hold(candidate, reproduced[1:], ground, base, edits, at) if steps[-1].passed else ()
    if not all(step.passed for step in steps):
        return _failed(steps)
    demanded: set[str] = set()
    for runner in ground.runners:
        baseline = ground.baseline(base, runner)
        if baseline.usable:
            steps += [baseline.step, proof.keeps_the_suite(ground, runner, fixed, baseline.demanded)]
            demanded |= baseline.demanded
    if not all(step.passed for step in steps):
        return _failed(steps)
    made = Proof(
        base_commit=base,
        commit=fixed,
        tree=target.tree(fixed),
        runner=chosen.runner.name,
        sandbox=ground.sandbox_level,
        reason=reason,
        tests=ids,
        demanded=tuple(sorted(demanded)),
        steps=tuple(steps),
    )
    return Proved(candidate, fixed, made, verdicts, ids, ())


def vet_commit(
    target: TargetRepo, base: str, commit: str, policy: Policy, *, needs_test: bool = True
) -> tuple[Gate, ...]:
    """The gates' word on what a commit changes against its base."""
    return gates.vet(
        target.changes(base, commit),
        before=lambda path: _text(target.read(base, path)),
        after=lambda path: _text(target.read(commit, path)),
        policy=policy,
        needs_test=needs_test,
    )


def _expected_value(
    candidate: Candidate, chosen: Reproduced, ground: ProvingGround, base: str, edits: dict[str, bytes], at: datetime
) -> str | bool | None:
    """The literal that the call gives with the patch; None where the test can only assert that it returns; False where it fails."""
    if not chosen.reproduction.probe:
        return None
    bare = ground.target.build(base, edits, "Probe", at)
    seen = ground.probe(bare, chosen.runner, chosen.reproduction.probe)
    if seen is None:
        return False
    if "raises" in seen:
        return (
            f"raises:{candidate.raises}"
            if candidate.raises and str(seen["raises"]).endswith(candidate.raises)
            else False
        )
    value = seen.get("value")
    return str(value) if value is not None else f"type:{seen.get('type')}"


def _callers_hold(
    candidate: Candidate,
    outer: Sequence[Reproduced],
    ground: ProvingGround,
    base: str,
    edits: dict[str, bytes],
    at: datetime,
) -> list[Step]:
    """The callers that crashed with the function must not crash on what it returns now."""
    steps = []
    for other in outer[:CALLERS_CHECKED]:
        if candidate.raises:
            continue
        reproduction = other.reproduction
        commit = ground.target.build(
            base, {**edits, reproduction.path: reproduction.render(None).encode()}, "Callers", at
        )
        steps.append(
            proof.passes(ground, other.runner, commit, (reproduction.test_id,), f"caller {reproduction.function}")
        )
    return steps


def _why_not_reproduced(crash: Crash, analyst: Analyst, ground: ProvingGround) -> str:
    if not analyst.reproductions(crash):
        return "the logged context is not enough to rebuild the failing call as a test"
    if not any(ground.runner_for(reproduction.path) for reproduction in analyst.reproductions(crash)):
        return "the target has no tests of this language that could hold a regression test"
    return "the call rebuilt from the logged context does not fail as production did"


def _proposal(
    pattern: ErrorPattern, found: Proved, hypotheses: tuple[Hypothesis, ...], target: TargetRepo, policy: Policy, effect: Effect,
    base: str, now: datetime, analyst: str,
) -> Proposal:  # fmt: skip
    changes = target.changes(base, found.commit)
    critical = is_critical(changes, policy)
    main_file = next(iter(found.candidate.edits))
    return Proposal(
        **_common(pattern, policy, effect, now, analyst),
        status=Status.PROPOSED,
        priority=priority_of(pattern, critical),
        title=found.candidate.title,
        description=_description(pattern, found.candidate.why),
        hypotheses=(found.candidate.hypothesis, *(h for h in hypotheses if h != found.candidate.hypothesis)),
        template=found.candidate.template,
        evidence=(*evidence_of(pattern), *found.tried),
        implementation=Implementation(
            file=main_file, fix=found.candidate.why, patch=target.diff(base, found.commit), base_commit=base
        ),
        tests=found.test_ids,
        proof=found.proof,
        gates=found.gates,
        critical=critical,
        auto_fix_eligible=auto_fix_eligible(changes, proved=True, critical=critical),
        requires_approval=policy.require_approval or critical,
        history=(_born(now, analyst, Status.PROPOSED, found.candidate.title),),
    )


def _specification(
    pattern: ErrorPattern,
    file: str,
    why: Unproved,
    hypotheses: tuple[Hypothesis, ...],
    policy: Policy,
    effect: Effect,
    base: str,
    now: datetime,
    analyst: str,
) -> Proposal:
    cause = hypotheses[0].statement if hypotheses else f"{pattern.error_type} keeps happening; the traces say no more."
    return Proposal(
        **_common(pattern, policy, effect, now, analyst),
        status=Status.SPECIFIED,
        priority=priority_of(pattern, critical=False),
        title=f"Look into {pattern.title}",
        description=_description(pattern, cause),
        specification=_specification_text(pattern, cause, why.reason),
        hypotheses=hypotheses,
        evidence=(*evidence_of(pattern), *why.tried),
        implementation=Implementation(file=file, base_commit=base),
        unproved_reason=why.reason,
        history=(_born(now, analyst, Status.SPECIFIED, why.reason),),
    )


def _common(pattern: ErrorPattern, policy: Policy, effect: Effect, now: datetime, analyst: str) -> dict[str, Any]:
    return {
        "id": proposal_id("bugfix", pattern.pattern_id, now),
        "type": "bugfix",
        "pattern_id": pattern.pattern_id,
        "analyst": analyst,
        "effect": effect,
        "policy_version": policy.version,
        "created_at": now,
    }


def proposal_id(kind: str, pattern_id: str, now: datetime) -> str:
    """`bugfix-1234567890`: ten digits that a pattern and a moment give."""
    digest = hashlib.sha256(f"{pattern_id} {now.isoformat()}".encode()).hexdigest()
    return f"{kind}-{int(digest, 16) % 9_000_000_000 + 1_000_000_000}"


def evidence_of(pattern: ErrorPattern) -> tuple[Evidence, ...]:
    """The figures that a reviewer sees, frozen at this revision, each with the query that gives it again."""
    rows = f"select count(*) from ai_learning.error_fingerprints where fingerprint = '{pattern.fingerprint}'"
    one = f'livhana query "{rows}"'
    figures = [
        ("occurrences", str(pattern.occurrences)),
        ("customers", str(pattern.customers)),
        ("first seen", pattern.first_seen.isoformat(timespec="seconds")),
        ("last seen", pattern.last_seen.isoformat(timespec="seconds")),
        ("endpoints", ", ".join(f"{e.name} ({e.occurrences})" for e in pattern.endpoints[:5])),
        ("releases", ", ".join(f"{r.name[:12]} ({r.occurrences})" for r in pattern.releases[:5])),
        ("grouped by", f"{pattern.rule} {pattern.fingerprint[:12]}"),
    ]
    if pattern.suspect:
        suspect = pattern.suspect
        told = (
            f"{suspect.commit[:12]} {suspect.summary} ({suspect.author}), last to touch {suspect.path}:{suspect.line}"
        )
        figures.append(("suspect commit", told))
    return tuple(Evidence(label=label, value=value, source=one) for label, value in figures)


def _description(pattern: ErrorPattern, cause: str) -> str:
    where = ", ".join(endpoint.name for endpoint in pattern.endpoints[:3]) or pattern.service
    times = (
        f"{pattern.occurrences} times for {pattern.customers} customers"
        if pattern.customers
        else f"{pattern.occurrences} times"
    )
    return f"{pattern.title} was seen {times} at {where}. {cause}"


def _specification_text(pattern: ErrorPattern, cause: str, reason: str) -> str:
    return "\n".join(
        (
            f"Root cause, as far as the traces tell: {cause}",
            f"{NO_PATCH} {reason[:1].upper()}{reason[1:]}.",
            "Acceptance: a test that fails today with "
            f"{pattern.error_type} and passes afterwards, the whole suite still passing, and no further occurrence in a release that holds the change.",
        )
    )


def _commit_message(candidate: Candidate, crash: Crash) -> str:
    return f"{candidate.title}\n\n{candidate.why}\n\nPattern: {crash.pattern.pattern_id}\n"


def _failed(steps: Sequence[Step]) -> str:
    bad = next(step for step in steps if not step.passed)
    return f"{bad.name}: expected that it {bad.expected}, but {bad.observed}"


def _born(now: datetime, analyst: str, status: Status, detail: str) -> Event:
    return Event(at=now, actor=f"analyst:{analyst}", action=str(status), status=status, detail=detail)


def _richness(exemplar: Exemplar) -> tuple[bool, datetime]:
    return any(frame.locals for frame in exemplar.frames), exemplar.occurred_at


def _at_base(frame: Frame, exemplar: Exemplar, target: TargetRepo, base: str) -> Frame:
    """The frame's line in the base commit, where the file changed since the release that crashed and the line moved."""
    release = target.resolve(exemplar.release) if exemplar.release else None
    if release is None or target.blobs(release, (frame.file,)) == target.blobs(base, (frame.file,)):
        return frame
    old, new = _lines(target, release, frame.file), _lines(target, base, frame.file)
    if not 0 < frame.line <= len(old):
        return frame
    same = [number for number, line in enumerate(new, 1) if line == old[frame.line - 1]]
    if not same:
        return frame
    return frame.model_copy(update={"line": min(same, key=lambda number: abs(number - frame.line))})


def _with_suspect(pattern: ErrorPattern, target: TargetRepo, base: str) -> ErrorPattern:
    def blame(exemplar: Exemplar, path: str, line: int) -> Suspect | None:
        release = target.resolve(exemplar.release) if exemplar.release else None
        for commit in target.blame(release or base, path, line, line):
            return Suspect(
                commit=commit.sha,
                author=commit.author,
                committed_at=commit.committed_at,
                summary=commit.summary,
                path=path,
                line=line,
            )
        return None

    return with_suspect(pattern, target.paths(base), blame)


def _lines(target: TargetRepo, commit: str, path: str) -> list[str]:
    return (_text(target.read(commit, path)) or "").splitlines()


def _deepest_file(pattern: ErrorPattern) -> str:
    frames = pattern.exemplars[0].frames if pattern.exemplars else ()
    return frames[-1].file if frames else ""


def _text(content: bytes | None) -> str | None:
    if content is None or b"\0" in content:
        return None
    try:
        return content.decode()
    except UnicodeDecodeError:
        return None
