"""What verdicts and refusals taught, and what drafting does with it.

An entry: {"patternId", "proposalId", "template", "result", "reason", "evidenceKind", "at"}. A refused pattern is not proposed again
until its evidence changes in kind; more of the same is no new evidence.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from livhana_assets.loop.patterns.model import ErrorPattern
from livhana_assets.loop.patterns.traces import parse_trace
from livhana_assets.loop.proposals.model import Proposal, Verdict
from livhana_assets.loop.proposals.ports import Candidate

Entry = Mapping[str, Any]
INEFFECTIVE = frozenset({"not_improved", "reverted"})
ESCALATE_AFTER = 2
TEN_TIMES = 10
LISTED_ENDPOINTS = 5
"""A proposal's evidence lists at most this many endpoints; a full list may have left some out."""


def verdict_entry(proposal: Proposal, verdict: Verdict, at: datetime, pattern: ErrorPattern | None = None) -> Entry:
    """What a verdict leaves behind."""
    return _entry(proposal, verdict.result, verdict.reason, at, pattern)


def refusal_entry(proposal: Proposal, reason: str, at: datetime, pattern: ErrorPattern | None = None) -> Entry:
    """What a person's no leaves behind."""
    return _entry(proposal, "rejected", reason, at, pattern)


def reversal_entry(proposal: Proposal, reason: str, at: datetime) -> Entry:
    """What is left behind by a change that was taken back though no verdict had said that it did not help."""
    return _entry(proposal, "reverted", reason, at, None)


def _entry(proposal: Proposal, result: str, reason: str, at: datetime, pattern: ErrorPattern | None) -> Entry:
    return {
        "patternId": proposal.pattern_id,
        "proposalId": proposal.id,
        "template": proposal.template,
        "result": result,
        "reason": reason,
        "evidenceKind": dict(evidence_kind(pattern) if pattern else _shown_kind(proposal)),
        "at": at.isoformat(),
    }


# --- the kind of evidence --------------------------------------------------------------------------------------------


def evidence_kind(pattern: ErrorPattern) -> Mapping[str, Any]:
    """What would have to change for a pattern to be another matter: where, in which line of releases, how often, out of what."""
    chains = (
        parse_trace(one.stack_trace, pattern.error_type, one.message).exception_chain for one in pattern.exemplars
    )
    chain = next((chain for chain in chains if any(name for name, _ in chain)), ())
    return {
        "service": pattern.service,
        "endpoints": sorted(count.name for count in pattern.endpoints),
        "releaseLines": sorted({line for count in pattern.releases if (line := release_line(count.name))}),
        "exceptionChain": [name.rsplit(".", 1)[-1] for name, _ in chain],
        "perDay": max((day.occurrences for day in pattern.days), default=pattern.occurrences),
    }


def _shown_kind(proposal: Proposal) -> Mapping[str, Any]:
    """As much of the kind as the proposal's frozen evidence shows."""
    shown = {evidence.label: evidence.value for evidence in proposal.evidence}
    kind: dict[str, Any] = {}
    endpoints = re.findall(r"(?:^|, )(.+?) \(\d+\)", shown.get("endpoints", ""))
    if endpoints and len(endpoints) < LISTED_ENDPOINTS:
        kind["endpoints"] = sorted(endpoints)
    if shown.get("occurrences", "").isdecimal():
        kind["perDay"] = int(shown["occurrences"])
    return kind


def release_line(release: str) -> str:
    """The major version of a release's name, "" where it has none: commits follow each other without beginning anything new."""
    found = re.match(r"(?:[a-z]+[-_/])?v?(\d{1,4})\.\d", release.lower())
    return found[1] if found else ""


def changed_kind(before: Mapping[str, Any], now: Mapping[str, Any]) -> str | None:
    """In what way evidence is of another kind than before; None where it is more of the same. What was not recorded has not changed."""
    for name, told in (("endpoints", "endpoint"), ("releaseLines", "release line")):
        new = sorted(set(now.get(name) or ()) - set(before.get(name) or ()))
        if name in before and before[name] and new:
            return f"a new {told}: {new[0]}"
    for name, told in (("service", "another service"), ("exceptionChain", "another chain of exceptions")):
        if before.get(name) and now.get(name) and before[name] != now[name]:
            return told
    if before.get("perDay") and now.get("perDay", 0) >= TEN_TIMES * before["perDay"]:
        return "ten times as often"
    return None


# --- what drafting asks ----------------------------------------------------------------------------------------------


def refused(pattern: ErrorPattern, entries: Sequence[Entry]) -> str | None:
    """Why this pattern is not proposed again now; None where nothing stands against it."""
    kind = evidence_kind(pattern)
    standing = [
        entry
        for entry in entries
        if entry.get("patternId") == pattern.pattern_id and changed_kind(entry.get("evidenceKind") or {}, kind) is None
    ]
    no = [entry for entry in standing if entry.get("result") == "rejected"]
    if no:
        last = max(no, key=lambda entry: str(entry.get("at")))
        return (
            f"rejected on {str(last.get('at'))[:10]}: {last.get('reason')}; the evidence has not changed in kind since"
        )
    failed = {entry.get("proposalId") or entry.get("at") for entry in standing if entry.get("result") in INEFFECTIVE}
    if len(failed) >= ESCALATE_AFTER:
        return f"{len(failed)} changes did not help: a person should look at the cause before another one is tried"
    return None


Record = Mapping[str, tuple[int, int]]
"""By template: how many of its changes helped, how many did not or were refused."""
NO_RECORD: Record = {}
PRIOR_WEIGHT = 4
"""An analyst's own likelihood counts as much as so many changes whose end is known."""


def ranked(candidates: Iterable[Candidate], record: Record) -> list[Candidate]:
    """Innermost first, then likeliest first: the analyst's likelihood, drawn towards what became of the template's earlier changes.

    In the analyst's order where nothing tells two apart."""
    return sorted(candidates, key=lambda one: (one.depth, -_likelihood(one, record)))


def _likelihood(candidate: Candidate, record: Record) -> float:
    good, bad = record.get(candidate.template, (0, 0))
    return (candidate.likelihood * PRIOR_WEIGHT + good) / (PRIOR_WEIGHT + good + bad)


def template_record(entries: Iterable[Entry]) -> Record:
    """How often each template's changes (helped, did not help or were refused); an inconclusive verdict counts for neither."""
    record: dict[str, tuple[int, int]] = {}
    for entry in entries:
        template, result = str(entry.get("template") or ""), entry.get("result")
        good, bad = record.get(template, (0, 0))
        if template and (result == "improved" or result in INEFFECTIVE or result == "rejected"):
            record[template] = (good + 1, bad) if result == "improved" else (good, bad + 1)
    return record
