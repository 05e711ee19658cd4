"""The proof of a fix: its test fails on the base for production's reason, passes with the patch, fails again on revert,
and every test that passed before passes still. Order and rules follow docs/design.md, "Proof".
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from livhana_assets.loop.patterns.model import Frame
from livhana_assets.loop.proposals.model import Reason, Step
from livhana_assets.loop.proposals.ports import Crash, TargetRepo, TestRunner
from livhana_assets.loop.proposals.testing import TestResult, TestRun
from livhana_assets.loop.proposals.wording import counted
from livhana_assets.loop.sources.paths import is_test_path
from livhana_assets.loop.sources.redaction import redact_text

ROUNDS = 3
"""Fail, pass, fail is seen this often; a test that once says otherwise is flaky and proves nothing."""
QUOTED = 200
"""Characters of an error that a step quotes."""
ERROR_LINE = re.compile(r"^(?:E +)?((?:[\w.]*(?:Error|Exception)\b|Fatal ).*)$", re.MULTILINE)


def explains(reason: Reason, result: TestResult) -> bool:
    """Whether a failing test failed for that reason."""
    deepest = innermost_in_app(result.frames)
    return (
        result.outcome in ("failed", "error")
        and _last_name(result.error_type) == _last_name(reason.error_type)
        and deepest is not None
        and deepest.file == reason.file
        and _last_name(deepest.function) == _last_name(reason.function)
    )


def reason_of(crash: Crash) -> Reason:
    deepest = crash.frames[-1]
    return Reason(error_type=crash.pattern.error_type, file=deepest.file, function=deepest.function)


@dataclass(frozen=True)
class Baseline:
    """The ids that passed in both runs of the untouched base: what must pass again. Ids that wavered are never demanded."""

    runner: str
    demanded: frozenset[str]
    wavering: frozenset[str]
    step: Step

    @property
    def usable(self) -> bool:
        return self.step.passed


@dataclass
class ProvingGround:
    """Where proofs are made: the target, its test runners, a sandbox behind them. Baselines are kept per commit and runner."""

    target: TargetRepo
    runners: Sequence[TestRunner]
    sandbox_level: str
    require_tests: bool = True
    _baselines: dict[tuple[str, str], Baseline] = field(default_factory=dict)

    def runner_for(self, path: str) -> TestRunner | None:
        """The runner that would pick up a new test file at `path`."""
        return next((runner for runner in self.runners if runner_takes(runner.name, path)), None)

    def run(self, commit: str, runner: TestRunner, ids: Sequence[str] = ()) -> TestRun:
        """One run in a fresh checkout; nothing of the checkout is read afterwards."""
        with self.target.checkout(commit) as folder:
            return runner.run(folder, ids)

    def probe(self, commit: str, runner: TestRunner, script: str) -> Mapping[str, object] | None:
        with self.target.checkout(commit) as folder:
            return runner.probe(folder, script)

    def baseline(self, commit: str, runner: TestRunner) -> Baseline:
        key = (commit, runner.name)
        if key not in self._baselines:
            self._baselines[key] = _baseline(self, commit, runner)
        return self._baselines[key]


def runner_takes(runner: str, path: str) -> bool:
    if runner.startswith("pytest"):
        return path.endswith(".py")
    if runner.startswith("node"):
        return path.endswith((".js", ".mjs", ".cjs", ".ts", ".mts"))
    return False


def fails_as_in_production(
    ground: ProvingGround, runner: TestRunner, commit: str, test_ids: Sequence[str], reason: Reason, name: str
) -> Step:
    """The tests, run on a commit without the fix, must all fail for the reason of production."""
    return judged(
        name,
        f"fails with {reason}",
        lambda: _judge_failing(ground.run(commit, runner, files_of(test_ids)), test_ids, reason),
    )


def passes(ground: ProvingGround, runner: TestRunner, commit: str, test_ids: Sequence[str], name: str) -> Step:
    """The tests, run on the commit with the fix, must all pass."""
    return judged(name, "passes", lambda: _judge_passing(ground.run(commit, runner, files_of(test_ids)), test_ids))


def rounds(
    ground: ProvingGround,
    runner: TestRunner,
    tests_only: str,
    fixed: str,
    test_ids: Sequence[str],
    reason: Reason,
    times: int = ROUNDS,
) -> tuple[Step, ...]:
    """Fail, pass, fail, pass … fail: `times` passes, each between two failures. Stops at the first step that is not as expected."""
    steps: list[Step] = [fails_as_in_production(ground, runner, tests_only, test_ids, reason, "base")]
    for turn in range(1, times + 1):
        if not steps[-1].passed:
            break
        steps.append(passes(ground, runner, fixed, test_ids, f"patched {turn}"))
        if steps[-1].passed:
            steps.append(fails_as_in_production(ground, runner, tests_only, test_ids, reason, f"reverted {turn}"))
    return tuple(steps)


def keeps_the_suite(ground: ProvingGround, runner: TestRunner, fixed: str, demanded: frozenset[str]) -> Step:
    """Every demanded id passes with the patch: a skip, an xfail, a missing id or an unfinished run is a failure."""
    return judged(
        "whole suite",
        f"passes the {counted(len(demanded), 'test')} of {runner.name} that passed before",
        lambda: _judge_suite(ground.run(fixed, runner), demanded),
    )


def outside(files: frozenset[str], test_ids: frozenset[str]) -> frozenset[str]:
    """The tests that are in none of the files: what a reversal, which takes its own tests away, still has to pass."""
    return frozenset(test_id for test_id in test_ids if test_id.partition("::")[0] not in files)


def innermost_in_app(frames: Sequence[Frame]) -> Frame | None:
    """The deepest frame inside the checkout that is no test."""
    inside = [
        frame
        for frame in frames
        if not frame.file.startswith("/") and "node_modules/" not in frame.file and not is_test_path(frame.file)
    ]
    return inside[-1] if inside else None


def _baseline(ground: ProvingGround, commit: str, runner: TestRunner) -> Baseline:
    started = time.monotonic()
    first, second = ground.run(commit, runner), ground.run(commit, runner)
    demanded = first.passed & second.passed
    wavering = (first.passed | second.passed) - demanded
    complete = first.complete and second.complete
    usable = complete and (bool(demanded) or not ground.require_tests)
    observed = first.summary() + (f"; {len(wavering)} differ between two runs" if wavering else "")
    if not usable and (said := first_error(first)):
        observed += f": {said}"
    step = Step(
        name="baseline",
        expected=f"runs and passes under {runner.name}",
        observed=observed,
        passed=usable,
        seconds=round(time.monotonic() - started, 2),
    )
    return Baseline(runner.name, demanded, wavering, step)


def judged(name: str, expected: str, judge: Callable[[], tuple[bool, str]]) -> Step:
    started = time.monotonic()
    passed, observed = judge()
    return Step(
        name=name, expected=expected, observed=observed, passed=passed, seconds=round(time.monotonic() - started, 2)
    )


def files_of(test_ids: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(test_id.partition("::")[0] for test_id in test_ids))


def _results(run: TestRun, test_ids: Sequence[str]) -> tuple[TestResult | None, ...]:
    return tuple(run.results.get(test_id) for test_id in test_ids)


def _judge_failing(run: TestRun, test_ids: Sequence[str], reason: Reason) -> tuple[bool, str]:
    results = _results(run, test_ids)
    for result in results:
        if result is None or not run.complete:
            return False, _not_run(run, test_ids)
        if not explains(reason, result):
            return False, _told_whole(result)
    return bool(results), _told(results[0]) if results and results[0] else "no test"


def _judge_passing(run: TestRun, test_ids: Sequence[str]) -> tuple[bool, str]:
    results = _results(run, test_ids)
    for result in results:
        if result is None or not run.complete:
            return False, _not_run(run, test_ids)
        if result.outcome != "passed":
            return False, _told_whole(result)
    return bool(results), f"{len(results)} passed"


def _judge_suite(run: TestRun, demanded: frozenset[str]) -> tuple[bool, str]:
    missing = sorted(demanded - run.passed)
    if not run.complete:
        return False, run.summary()
    if missing:
        return False, f"{len(missing)} no longer pass{'es' if len(missing) == 1 else ''}, first {missing[0]}"
    return True, f"{len(demanded)} of {len(demanded)} pass"


def _told(result: TestResult) -> str:
    if result.outcome == "passed":
        return "passed"
    deepest = innermost_in_app(result.frames)
    where = f" in {deepest.function} ({deepest.file})" if deepest else ""
    return f"{result.outcome}: {result.error_type or 'no exception'}{where}"


def _told_whole(result: TestResult) -> str:
    """With what the exception said, for a test that ended in an unexpected way."""
    said = quoted(result.message)
    return f"{_told(result)}: {said}" if said and result.outcome != "passed" else _told(result)


def _not_run(run: TestRun, test_ids: Sequence[str]) -> str:
    """Why a test did not run: mostly, because its file could not be loaded."""
    said = first_error(run, files_of(test_ids))
    return f"the test did not run: {run.summary()}" + (f": {said}" if said else "")


def first_error(run: TestRun, files: Sequence[str] = ()) -> str:
    """The first error of a run, in one bounded and redacted line: of the given test files, where one of theirs was told."""
    bad = [result for result in run.results.values() if result.outcome in ("failed", "error")]
    own = [result for result in bad if result.id.partition("::")[0] in files]
    for result in own or bad:
        if said := quoted(result.message):
            kind = "" if said.startswith(result.error_type) else f"{result.error_type}: "
            return f"{kind}{said}"
    return quoted(run.output)


def quoted(text: str) -> str:
    """The line that names the error, else the first one; untrusted text, so bounded, redacted and printable."""
    named = ERROR_LINE.search(text)
    line = named[1] if named else next(filter(None, map(str.strip, text.splitlines())), "")
    plain = redact_text("".join(c if c.isprintable() else " " for c in line[: 10 * QUOTED]))
    return plain if len(plain) <= QUOTED else plain[: QUOTED - 1] + "…"


def _last_name(name: str) -> str:
    return name.rsplit(".", 1)[-1].strip()
