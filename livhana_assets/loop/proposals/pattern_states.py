"""The state of each pattern, with what has landed for it taken into account."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

from livhana_assets.loop.patterns.histories import load_histories
from livhana_assets.loop.patterns.model import ErrorPattern
from livhana_assets.loop.patterns.states import Fix, Holds, StateTold, state_of
from livhana_assets.loop.proposals.lifecycle import LANDED
from livhana_assets.loop.proposals.model import Proposal
from livhana_assets.loop.sources.ports import Warehouse


def pattern_states(
    warehouse: Warehouse, patterns: Sequence[ErrorPattern], proposals: Iterable[Proposal], holds: Holds
) -> dict[str, StateTold]:
    """By pattern id. `holds` is asked only about patterns for which something has landed."""
    histories = load_histories(warehouse, (pattern.fingerprint for pattern in patterns))
    fixes = fixes_by_pattern(proposals)
    if histories.observed is None:
        return {}
    return {
        pattern.pattern_id: state_of(
            histories.days[pattern.fingerprint], histories.observed, fixes.get(pattern.pattern_id, ()), holds
        )
        for pattern in patterns
        if pattern.fingerprint in histories.days
    }


TOLD = 20


def states_table(patterns: Sequence[ErrorPattern], states: Mapping[str, StateTold]) -> str:
    """How many patterns are in each state, and the first twenty with theirs, as Markdown without any text from logs."""
    told = [(one, states[one.pattern_id].state) for one in patterns if one.pattern_id in states]
    counts = Counter(str(state) for _, state in told)
    head = ", ".join(f"{count} {state.replace('_', ' ')}" for state, count in sorted(counts.items())) or "none"
    rows = [
        f"| `{one.pattern_id}` | {str(state).replace('_', ' ')} | {one.occurrences} |" for one, state in told[:TOLD]
    ]
    return "\n".join((head, "", "| pattern | state | occurrences |", "|---|---|---|", *rows)) if rows else head


def fixes_by_pattern(proposals: Iterable[Proposal]) -> dict[str, list[Fix]]:
    """What has landed and stands, for each pattern. A reversal mends no pattern."""
    fixes: dict[str, list[Fix]] = {}
    for one in proposals:
        if one.status in LANDED and one.landing and not one.reverts:
            fix = Fix(one.id, one.landing.commit, one.landing.landed_at)
            fixes.setdefault(one.pattern_id, []).append(fix)
    return fixes


def holding(release_commit: Callable[[str], str | None], contains: Callable[[str, str], bool]) -> Holds:
    """Whether a release, by the commit that its name means, contains another one. Each release is looked up once."""
    known: dict[tuple[str, str], bool | None] = {}

    def holds(release: str, commit: str) -> bool | None:
        if (release, commit) not in known:
            resolved = release_commit(release)
            known[release, commit] = contains(resolved, commit) if resolved else None
        return known[release, commit]

    return holds
