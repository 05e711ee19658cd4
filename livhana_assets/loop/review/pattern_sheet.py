"""A pattern as a person looks at it before deciding that it is one thing, two, or a part of another."""

from __future__ import annotations

from livhana_assets.loop.patterns.correction_rows import load_corrections
from livhana_assets.loop.patterns.corrections import Correction, standing
from livhana_assets.loop.patterns.corrections import pattern_id as _id
from livhana_assets.loop.patterns.errors import load_error_pattern
from livhana_assets.loop.patterns.explaining import Explanation, explain
from livhana_assets.loop.patterns.model import ErrorPattern, ReleaseCount, Value
from livhana_assets.loop.patterns.states import Holds, StateTold
from livhana_assets.loop.proposals.pattern_states import pattern_states
from livhana_assets.loop.proposals.ports import ProposalStore
from livhana_assets.loop.review.correcting import NoSuchPattern
from livhana_assets.loop.sources.ports import Warehouse

TREND_DAYS = 30


class CorrectionTold(Value):
    """One correction that stands, with the ids of its patterns."""

    correction_id: str
    kind: str
    decided_at: str
    decided_by: str
    pattern: str
    into: str
    template_key: str | None
    undoes: str | None
    reason: str


class PatternSheet(Value):
    """`trend` are the occurrences of the last 30 days up to the pattern's newest, oldest first."""

    pattern: ErrorPattern
    state: StateTold | None
    suspect_release: ReleaseCount | None
    trend: tuple[int, ...]
    explanation: Explanation
    corrections: tuple[CorrectionTold, ...]


def pattern_sheet(warehouse: Warehouse, store: ProposalStore, holds: Holds, pattern_id: str) -> PatternSheet:
    """Raises NoSuchPattern, which names the pattern that it was merged into, if it was."""
    pattern = load_error_pattern(warehouse, pattern_id)
    known = load_corrections(warehouse)
    if pattern is None:
        raise NoSuchPattern(_gone(pattern_id, known))
    return PatternSheet(
        pattern=pattern,
        state=pattern_states(warehouse, [pattern], store.proposals(), holds).get(pattern.pattern_id),
        suspect_release=pattern.suspect_release,
        trend=trend_of(pattern),
        explanation=explain(warehouse, pattern.fingerprint),
        corrections=tuple(told(one) for one in known if pattern.fingerprint in (one.fingerprint, one.into)),
    )


def told(one: Correction) -> CorrectionTold:
    return CorrectionTold(
        correction_id=one.correction_id,
        kind=one.kind,
        decided_at=one.decided_at.isoformat(timespec="seconds"),
        decided_by=one.decided_by,
        pattern=_id(one.fingerprint),
        into=_id(one.into),
        template_key=one.template_key,
        undoes=one.undoes,
        reason=one.reason,
    )


def trend_of(pattern: ErrorPattern, days: int = TREND_DAYS) -> tuple[int, ...]:
    """Occurrences of each of the last days, silent ones as 0, up to the last one seen."""
    last = pattern.days[-1].day
    counts = {(last - one.day).days: one.occurrences for one in pattern.days}
    return tuple(counts.get(ago, 0) for ago in reversed(range(days)))


def _gone(pattern_id: str, known: tuple[Correction, ...]) -> str:
    stands = standing(known)
    for fingerprint in stands.moved():
        if _id(fingerprint) == pattern_id:
            return f"{pattern_id} counts as {_id(stands.final(fingerprint))} now: show that one."
    return f"There is no pattern {pattern_id}: `livhana analyze bugs --dry-run` lists them."
