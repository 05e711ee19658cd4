"""Two patterns that are one mistake: their proposals would change the sources in the same way, so the second is not offered."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from livhana_assets.loop.patterns.model import ErrorPattern
from livhana_assets.loop.proposals.lifecycle import OPEN
from livhana_assets.loop.proposals.model import Proposal, Status
from livhana_assets.loop.sources.paths import is_test_path

CATEGORY = "twin"
"""Of knowledge: which pattern's change is whose already. Written, so that the next turn does not draft and prove it again."""
STANDING = (OPEN - {Status.ROLLED_BACK}) | {Status.IMPLEMENTED, Status.IMPROVED, Status.INCONCLUSIVE}
"""While a proposal is in one of these, its change is offered or has landed, and is not known to have failed."""
FILE = re.compile(r"^diff --git ", re.MULTILINE)
PLACE = re.compile(r"^@@ -\d+(?:,\d+)? \+\d+(?:,\d+)? @@", re.MULTILINE)

Change = tuple[tuple[str, str], ...]


def twin_of(proposal: Proposal, others: Iterable[Proposal]) -> Proposal | None:
    """The standing proposal for another pattern that changes the sources in the same way; None for a specification."""
    return next((other for other in others if _is_twin(proposal, other)), None)


def twin_entry(proposal: Proposal, twin: Proposal) -> Mapping[str, Any]:
    return {
        "patternId": proposal.pattern_id,
        "proposalId": twin.id,
        "result": CATEGORY,
        "at": proposal.created_at.isoformat(),
    }


def known_twin(
    pattern: ErrorPattern, entries: Iterable[Mapping[str, Any]], proposals: Callable[[], Iterable[Proposal]]
) -> str:
    """`same change as ID`, where that was found in an earlier turn and ID still stands; empty where nothing is known."""
    twins = {e.get("proposalId") for e in entries if _is_of(e, pattern)}
    standing = (one for one in (proposals() if twins else ()) if one.id in twins and one.status in STANDING)
    return next(map(same_change, standing), "")


def same_change(twin: Proposal) -> str:
    return f"same change as {twin.id}, which is {twin.status}"


def _is_of(entry: Mapping[str, Any], pattern: ErrorPattern) -> bool:
    return entry.get("result") == CATEGORY and entry.get("patternId") == pattern.pattern_id


def source_change(patch: str, *, places: bool) -> Change:
    """What a patch does to each file that is no test, without blob names; without line numbers too, unless `places` count."""
    files = (_file(part, places) for part in FILE.split(patch)[1:])
    return tuple(sorted((path, hunks) for path, hunks in files if not is_test_path(path)))


def _file(part: str, places: bool) -> tuple[str, str]:
    head, _, hunks = part.partition("\n@@")
    path = head.partition("\n")[0].rpartition(" b/")[2].strip('"')
    return path, f"@@{hunks}" if places else PLACE.sub("@@", f"@@{hunks}")


def _is_twin(one: Proposal, other: Proposal) -> bool:
    if one.pattern_id == other.pattern_id or other.status not in STANDING or one.reverts or other.reverts:
        return False
    places = one.implementation.base_commit == other.implementation.base_commit
    change = source_change(one.implementation.patch, places=places)
    return bool(change) and change == source_change(other.implementation.patch, places=places)
