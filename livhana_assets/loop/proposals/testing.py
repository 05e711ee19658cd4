"""Test runs as values: what the trusted runners report from inside the sandbox (facts in docs/design.md, "Proof").

A runner writes JSON lines to a descriptor of its own (`LIVHANA_REPORT_FD`), never to a file in the checkout:

    {"event": "collected", "ids": [...]}
    {"event": "test", "id": ..., "outcome": "passed|failed|skipped|xfailed|error", "seconds": ..., "type": ..., "message": ...,
     "frames": [{"file", "function", "line"}]}          frames outermost first, paths relative to the checkout where inside it
    {"event": "finished", "exit": 0}
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from livhana_assets.loop.patterns.model import Frame

Outcome = Literal["passed", "failed", "skipped", "xfailed", "error"]


@dataclass(frozen=True)
class TestResult:
    __test__ = False

    id: str
    outcome: Outcome
    seconds: float = 0.0
    error_type: str = ""
    message: str = ""
    frames: tuple[Frame, ...] = ()


@dataclass(frozen=True)
class TestRun:
    """One run of a target's tests. `complete` only where the runner said it finished."""

    __test__ = False

    results: dict[str, TestResult] = field(default_factory=dict)
    complete: bool = False
    ended_by: str = "exit"
    output: str = ""
    seconds: float = 0.0

    @property
    def passed(self) -> frozenset[str]:
        return frozenset(id for id, result in self.results.items() if result.outcome == "passed")

    def summary(self) -> str:
        if not self.complete and self.ended_by != "exit":
            return f"ended by {self.ended_by} after {self.seconds:.1f} s"
        counts = {
            o: sum(r.outcome == o for r in self.results.values())
            for o in ("passed", "failed", "error", "skipped", "xfailed")
        }
        told = ", ".join(f"{count} {outcome}" for outcome, count in counts.items() if count) or "no test ran"
        return told if self.complete else f"{told}, then the runner stopped without finishing"


def parse_report(report: bytes, *, ended_by: str = "exit", output: str = "", seconds: float = 0.0) -> TestRun:
    """A runner's report as a TestRun. Lines that are no JSON object of a known event are ignored; a test told twice keeps the worse."""
    results: dict[str, TestResult] = {}
    complete = False
    for event in _events(report):
        if event.get("event") == "test":
            result = _result(event)
            known = results.get(result.id)
            if known is None or known.outcome == "passed":
                results[result.id] = result
        elif event.get("event") == "finished":
            complete = True
    return TestRun(results, complete and ended_by == "exit", ended_by, output, seconds)


def _events(report: bytes) -> Iterable[dict[str, object]]:
    for line in report.splitlines():
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if isinstance(event, dict):
            yield event


def _result(event: dict[str, object]) -> TestResult:
    frames = event.get("frames")
    outcome = event.get("outcome")
    return TestResult(
        id=str(event.get("id")),
        outcome=outcome if outcome in ("passed", "failed", "skipped", "xfailed", "error") else "error",
        seconds=float(str(event.get("seconds") or 0.0)),
        error_type=str(event.get("type") or ""),
        message=str(event.get("message") or ""),
        frames=tuple(Frame.model_validate(frame) for frame in frames) if isinstance(frames, list) else (),
    )
