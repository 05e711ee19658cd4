"""Whether verdicts have the exposure that they need, and whether the counters are those of the audit, counted another way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from livhana_assets.loop.outcomes.measure import EXPECTED_AT_LEAST, RATIO
from livhana_assets.loop.outcomes.metrics import COUNTERS, documents, kind_of, new_tests
from livhana_assets.loop.proposals.audit import replay, verify
from livhana_assets.loop.proposals.model import Proposal, Status, Verdict
from livhana_assets.loop.proposals.ports import AuditBroken, AuditEntry
from livhana_assets.loop.sources.checks import Looked

LINES = "audit lines"
"""Under this name the counters' page says how many lines of the audit were counted."""
IMPLEMENTED = (
    "SELECT DISTINCT proposal_id FROM ai_learning.agent_executions WHERE kind = 'execution' AND result = 'implemented'"
)


def exposure_reached(proposals: Sequence[Proposal]) -> Looked:
    """No stored verdict says improved or not_improved without the requests and the expected occurrences that it needs."""
    judged = [(entry.id, entry.verdict) for entry in proposals if entry.verdict and _judges(entry.verdict)]
    amiss = {name: why for name, verdict in judged if (why := _unexposed(verdict))}
    figures = {
        "requests since": sum(int(_figure(verdict, "afterRequests") or 0) for _, verdict in judged),
        "inconclusive": sum(entry.status is Status.INCONCLUSIVE for entry in proposals),
        "landed without a verdict": sum(entry.status is Status.IMPLEMENTED for entry in proposals),
    }
    return Looked("verdicts", len(judged), amiss, figures)


def _judges(verdict: Verdict) -> bool:
    return verdict.result in ("improved", "not_improved")


def _unexposed(verdict: Verdict) -> str:
    """A lower bound over the ratio says `not_improved` also where fewer occurrences were expected."""
    before, after, expected = (_figure(verdict, name) or 0 for name in ("beforeRequests", "afterRequests", "expected"))
    if not before or not after:
        return f"{verdict.result} without requests {'before' if not before else 'since'}"
    lower, upper = _figure(verdict, "ratioLower"), _figure(verdict, "ratioUpper")
    if verdict.result == "improved" and (upper is None or upper >= RATIO):
        return f"improved, and the rate may be {'anything' if upper is None else upper} of the old one"
    surely_worse = verdict.result == "not_improved" and lower is not None and lower > RATIO
    if expected < EXPECTED_AT_LEAST and not surely_worse:
        return f"{verdict.result} with {expected:g} expected occurrences, {EXPECTED_AT_LEAST:g} are needed"
    return ""


def _figure(verdict: Verdict, name: str) -> float | None:
    value = verdict.figures.get(name)
    return float(value) if isinstance(value, int | float) else None


def counters_match_audit(
    logged: Mapping[str, Any] | None,
    lines: Sequence[AuditEntry],
    proposals: Sequence[Proposal],
    in_warehouse: Iterable[str],
) -> Looked:
    """The counters' page against a recount of the audit lines that it was made of, and against the warehouse's rows of executions."""
    if logged is None:
        return Looked("counters", 0, {"improvement_metrics": "no counters were logged yet"})
    try:
        verify(lines)
        counted = lines[: int(logged.get(LINES) or 0)]
        again = recount(counted, proposals)
        standing = replay(lines)
    except AuditBroken as why:
        return Looked("counters", len(COUNTERS), {"audit": str(why)}, {LINES: len(lines)})
    amiss = {
        name: f"{logged.get(name)} was logged, the audit gives {again[name]}"
        for name in COUNTERS
        if logged.get(name) != again[name]
    }
    amiss |= {
        e.id: f"it is {e.status}, the audit says {standing.get(e.id)}"
        for e in proposals
        if standing.get(e.id) != e.status
    }
    amiss |= _unlike_warehouse(_reached(counted, "implemented"), _reached(lines, "implemented"), set(in_warehouse))
    return Looked("counters", len(COUNTERS), amiss, {LINES: len(counted), "lines since": len(lines) - len(counted)})


def _unlike_warehouse(counted: set[str], ever: set[str], rows: set[str]) -> dict[str, str]:
    missing, invented = len(counted - rows), len(rows - ever)
    told = {"landed and no row": missing, "a row and not landed": invented}
    return (
        {"agent_executions": ", ".join(f"{number}: {what}" for what, number in told.items() if number)}
        if missing or invented
        else {}
    )


def recount(lines: Sequence[AuditEntry], proposals: Sequence[Proposal]) -> dict[str, int]:
    """The ten counters by sets of ids and by where the audit ends, not by walking it as `improvement_counters` does."""
    known = {entry.id: entry for entry in proposals}
    shown, landed = _reached(lines, "proposed", "specified"), _reached(lines, "implemented")
    improved = {name for name, status in replay(lines).items() if status is Status.IMPROVED}

    def of(kind: str, ids: set[str]) -> int:
        return sum((kind_of(known[name]) if name in known else name.split("-")[0]) == kind for name in ids)

    return {
        "improvementsProposed": len(shown),
        "improvementsApproved": len(_reached(lines, "approved")),
        "improvementsImplemented": len(landed),
        "bugsDetected": of("bugfix", shown),
        "bugsFixed": of("bugfix", improved),
        "featuresDiscovered": of("feature", shown),
        "featuresImplemented": of("feature", landed),
        "performanceImprovements": of("performance", improved),
        "testsGenerated": sum(new_tests(known.get(name)) for name in landed),
        "docsGenerated": sum(documents(known.get(name)) for name in landed),
    }


def _reached(lines: Iterable[AuditEntry], *statuses: str) -> set[str]:
    return {line.proposal_id for line in lines if line.details.get("to") in statuses}
