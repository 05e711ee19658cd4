"""What a channel is told, and when: waiting for you, landed, rolled back, not improved, a run that failed. Read from the audit, told once."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from livhana_assets.loop.proposals.model import Proposal, Status
from livhana_assets.loop.proposals.ports import AuditEntry, ProposalStore
from livhana_assets.loop.sources.redaction import redact_text

ACTOR = "announcer"
CLAIMED, TOLD = "announcing", "announced"
ATTEMPTS = 10
FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=2), timedelta(hours=12)
OLD = timedelta(days=3)
"""News older than this are no news: a channel that is set up late is not flooded."""
TITLE = 200

WORDS: Mapping[str, str] = {
    Status.PROPOSED: "Waiting for you",
    Status.SPECIFIED: "Waiting for you",
    Status.IMPLEMENTED: "Landed",
    Status.ROLLED_BACK: "Rolled back",
    Status.NOT_IMPROVED: "Not improved",
}
WAITING = frozenset({Status.PROPOSED, Status.SPECIFIED})
FAILED, EXECUTES = "run_failed", "execute_proposal"


class NotSent(Exception):
    """The channel did not take it; it is tried again later. The message says why, and holds no address."""


class Sender(Protocol):
    """A channel to people."""

    def send(self, text: str) -> None:
        """Raises NotSent."""
        ...


@dataclass(frozen=True)
class Announced:
    """What one call told. Give `through` to the next call as `after`; `why` says what stands in the way, if anything does."""

    sent: int
    through: int
    why: str = ""


@dataclass
class _News:
    """One audit line that people should hear of, and how often it was tried."""

    entry: AuditEntry
    claims: list[AuditEntry] = field(default_factory=list)
    is_told: bool = False

    def is_due(self, now: datetime) -> bool:
        """The longer it goes wrong, the longer the wait; an announcer at work is not overtaken."""
        if not self.claims:
            return True
        wait = min(FIRST_WAIT * (1 << len(self.claims) - 1), LONGEST_WAIT)
        return now >= datetime.fromisoformat(self.claims[-1].at) + wait


def announce(store: ProposalStore, sender: Sender, *, public_url: str, now: datetime, after: int = 0) -> Announced:
    """Tell the channel what the audit's lines after `after` say, in order. Stops at the first that cannot be told now.

    Each line is claimed before it is sent and noted after, both in the audit, so that several announcers and restarts tell
    it once; only a crash between sending and noting can tell it twice. `after=0` is always right, only slower."""
    through, sent = after, 0
    for news in _news(store.audit(after)):
        if not news.is_told and not _is_over(news, store, now):
            if not news.is_due(now) or not _claim(store, news):
                return Announced(sent, through, "an earlier attempt is not over yet")
            try:
                sender.send(_text(news.entry, store, public_url))
            except NotSent as why:
                return Announced(sent, through, str(why))
            _note(store, news)
            sent += 1
        through = news.entry.sequence
    return Announced(sent, through)


def text_of(entry: AuditEntry, proposal: Proposal, public_url: str) -> str:
    """One message: what happened, to what, where to look. Titles come from logs, so they are redacted and cannot mention anybody."""
    words = WORDS[str(entry.details["to"])]
    title = _plain(redact_text(proposal.title))[:TITLE]
    told = f"*{words}*: {title} (`{proposal.id}`, {proposal.priority})"
    reason = proposal.verdict.reason if entry.details["to"] == Status.NOT_IMPROVED and proposal.verdict else ""
    where = (
        f"{public_url.rstrip('/')}/review/proposals/{proposal.id}" if public_url else f"`livhana show {proposal.id}`"
    )
    lines = [told, _plain(redact_text(reason))[:TITLE], where]
    return "\n".join(line for line in lines if line)


def failure_text(entry: AuditEntry, public_url: str) -> str:
    """One message about a run that failed: which job, of what, why, and where to look."""
    job, run, partition, why = (
        _plain(redact_text(str(entry.details.get(k, "")))) for k in ("job", "run", "partition", "why")
    )
    of = f" of `{partition}`" if partition else ""
    where = f"{public_url.rstrip('/')}/runs/{run}" if public_url else f"run `{run}` in the Dagster UI (`livhana up`)"
    return f"*A run failed*: {job}{of}: {why[:TITLE]}\n{where}"


def _text(entry: AuditEntry, store: ProposalStore, public_url: str) -> str:
    if entry.action == FAILED:
        return failure_text(entry, public_url)
    return text_of(entry, store.get(entry.proposal_id), public_url)


def is_news(entry: AuditEntry) -> bool:
    """Whether a line tells of a run that failed, or moves a proposal to where somebody has to hear of it."""
    if entry.action == FAILED:
        return True
    to, before = entry.details.get("to"), entry.details.get("from")
    return bool(entry.proposal_id) and "version" in entry.details and to != before and str(to) in WORDS


def _plain(text: str) -> str:
    """One line without the channel's own markup."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("@", "@\u200b")


def _news(lines: Iterable[AuditEntry]) -> list[_News]:
    """What the lines tell, oldest first, each with its claims."""
    found: dict[int, _News] = {}
    for line in lines:
        news = found.get(line.details.get("line", 0)) if line.actor == ACTOR else None
        if news is not None and line.action == CLAIMED:
            news.claims.append(line)
        elif news is not None and line.action == TOLD:
            news.is_told = True
        elif is_news(line):
            found[line.sequence] = _News(line)
    return list(found.values())


def _is_over(news: _News, store: ProposalStore, now: datetime) -> bool:
    """Whether nobody needs to hear of it any more: too old, tried too often, or decided already."""
    if now - datetime.fromisoformat(news.entry.at) > OLD or len(news.claims) >= ATTEMPTS:
        return True
    if news.entry.action == FAILED:
        return _is_told_otherwise(news.entry, store)
    to = news.entry.details["to"]
    return to in WAITING and store.get(news.entry.proposal_id).status != to


def _is_told_otherwise(failed: AuditEntry, store: ProposalStore) -> bool:
    """An execution that rolled its proposal back, or proposed it again, is a failed run too: that news says it better."""
    told = failed.proposal_id and failed.details.get("job") == EXECUTES
    return bool(told) and str(store.get(failed.proposal_id).status) in WORDS


def _claim(store: ProposalStore, news: _News) -> bool:
    """Whether this announcer is the one that tells it now."""
    line, mine = news.entry.sequence, uuid.uuid4().hex
    kept = store.record(
        actor=ACTOR,
        action=CLAIMED,
        operation=f"{CLAIMED}:{line}:{len(news.claims)}",
        details={"line": line, "attempt": mine},
    )
    return bool(kept.details["attempt"] == mine)


def _note(store: ProposalStore, news: _News) -> None:
    line = news.entry.sequence
    store.record(actor=ACTOR, action=TOLD, operation=f"{TOLD}:{line}", details={"line": line})
