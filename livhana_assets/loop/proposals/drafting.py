"""A crash pattern becomes a proposal: a proved patch, or a specification that says why there is none."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime
from typing import Any

from livhana_assets.loop.patterns.model import ErrorPattern
from livhana_assets.loop.proposals.crashes import Unproved, crash_of, with_suspect_commit
from livhana_assets.loop.proposals.evidence import evidence_of
from livhana_assets.loop.proposals.fixing import Proved, find_proved_fix
from livhana_assets.loop.proposals.knowledge import NO_RECORD, Record
from livhana_assets.loop.proposals.model import Effect, Event, Evidence, Hypothesis, Implementation, Proposal, Status
from livhana_assets.loop.proposals.policy import Policy, auto_fix_eligible, is_critical, priority_of
from livhana_assets.loop.proposals.ports import Analyst, Crash, TargetRepo, Thought
from livhana_assets.loop.proposals.proof import ProvingGround, reason_of
from livhana_assets.loop.proposals.wording import counted

NO_PATCH = "No patch is offered, because it could not be proved."


def draft_bugfix(
    pattern: ErrorPattern,
    *,
    analyst: Analyst,
    ground: ProvingGround,
    policy: Policy,
    effect: Effect,
    base: str,
    now: datetime,
    record: Record = NO_RECORD,
) -> Proposal:
    """A `proposed` proposal with its proof, or a `specified` one with the reason. Nothing of the target is changed.

    `record` tells what became of each template's earlier fixes; it orders what is tried."""
    pattern = with_suspect_commit(pattern, ground.target, base)
    crash = crash_of(pattern, ground.target, base)
    if isinstance(crash, Unproved):
        pattern = pattern.model_copy(update={"title": without_statement(pattern)})
        return _specification(pattern, _deepest_file(pattern), crash, (), policy, effect, base, now, analyst.name)
    pattern = pattern.model_copy(update={"title": str(reason_of(crash))})
    found = find_proved_fix(crash, analyst=analyst, ground=ground, policy=policy, base=base, at=now, record=record)
    if isinstance(found, Unproved):
        found = _looked_into(found, crash, analyst)
    hypotheses = (*_thought_of(found.thoughts), *analyst.hypotheses(crash))
    name = next((one.by for one in found.thoughts if one.by), analyst.name)
    if isinstance(found, Unproved):
        return _specification(pattern, crash.frames[-1].file, found, hypotheses, policy, effect, base, now, name)
    return _proposal(pattern, found, hypotheses, ground.target, policy, effect, base, now, name)


def _looked_into(found: Unproved, crash: Crash, analyst: Analyst) -> Unproved:
    """With the cause as a deeper look tells it, where nothing could be proved, and why there was no such look."""
    thoughts = found.thoughts or (analyst.think_again(crash, found.tried, provable=False),)
    failed = dict.fromkeys(one.fell_back for one in thoughts if one.fell_back)
    return replace(found, reason="; ".join((found.reason, *failed)), thoughts=thoughts)


def _thought_of(thoughts: tuple[Thought, ...]) -> tuple[Hypothesis, ...]:
    """The hypotheses of the last thought first: it knew more."""
    return tuple(one for thought in reversed(thoughts) for one in thought.hypotheses)


def _told(thoughts: tuple[Thought, ...]) -> tuple[Evidence, ...]:
    return tuple(evidence for thought in thoughts for evidence in thought.told)


def _from(thoughts: tuple[Thought, ...]) -> dict[str, Any]:
    """Where a proposal's thoughts came from and what they cost, in dollars."""
    origins = [one.origin for one in thoughts if one.origin]
    cost = sum(one.micro_dollars for one in thoughts)
    requests = tuple(request for origin in origins for request in origin.requests)
    origin = origins[-1].model_copy(update={"requests": requests}) if origins else None
    return {"origin": origin, "metrics": {"modelUsd": cost / 1e6} if cost else {}}


def _proposal(
    pattern: ErrorPattern, found: Proved, hypotheses: tuple[Hypothesis, ...], target: TargetRepo, policy: Policy, effect: Effect,
    base: str, now: datetime, analyst: str,
) -> Proposal:  # fmt: skip
    changes = target.changes(base, found.commit)
    critical = is_critical(changes, policy)
    main_file = next(iter(found.candidate.edits))
    return Proposal(
        **_common(pattern, policy, effect, now, analyst),
        **_from(found.thoughts),
        status=Status.PROPOSED,
        priority=priority_of(pattern, critical),
        title=found.candidate.title,
        description=_description(pattern, found.candidate.why),
        hypotheses=(found.candidate.hypothesis, *(h for h in hypotheses if h != found.candidate.hypothesis)),
        template=found.candidate.template,
        evidence=(*evidence_of(pattern), *found.tried, *_told(found.thoughts)),
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
        **_from(why.thoughts),
        status=Status.SPECIFIED,
        priority=priority_of(pattern, critical=False),
        title=f"Look into {pattern.title}",
        description=_description(pattern, cause),
        specification=_specification_text(pattern, cause, why.reason),
        hypotheses=hypotheses,
        evidence=(*evidence_of(pattern), *why.tried, *_told(why.thoughts)),
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


def without_statement(pattern: ErrorPattern) -> str:
    """The pattern's title without the source line that it ends with, of which a trace prints only the beginning."""
    place, end, _ = pattern.title.partition("): ")
    return f"{place})" if end and pattern.rule == "frames" else pattern.title


def _description(pattern: ErrorPattern, cause: str) -> str:
    where = ", ".join(endpoint.name for endpoint in pattern.endpoints[:3]) or pattern.service
    times = counted(pattern.occurrences, "time")
    times += f" for {counted(pattern.customers, 'customer')}" if pattern.customers else ""
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


def _born(now: datetime, analyst: str, status: Status, detail: str) -> Event:
    return Event(at=now, actor=f"analyst:{analyst}", action=str(status), status=status, detail=detail)


def _deepest_file(pattern: ErrorPattern) -> str:
    frames = pattern.exemplars[0].frames if pattern.exemplars else ()
    return frames[-1].file if frames else ""
