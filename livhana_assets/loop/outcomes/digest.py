"""The week in one page: what was found, decided, landed and measured, told from the audit and the store."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from livhana_assets.loop.outcomes.metrics import COUNTERS, counted_ids, reached
from livhana_assets.loop.proposals.lifecycle import OPEN
from livhana_assets.loop.proposals.model import Proposal
from livhana_assets.loop.proposals.ports import AuditEntry

TOLD = {
    "proposed": "Proposed, with a proof",
    "specified": "Specified, without a patch",
    "approved": "Approved",
    "rejected": "Rejected",
    "expired": "Expired undecided",
    "implemented": "Landed",
    "rolled_back": "Rolled back",
    "improved": "Improved",
    "not_improved": "Did not improve",
    "inconclusive": "Inconclusive",
    "reverted": "Taken back",
}
"""What an audit line reached → the heading under which its proposal is told."""
NAMED = 20
"""So many proposals of a heading are told by name; the rest is counted."""


@dataclass(frozen=True)
class Week:
    """Seven UTC days from a Monday."""

    first: date

    @property
    def last(self) -> date:
        return self.first + timedelta(days=6)

    def holds(self, at: str) -> bool:
        """Whether an audit line's time is in it."""
        return self.first <= datetime.fromisoformat(at).date() <= self.last


def digest(week: Week, audit: Iterable[AuditEntry], proposals: Sequence[Proposal], now: datetime) -> str:
    """The page as Markdown. A week that is not over, or in which nothing happened, says so."""
    lines = [entry for entry in audit if week.holds(entry.at)]
    over = "" if now.date() > week.last else f" It is not over: this is what it holds on {now:%Y-%m-%d %H:%M} UTC."
    parts = [f"## Week of {week.first} to {week.last}", f"{len(lines)} lines in the audit.{over}"]
    parts += _headings(lines, {proposal.id: proposal for proposal in proposals}) or [
        "Nothing happened to any proposal."
    ]
    return "\n\n".join((*parts, _counters(lines, proposals), _waiting(proposals)))


def _headings(lines: Sequence[AuditEntry], known: dict[str, Proposal]) -> list[str]:
    found: dict[str, dict[str, None]] = {}
    for entry in lines:
        if entry.proposal_id and (heading := TOLD.get(reached(entry))):
            found.setdefault(heading, {})[entry.proposal_id] = None
    return [_heading(heading, list(found[heading]), known) for heading in TOLD.values() if heading in found]


def _heading(heading: str, ids: Sequence[str], known: dict[str, Proposal]) -> str:
    named = [f"- `{name}` {_title(known.get(name))}" for name in ids[:NAMED]]
    more = [f"- and {len(ids) - NAMED} more"] if len(ids) > NAMED else []
    return "\n".join((f"### {heading}: {len(ids)}", "", *named, *more))


def _title(proposal: Proposal | None) -> str:
    """In one line that no text of a log can break out of."""
    title = proposal.title if proposal else "(not in the store any more)"
    return " ".join(title.split()).replace("`", "'").replace("|", "\\|").replace("[", "\\[").replace("<", "&lt;")[:200]


def _counters(lines: Sequence[AuditEntry], proposals: Sequence[Proposal]) -> str:
    """The ten counters over this week's lines alone."""
    known = {proposal.id: proposal for proposal in proposals}
    told = [entry for entry in lines if entry.proposal_id]
    rows = [
        f"| {name} | {sum(counter.weight(known.get(one)) for one in counted_ids(counter, told, known))} |"
        for name, counter in COUNTERS.items()
    ]
    return "\n".join(("### The counters of this week", "", "| counter | this week |", "|---|---|", *rows))


def _waiting(proposals: Sequence[Proposal]) -> str:
    waiting = [proposal for proposal in proposals if proposal.status in OPEN]
    if not waiting:
        return "Nothing waits now."
    return f"{len(waiting)} proposals are open now; `livhana proposals` lists them."
