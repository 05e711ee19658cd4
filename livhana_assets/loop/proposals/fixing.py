"""From a crash to a proved fix: reproduce it, try candidates likeliest first, keep the first one whose proof holds."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice

from livhana_assets.loop.proposals import gates, proof
from livhana_assets.loop.proposals.crashes import Unproved, crash_of, text_of
from livhana_assets.loop.proposals.expected import expected_value, nonsense
from livhana_assets.loop.proposals.knowledge import NO_RECORD, Record, ranked
from livhana_assets.loop.proposals.model import Evidence, Gate, Proof, Step
from livhana_assets.loop.proposals.policy import Policy
from livhana_assets.loop.proposals.ports import (
    Analyst,
    Candidate,
    Crash,
    Reproduction,
    TargetError,
    TargetRepo,
    TestRunner,
    Thought,
)
from livhana_assets.loop.proposals.proof import ProvingGround
from livhana_assets.loop.proposals.wording import counted

MAX_CANDIDATES = 8
SECOND_THOUGHTS = 2
"""So often an analyst is asked to look deeper, the second time with what became of its fixes."""
MAX_REPRODUCTIONS = 4
CALLERS_CHECKED = 2
SEEN_ONCE = "seen in the sandbox when it was drafted; a refused candidate is not kept"
"""Where a refusal is from: `livhana reprove` runs only the proof of a patch that is offered."""
MISSING_SHOWN = 3
MISSING = re.compile(r"No module named|Cannot find (?:module|package)|ERR_MODULE_NOT_FOUND|ModuleNotFoundError")
READABLE = (
    "name the folder that has the package (node_modules, for JavaScript) in IMPROVEMENT_SANDBOX_READABLE, "
    "or for Python the interpreter that has it in IMPROVEMENT_TEST_PYTHON"
)
NO_TEMPLATE = "the crash is reproduced, but no fix template fits it"
NONE_PROVED = "the crash is reproduced, but no candidate fix could be proved"
VARIANTS_CHECKED = 3
"""Other occurrences of the same crash, with other values, that a fix has to hold for as well."""


@dataclass(frozen=True)
class Proved:
    candidate: Candidate
    commit: str
    proof: Proof
    gates: tuple[Gate, ...]
    test_ids: tuple[str, ...]
    tried: tuple[Evidence, ...] = ()
    thoughts: tuple[Thought, ...] = ()


@dataclass(frozen=True)
class Reproduced:
    """A reproduction that failed on the base as production did."""

    reproduction: Reproduction
    runner: TestRunner


def find_proved_fix(
    crash: Crash, *, analyst: Analyst, ground: ProvingGround, policy: Policy, base: str, at: datetime,
    record: Record = NO_RECORD,
) -> Proved | Unproved:  # fmt: skip
    """Reproduce first, then try candidates likeliest first, as `record` taught; the first one that is proved wins.

    Only where none was, the analyst is asked to look deeper."""
    attempts = list(_reproduce(crash, analyst, ground, base, at))
    reproduced = [one for one in attempts if isinstance(one, Reproduced)]
    if not reproduced:
        seen = [one for one in attempts if isinstance(one, str)]
        return Unproved(_why_not_reproduced(crash, analyst, ground, seen))
    baseline = ground.baseline(base, reproduced[0].runner)
    if not baseline.usable:
        return Unproved(_with_hint(f"the target's own tests do not run on the base commit: {baseline.step.observed}"))
    variants = _variants(crash, reproduced[0], analyst, ground, base, at)
    tried: list[Evidence] = []
    thoughts: list[Thought] = []
    for candidate in _offered(crash, analyst, record, tried, thoughts):
        result = _prove(candidate, crash, reproduced, variants, ground, policy, base, at)
        if isinstance(result, Proved):
            return replace(result, tried=tuple(tried), thoughts=tuple(thoughts))
        tried.append(Evidence(label=f"tried: {candidate.title}", value=result, source=SEEN_ONCE))
    return Unproved(NONE_PROVED if tried else NO_TEMPLATE, tuple(tried), tuple(thoughts))


def _offered(
    crash: Crash, analyst: Analyst, record: Record, tried: list[Evidence], thoughts: list[Thought]
) -> Iterator[Candidate]:
    """The analyst's candidates, then those of its second thoughts, each told what fell before; what it gave is added to both lists."""
    yield from ranked(islice(analyst.candidates(crash), MAX_CANDIDATES), record)
    for _ in range(SECOND_THOUGHTS):
        thought = analyst.think_again(crash, tuple(tried), provable=True)
        thoughts.append(thought)
        tried += thought.refused
        yield from thought.candidates[:MAX_CANDIDATES]
        if not thought.candidates and not thought.refused:
            return


def _reproduce(
    crash: Crash, analyst: Analyst, ground: ProvingGround, base: str, at: datetime
) -> Iterator[Reproduced | str]:
    """The reproductions that fail on the base for the reason of production, innermost first; of the others, what was seen."""
    reason = proof.reason_of(crash)
    for reproduction in analyst.reproductions(crash)[:MAX_REPRODUCTIONS]:
        runner = ground.runner_for(reproduction.path)
        if runner is None or reproduction.path in crash.paths:
            continue
        tests_only = ground.target.build(
            base, {reproduction.path: reproduction.render(None).encode()}, f"Reproduce {crash.pattern.pattern_id}", at
        )
        step = proof.fails_as_in_production(ground, runner, tests_only, (reproduction.test_id,), reason, "base")
        yield Reproduced(reproduction, runner) if step.passed else step.observed


def _variants(
    crash: Crash, chosen: Reproduced, analyst: Analyst, ground: ProvingGround, base: str, at: datetime
) -> tuple[Reproduction, ...]:
    """The same call as other exemplars logged it, where it fails on the base for the same reason: one test file each, none of them lands."""
    found = [
        _numbered(reproduction, number)
        for number, reproduction in enumerate(
            islice(_other_calls(crash, chosen, analyst, ground, base), VARIANTS_CHECKED), 2
        )
    ]
    if not found:
        return ()
    tests = {variant.path: variant.render(None).encode() for variant in found}
    run = ground.run(ground.target.build(base, tests, "Other occurrences", at), chosen.runner, tuple(tests))
    reason = proof.reason_of(crash)
    return tuple(
        variant for variant in found if (result := run.results.get(variant.test_id)) and proof.explains(reason, result)
    )


def _other_calls(
    crash: Crash, chosen: Reproduced, analyst: Analyst, ground: ProvingGround, base: str
) -> Iterator[Reproduction]:
    seen = {chosen.reproduction.render(None)}
    for exemplar in crash.pattern.exemplars:
        other = crash_of(crash.pattern.model_copy(update={"exemplars": (exemplar,)}), ground.target, base)
        if isinstance(other, Unproved) or other.frames[-1].function != crash.frames[-1].function:
            continue
        for reproduction in analyst.reproductions(other):
            if reproduction.function == chosen.reproduction.function and reproduction.render(None) not in seen:
                seen.add(reproduction.render(None))
                yield reproduction


def _numbered(reproduction: Reproduction, number: int) -> Reproduction:
    folder, _, name = reproduction.path.rpartition("/")
    stem, _, ending = name.partition(".")
    path = f"{folder}/{stem}_{number}.{ending}".lstrip("/")
    return replace(reproduction, path=path, test_id=f"{path}::{reproduction.test_id.partition('::')[2]}")


def _prove(
    candidate: Candidate,
    crash: Crash,
    reproduced: Sequence[Reproduced],
    variants: Sequence[Reproduction],
    ground: ProvingGround,
    policy: Policy,
    base: str,
    at: datetime,
) -> Proved | str:
    """The candidate with its proof, or why it was refused, cheapest checks first."""
    target, chosen, reason = ground.target, reproduced[0], proof.reason_of(crash)
    edits = {path: text.encode() for path, text in candidate.edits.items()}
    value = expected_value(candidate, chosen.reproduction, chosen.runner, ground, base, edits, at)
    if isinstance(value, bool):
        return "the call still fails with the patch"
    if why := nonsense(value or "", chosen.reproduction.render(None)):
        return why
    test = chosen.reproduction.render(value or None).encode()
    message = _commit_message(candidate, crash)
    tests_only = target.build(base, {chosen.reproduction.path: test}, f"Test for {crash.pattern.pattern_id}", at)
    fixed = target.build(base, {**edits, chosen.reproduction.path: test}, message, at)
    verdicts = vet_commit(target, base, fixed, policy)
    if refused := gates.refusal(verdicts):
        return refused
    ids = (chosen.reproduction.test_id,)
    steps = [*proof.rounds(ground, chosen.runner, tests_only, fixed, ids, reason)]
    steps += _variants_hold(candidate, chosen, variants, ground, base, edits, at) if steps[-1].passed else ()
    steps += _callers_hold(candidate, reproduced[1:], ground, base, edits, at) if steps[-1].passed else ()
    if not all(step.passed for step in steps):
        return _failed(steps)
    held, demanded = suites_hold(ground, base, fixed)
    steps += held
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
    return Proved(candidate, fixed, made, verdicts, ids)


def suites_hold(
    ground: ProvingGround, base: str, fixed: str, removed: frozenset[str] = frozenset()
) -> tuple[list[Step], set[str]]:
    """Every suite that runs on the base, run again on the fixed commit; and the tests that were demanded: none of the `removed` files."""
    steps: list[Step] = []
    demanded: set[str] = set()
    for runner in ground.runners:
        baseline = ground.baseline(base, runner)
        if baseline.usable:
            asked = proof.outside(removed, baseline.demanded)
            steps += [baseline.step, proof.keeps_the_suite(ground, runner, fixed, asked)]
            demanded |= asked
    return steps, demanded


def vet_commit(target: TargetRepo, base: str, commit: str, policy: Policy, *, reverts: str = "") -> tuple[Gate, ...]:
    """The gates' word on what a commit changes against its base. One that `reverts` a landed commit may take that one's tests away."""
    return gates.vet(
        target.changes(base, commit),
        before=lambda path: text_of(target.read(base, path)),
        after=lambda path: text_of(target.read(commit, path)),
        policy=policy,
        needs_test=not reverts,
        undone=target.changes(parent_of(target, reverts), reverts) if reverts else (),
    )


def parent_of(target: TargetRepo, commit: str) -> str:
    """The commit before. Raises TargetError where the clone does not have both."""
    before = [one.sha for one in target.history(commit, 2)[1:]]
    if not before:
        raise TargetError(f"{commit[:12]} has no commit before it in {target.location}.")
    return before[0]


def _variants_hold(
    candidate: Candidate,
    chosen: Reproduced,
    variants: Sequence[Reproduction],
    ground: ProvingGround,
    base: str,
    edits: dict[str, bytes],
    at: datetime,
) -> tuple[Step, ...]:
    """A fix for one value of many is no fix: the other logged calls must return too, or raise the fix's clear error."""
    if not variants:
        return ()
    expected = f"raises:{candidate.raises}" if candidate.raises else None
    tests = {variant.path: variant.render(expected).encode() for variant in variants}
    commit = ground.target.build(base, {**edits, **tests}, "Other occurrences", at)
    ids = tuple(variant.test_id for variant in variants)
    return (proof.passes(ground, chosen.runner, commit, ids, counted(len(ids), "other occurrence")),)


def _callers_hold(
    candidate: Candidate,
    outer: Sequence[Reproduced],
    ground: ProvingGround,
    base: str,
    edits: dict[str, bytes],
    at: datetime,
) -> list[Step]:
    """The callers that crashed with the function must not crash on what it returns now; a clear error has to be handled by one of them."""
    if candidate.raises and not outer:
        return [_unhandled(candidate.raises)]
    checked = outer[-1:] if candidate.raises else outer[:CALLERS_CHECKED]
    return [_caller_holds(other, ground, base, edits, at) for other in checked]


def _caller_holds(other: Reproduced, ground: ProvingGround, base: str, edits: dict[str, bytes], at: datetime) -> Step:
    reproduction = other.reproduction
    tests = {reproduction.path: reproduction.render(None).encode()}
    commit = ground.target.build(base, {**edits, **tests}, "Callers", at)
    return proof.passes(ground, other.runner, commit, (reproduction.test_id,), f"caller {reproduction.function}")


def _unhandled(raises: str) -> Step:
    return Step(
        name="callers",
        expected=f"shows a caller that handles {raises}",
        observed="no caller could be rebuilt",
        passed=False,
    )


def _why_not_reproduced(crash: Crash, analyst: Analyst, ground: ProvingGround, seen: Sequence[str]) -> str:
    if not analyst.reproductions(crash):
        lacking = "; ".join(proof.quoted(one) for one in analyst.missing(crash)[:MISSING_SHOWN])
        told = "the logged context is not enough to rebuild the failing call as a test"
        return f"{told}: {lacking}" if lacking else told
    if not any(ground.runner_for(reproduction.path) for reproduction in analyst.reproductions(crash)):
        return "the target has no tests of this language that could hold a regression test"
    told = "the call rebuilt from the logged context does not fail as production did"
    if not seen:
        return told
    worst = next((one for one in seen if MISSING.search(one)), seen[0])
    return _with_hint(f"{told}: expected {proof.reason_of(crash)}, seen: {worst}")


def _with_hint(told: str) -> str:
    """With what to set, where the sandbox lacks a package."""
    return f"{told}; {READABLE}" if MISSING.search(told) else told


def _commit_message(candidate: Candidate, crash: Crash) -> str:
    return f"{candidate.title}\n\n{candidate.why}\n\nPattern: {crash.pattern.pattern_id}\n"


def _failed(steps: Sequence[Step]) -> str:
    bad = next(step for step in steps if not step.passed)
    return f"{bad.name}: expected that it {bad.expected}, but {bad.observed}"
