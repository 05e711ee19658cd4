"""One look at a commit: its sources, its history and the reports about it → what is amiss, ranked, each with who touched it last."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any

from livhana_assets.loop.patterns.code_quality.churn import Churn, churn
from livhana_assets.loop.patterns.code_quality.duplicates import duplicates
from livhana_assets.loop.patterns.code_quality.hotspots import hotspots
from livhana_assets.loop.patterns.code_quality.javascript_tests import never_failing_javascript
from livhana_assets.loop.patterns.code_quality.model import KINDS, CodeQualityPattern, Finding, Kind, Place
from livhana_assets.loop.patterns.code_quality.never_failing import findings
from livhana_assets.loop.patterns.code_quality.python_tests import never_failing_python
from livhana_assets.loop.patterns.code_quality.reading import Reading, read_sources
from livhana_assets.loop.patterns.code_quality.undocumented import undocumented
from livhana_assets.loop.patterns.code_quality.untested import untested_changes
from livhana_assets.loop.sources.coverage import FileCoverage, merged_by_path, read_reports
from livhana_assets.loop.sources.ports import CodeHistory, Commit
from livhana_assets.loop.sources.redaction import redact_text

VERSION = "1"
"""Raised when an analysis would say something else of the same commit and reports."""
HISTORY = 2_000
"""Commits read; what changed before is not looked at."""
CHANGED_LATELY = timedelta(days=30)
"""Before the head's commit, not before now: the same commit is judged alike on every day."""
CHURN = timedelta(days=180)
SKIPPED_LONG = timedelta(days=90)
MOST_OF_A_KIND = 50
NAMED = 300
"""Characters of a title."""
Blame = Callable[[str, int, int], tuple[Commit, ...]]


@dataclass(frozen=True)
class Look:
    """What one look found, and over how much."""

    head: str
    inputs: str
    """Identifies what was looked at: the commit, the reports, and how."""
    patterns: tuple[CodeQualityPattern, ...] = ()
    found: Mapping[str, int] = field(default_factory=dict)
    """By kind, also beyond the MOST_OF_A_KIND that are kept."""
    files: int = 0
    left_out: Mapping[str, int] = field(default_factory=dict)
    """Why sources, or what a report says of them, were not looked at, and how many."""
    commits: int = 0
    covered_files: int = 0


def inputs_of(head: str, reports: Iterable[tuple[str, bytes]]) -> str:
    """The same for the same commit and the same reports."""
    digests = sorted(f"{name}\0{hashlib.sha256(content).hexdigest()}" for name, content in reports)
    return hashlib.sha256("\n".join((VERSION, head, *digests)).encode()).hexdigest()[:32]


def look_at_code(history: CodeHistory, head: str, reports: Sequence[tuple[str, bytes]], day: date) -> Look:
    """Everything amiss in a commit. A file that cannot be read is counted in `left_out`; an unreachable target raises."""
    past = Past.of(history.history(head, HISTORY))
    told, unreadable = read_reports(reports)
    coverage = merged_by_path(told)
    often = sorted(past.churn, key=lambda path: (-past.churn[path].commits, path))
    reading = read_sources(history, head, often)
    blame = lru_cache(4096)(lambda path, first, last: history.blame(head, path, first, last))
    left_out = Counter({**reading.left_out, "unreadable coverage reports": len(unreadable)})
    found = _found(reading, past, coverage, blame, left_out)
    counts: dict[str, int] = {kind: sum(one.kind == kind for one in found) for kind in KINDS}
    ranked = [one for kind in KINDS for one in _ranked(found, kind, blame, past)]
    patterns = tuple(_pattern(finding, rank, blame, day, head) for finding, rank in ranked)
    missing = dict(+left_out)
    inputs = inputs_of(head, reports)
    return Look(head, inputs, patterns, counts, len(reading.files), missing, past.commits, len(coverage))


@dataclass(frozen=True)
class Past:
    """The history that was read, as of its newest commit."""

    now: datetime
    commits: int = 0
    recent: Mapping[str, Commit] = field(default_factory=dict)
    """Of the last CHANGED_LATELY, by id."""
    churn: Mapping[str, Churn] = field(default_factory=dict)

    @classmethod
    def of(cls, commits: Sequence[Commit]) -> Past:
        # By time and not by place: a merged branch may hold commits newer than the merge's neighbours.
        now = max((one.committed_at for one in commits), default=datetime.min.replace(tzinfo=UTC))
        recent = {one.sha: one for one in commits if now - one.committed_at <= CHANGED_LATELY}
        return cls(now, len(commits), recent, churn(one for one in commits if now - one.committed_at <= CHURN))


def _found(
    reading: Reading, past: Past, coverage: Mapping[str, FileCoverage], blame: Blame, left_out: Counter[str]
) -> list[Finding]:
    unparsed: list[str] = []
    stale: list[str] = []
    tests = [file for file in reading.files if file.is_test]
    scripts = [file for file in tests if file.language in ("javascript", "typescript")]
    found = [
        *untested_changes(reading.by_path, past.recent, coverage, blame, stale),
        *hotspots(reading.by_path, past.churn, unparsed),
        *undocumented(reading.files, unparsed),
        *duplicates(reading.files),
        *findings(never_failing_python((file for file in tests if file.language == "python"), unparsed)),
        *findings(never_failing_javascript(scripts)),
    ]
    left_out.update({"cannot be parsed": len(set(unparsed)), "covered at another state": len(stale)})
    return found


def _ranked(found: Sequence[Finding], kind: Kind, blame: Blame, past: Past) -> Iterator[tuple[Finding, int]]:
    mine = sorted((one for one in found if one.kind == kind), key=lambda one: (-one.weight, one.place.told, one.key))
    lasting = (one for one in mine if _stands(one, blame, past))
    kept: dict[str, Finding] = {}
    for one in lasting:
        kept.setdefault(one.pattern_id, one)
        if len(kept) == MOST_OF_A_KIND:
            break
    yield from ((one, rank) for rank, one in enumerate(kept.values(), 1))


def _stands(finding: Finding, blame: Blame, past: Past) -> bool:
    """What only history can tell: a hotspot is itself among what changes, and a skipped test has been so for long."""
    if finding.kind == "hotspot":
        return any(past.now - one.committed_at <= CHURN for one in _blamed(finding.place, blame))
    if line := finding.details.get("skip_line"):
        return all(past.now - one.committed_at >= SKIPPED_LONG for one in blame(finding.place.path, line, line))
    return True


def _blamed(place: Place, blame: Blame) -> tuple[Commit, ...]:
    return blame(place.path, place.first, place.last)


def _pattern(finding: Finding, rank: int, blame: Blame, day: date, head: str) -> CodeQualityPattern:
    last = max(_blamed(finding.place, blame), key=lambda one: (one.committed_at, one.sha), default=None)
    return CodeQualityPattern(
        pattern_id=finding.pattern_id,
        kind=finding.kind,
        rank=rank,
        title=redact_text(finding.title)[:NAMED],
        places=tuple(place.model_copy(update={"path": redact_text(place.path)}) for place in finding.places[:20]),
        commit=last.sha if last else "",
        author=redact_text(last.author) if last else "",
        committed_at=last.committed_at if last else None,
        weight=finding.weight,
        details=_redacted(finding.details),
        day=day,
        head=head,
    )


def _redacted(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _redacted(held) for name, held in value.items()}
    if isinstance(value, list | tuple):
        return [_redacted(held) for held in value]
    if isinstance(value, str) and not _is_commit(value):
        return redact_text(value)[:NAMED]
    return value


def _is_commit(text: str) -> bool:
    """A commit's digits may look like a card's."""
    return len(text) == 40 and set(text) <= set("0123456789abcdef")
