"""The ten counters, each defined once over the audit, and what measured outcomes add to them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from livhana_assets.loop.proposals.model import Proposal
from livhana_assets.loop.proposals.ports import AuditEntry

DOCUMENT = re.compile(r"(?:^|/)docs?/|\.(?:md|rst|adoc)$|(?:^|/)(?:README|CHANGELOG)[^/]*$", re.IGNORECASE)
SHOWN = frozenset({"proposed", "specified"})
LANDED = frozenset({"implemented"})
NO_LONGER = frozenset({"not_improved", "reverted", "reopened"})


def _one(_: Proposal | None) -> int:
    return 1


def new_tests(proposal: Proposal | None) -> int:
    """Regression tests that a proposal brings."""
    return len(proposal.proof.tests if proposal.proof else proposal.tests) if proposal else 0


def documents(proposal: Proposal | None) -> int:
    """Documentation files that a proposal's patch touches."""
    patch = proposal.implementation.patch if proposal else ""
    touched = re.findall(r"^\+\+\+ b/(.+?)\t?$", patch, re.MULTILINE)
    return len({path for path in touched if DOCUMENT.search(path)})


@dataclass(frozen=True)
class Counter:
    """Counts proposals that reached one of `reached` and have not gone to one of `undone` since, each with its weight."""

    definition: str
    reached: frozenset[str]
    undone: frozenset[str] = frozenset()
    type: str = ""
    weight: Callable[[Proposal | None], int] = _one

    def counts(self, status: str, kind: str) -> bool:
        """The predicate over one audit line, by what it reached and the type of its proposal."""
        return status in self.reached and self.type in ("", kind)


IMPROVED = frozenset({"improved"})
COUNTERS: dict[str, Counter] = {
    "improvementsProposed": Counter(
        "Proposals that were shown to a person, with a patch or as a specification.", SHOWN
    ),
    "improvementsApproved": Counter(
        "Proposals that were approved, by a person or the policy.", frozenset({"approved"})
    ),
    "improvementsImplemented": Counter("Proposals that landed, also those taken back later.", LANDED),
    "bugsDetected": Counter("Proposals for bugs that were shown to a person.", SHOWN, type="bugfix"),
    "bugsFixed": Counter(
        "Bug fixes that landed and were measured as improved, and still are.", IMPROVED, NO_LONGER, "bugfix"
    ),
    "featuresDiscovered": Counter("Proposals for features that were shown to a person.", SHOWN, type="feature"),
    "featuresImplemented": Counter("Features that landed, also those taken back later.", LANDED, type="feature"),
    "performanceImprovements": Counter(
        "Performance changes that landed and were measured as improved, and still are.",
        IMPROVED,
        NO_LONGER,
        "performance",
    ),
    "testsGenerated": Counter("Regression tests in proposals that landed.", LANDED, weight=new_tests),
    "docsGenerated": Counter("Documentation files in proposals that landed.", LANDED, weight=documents),
}


def improvement_counters(audit: Iterable[AuditEntry], proposals: Sequence[Proposal]) -> dict[str, int | float]:
    """The ten counters out of the audit, and the three figures of measured outcomes."""
    return counters_of(counted_so_far({}, audit, {proposal.id: proposal for proposal in proposals}), proposals)


Counted = Mapping[str, frozenset[str]]
"""By a counter's name the proposals that it counts."""


def counted_so_far(before: Counted, lines: Iterable[AuditEntry], known: Mapping[str, Proposal]) -> Counted:
    """What is counted after these lines, given what was before them: whoever keeps it reads no line twice."""
    entries = [entry for entry in lines if entry.proposal_id]
    return {
        name: counted_ids(counter, entries, known, before.get(name, frozenset())) for name, counter in COUNTERS.items()
    }


def counters_of(counted: Counted, proposals: Sequence[Proposal]) -> dict[str, int | float]:
    """The numbers for what is counted."""
    known = {proposal.id: proposal for proposal in proposals}
    weighed: dict[str, int | float] = {
        name: sum(counter.weight(known.get(id)) for id in counted[name]) for name, counter in COUNTERS.items()
    }
    return {**weighed, **response_times(proposals)}


def counted_ids(
    counter: Counter,
    entries: Iterable[AuditEntry],
    known: Mapping[str, Proposal],
    before: frozenset[str] = frozenset(),
) -> frozenset[str]:
    """The proposals that a counter counts, so that each number can be looked up; `before` are those of earlier lines."""
    ids = set(before)
    for entry in entries:
        status = reached(entry)
        if counter.counts(status, _type(entry, known)):
            ids.add(entry.proposal_id)
        elif status in counter.undone:
            ids.discard(entry.proposal_id)
    return frozenset(ids)


def reached(entry: AuditEntry) -> str:
    """The status that an audit line tells of; a change that leaves the status as it was, or a note, tells of its action only."""
    to, before = entry.details.get("to"), entry.details.get("from")
    return str(to) if to and to != before else entry.action


def kind_of(proposal: Proposal) -> str:
    """The type that counts; a reversal is no bug that was found and no feature."""
    return "reversal" if proposal.reverts else proposal.type


def _type(entry: AuditEntry, known: Mapping[str, Proposal]) -> str:
    proposal = known.get(entry.proposal_id)
    return kind_of(proposal) if proposal else str(entry.details.get("type") or entry.proposal_id.split("-")[0])


def response_times(proposals: Iterable[Proposal]) -> dict[str, int | float]:
    """Of performance changes whose verdict is improved and holds the latency before and since; nothing is estimated."""
    gains = [gain for proposal in proposals if (gain := _gain(proposal)) is not None]
    total = round(sum(gains), 3)
    average = round(total / len(gains), 3) if gains else 0
    return {"responseTimeReducedMs": total, "endpointsOptimized": len(gains), "averageImprovementMs": average}


def _gain(proposal: Proposal) -> float | None:
    verdict = proposal.verdict
    if proposal.type != "performance" or verdict is None or proposal.status != "improved":
        return None
    figures: Mapping[str, Any] = verdict.figures
    before, after = figures.get("beforeMs"), figures.get("afterMs")
    return float(before) - float(after) if before is not None and after is not None else None
