"""The proposal store in Redis. One server-side script (redis_store.lua) makes every transition in one step.

Keys: `improvement:proposal:{id}`, `improvement:proposals:summary`, `improvement:patterns:open`, `improvement:operations:{op}`,
`improvement:audit` (stream, field `entry`, id `{sequence}-0`), `improvement:audit:head` (`{sequence}:{hash}`), `improvement:paused`,
`knowledge:{category}:{timestamp}` and its index `improvement:knowledge:{category}` (sorted set of keys).
"""

from __future__ import annotations

import random
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import redis
from redis.backoff import ExponentialWithJitterBackoff
from redis.retry import Retry

from livhana_assets.adapters.redis_errors import BadAddress, clear_errors
from livhana_assets.loop.proposals import audit
from livhana_assets.loop.proposals.documents import (
    check_operation,
    is_open,
    knowledge_document,
    knowledge_stamps,
    next_version,
    read_document,
    read_knowledge,
    summary_line,
    write_document,
)
from livhana_assets.loop.proposals.model import Proposal
from livhana_assets.loop.proposals.ports import (
    AuditBroken,
    AuditEntry,
    NoSuchProposal,
    PatternAlreadyOpen,
    StaleVersion,
    StoreError,
    StoreUnavailable,
)

PROPOSAL = "improvement:proposal:"
SUMMARY = "improvement:proposals:summary"
PATTERNS = "improvement:patterns:open"
OPERATION = "improvement:operations:"
AUDIT = "improvement:audit"
HEAD = "improvement:audit:head"
PAUSED = "improvement:paused"
KNOWLEDGE_INDEX = "improvement:knowledge:"

OPERATION_SECONDS = 30 * 24 * 3600
ATTEMPTS = 200
PAGE = 500


@dataclass(frozen=True)
class _Head:
    """The audit's last line, as the script compares it."""

    sequence: int = 0
    hash: str = audit.GENESIS

    @classmethod
    def read(cls, text: str) -> _Head:
        sequence, _, line_hash = text.partition(":")
        if text and not sequence.isdigit():
            raise AuditBroken("The audit's head cannot be read; restore Redis from a backup before going on.")
        return cls(int(sequence), line_hash) if text else cls()

    def __str__(self) -> str:
        return f"{self.sequence}:{self.hash}" if self.sequence else ""


@dataclass(frozen=True)
class _Write:
    """What the script is asked to do, but for the audit line, which depends on the head."""

    kind: str
    operation: str
    actor: str
    action: str
    proposal_id: str = ""
    details: Mapping[str, Any] | None = None
    expected_version: int = 0
    proposal: Proposal | None = None
    document: bytes = b""
    paused: bool = False


class RedisProposalStore:
    """The ProposalStore port over one Redis 6.2 or newer. Safe to share between threads; any number of processes may write."""

    def __init__(self, client: redis.Redis, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._client = client
        self._now = now
        self._transition = client.register_script(_script("redis_store.lua"))
        self._open = client.register_script(_script("redis_store_open.lua"))
        self._remember = client.register_script(_script("redis_store_remember.lua"))

    @classmethod
    def at(cls, url: str) -> RedisProposalStore:
        """The store at a `redis://`, `rediss://` or `unix://` address. Connects at the first use."""
        try:
            return cls(redis.Redis.from_url(url, socket_timeout=5, socket_connect_timeout=2, retry=_retry()))
        except ValueError:
            raise BadAddress(
                "REDIS_URL is no Redis address; write it as redis://host:6379/0, rediss://… or unix:///path."
            ) from None

    def get(self, proposal_id: str) -> Proposal:
        with clear_errors(self._client):
            document = self._client.get(PROPOSAL + proposal_id)
        if document is None:
            raise _no_such(proposal_id)
        return read_document(_bytes(document))

    def proposals(self) -> tuple[Proposal, ...]:
        with clear_errors(self._client):
            ids = [_text(name) for name in cast("list[bytes]", self._client.hkeys(SUMMARY))]
        found = [
            proposal for start in range(0, len(ids), PAGE) for proposal in self._several(ids[start : start + PAGE])
        ]
        return tuple(sorted(found, key=lambda proposal: (proposal.created_at, proposal.id), reverse=True))

    def open_for(self, pattern_id: str) -> Proposal | None:
        with clear_errors(self._client):
            document = self._open(keys=[PATTERNS], args=[pattern_id, PROPOSAL])
        return read_document(_bytes(document)) if document else None

    def add(self, proposal: Proposal, *, actor: str, operation: str) -> Proposal:
        document = write_document(proposal)
        details = audit.transition_details(None, proposal, None)
        write = _Write("add", operation, actor, "added", proposal.id, details, proposal=proposal, document=document)
        return self._stored_proposal(write)

    def save(
        self,
        proposal: Proposal,
        *,
        expected_version: int,
        actor: str,
        action: str,
        operation: str,
        details: Mapping[str, Any] | None = None,
    ) -> Proposal:
        known = self._known(operation)
        if known is not None:
            return _proposal_of(known, "save", proposal.id)
        before = self.get(proposal.id)
        if before.version != expected_version:
            return self._moved(proposal.id, expected_version, before.version, operation)
        next_version(proposal, expected_version)
        document = write_document(proposal)
        seen = audit.transition_details(before.status, proposal, details)
        write = _Write("save", operation, actor, action, proposal.id, seen, expected_version, proposal, document)
        return self._stored_proposal(write)

    def record(
        self,
        *,
        actor: str,
        action: str,
        operation: str,
        proposal_id: str = "",
        details: Mapping[str, Any] | None = None,
    ) -> AuditEntry:
        write = _Write("record", operation, actor, action, proposal_id, audit.note_details(details))
        return audit.load(_result_of(self._write(write), "record"))

    def audit(self, after: int = 0) -> Iterator[AuditEntry]:
        """Oldest first. Raises AuditBroken where lines that were there at the start are gone."""
        head, last = self._head(), after
        while page := self._page(last):
            yield from page
            last = page[-1].sequence
        if last < head.sequence:
            raise AuditBroken(f"Audit line {last + 1} is missing: the audit ends before its head {head.sequence}.")

    def changed_since(self, sequence: int) -> tuple[int, tuple[str, ...]]:
        if self._head().sequence == sequence:
            return sequence, ()
        lines: list[AuditEntry] = []
        while page := self._page(sequence):
            lines += page
            sequence = page[-1].sequence
        return sequence, audit.changed_proposals(lines)

    def remember(self, category: str, at: datetime, entry: Mapping[str, Any]) -> str:
        document = knowledge_document(category, entry)
        for stamp in knowledge_stamps(at):
            key = f"knowledge:{category}:{stamp}"
            with clear_errors(self._client):
                kept = self._remember(keys=[key, KNOWLEDGE_INDEX + category], args=[document])
            if kept:
                return key
        raise StoreError(f"Too much {category} knowledge at {at}; give it another time.")

    def knowledge(self, category: str) -> tuple[Mapping[str, Any], ...]:
        with clear_errors(self._client):
            keys = cast("list[bytes]", self._client.zrange(KNOWLEDGE_INDEX + category, 0, -1))
            documents = cast("list[bytes | None]", self._client.mget(keys)) if keys else []
        return tuple(read_knowledge(_bytes(document)) for document in documents if document is not None)

    def paused(self) -> bool:
        with clear_errors(self._client):
            return self._client.get(PAUSED) is not None

    def pause(self, paused: bool, *, actor: str) -> None:
        action = "paused" if paused else "resumed"
        self._write(_Write("pause", f"pause:{uuid.uuid4()}", actor, action, paused=paused))

    def _moved(self, proposal_id: str, expected: int, present: int, operation: str) -> Proposal:
        """What this very operation stored meanwhile; StaleVersion where it was another."""
        known = self._known(operation)
        if known is None:
            raise _stale(proposal_id, expected, str(present))
        return _proposal_of(known, "save", proposal_id)

    def _stored_proposal(self, write: _Write) -> Proposal:
        return _proposal_of(self._write(write), write.kind, write.proposal_id)

    def _write(self, write: _Write) -> bytes:
        """The script's result; asked again with a new audit line while others move the head."""
        check_operation(write.operation)
        fixed = _arguments(write)
        head = self._head()
        for attempt in range(ATTEMPTS):
            word, text = self._ask(write, head, fixed)
            if word in (b"done", b"known"):
                return text
            if word != b"head":
                raise _refusal(write, word, text.decode())
            head = _Head.read(text.decode())
            time.sleep(random.uniform(0, min(0.05, 0.001 * 2 ** min(attempt, 6))))
        raise StoreUnavailable("Too many processes write to Redis at once; repeat the command.")

    def _ask(self, write: _Write, head: _Head, fixed: list[Any]) -> tuple[bytes, bytes]:
        entry = audit.chain(
            head.hash,
            head.sequence + 1,
            at=self._now(),
            actor=write.actor,
            action=write.action,
            proposal_id=write.proposal_id,
            details=write.details,
        )
        reached = str(_Head(entry.sequence, entry.hash))
        chained: list[Any] = [str(head), reached, f"{entry.sequence}-0", audit.dump(entry)]
        keys: list[Any] = [
            OPERATION + write.operation,
            HEAD,
            AUDIT,
            SUMMARY,
            PATTERNS,
            PROPOSAL + write.proposal_id,
            PAUSED,
        ]
        with clear_errors(self._client):
            answer = cast("list[Any]", self._transition(keys=keys, args=[*fixed[:2], *chained, *fixed[2:]]))
        return _bytes(answer[0]), _bytes(answer[1])

    def _several(self, ids: list[str]) -> Iterator[Proposal]:
        with clear_errors(self._client):
            documents = cast("list[bytes | None]", self._client.mget([PROPOSAL + name for name in ids]))
        return (read_document(_bytes(document)) for document in documents if document is not None)

    def _known(self, operation: str) -> bytes | None:
        check_operation(operation)
        with clear_errors(self._client):
            known = self._client.get(OPERATION + operation)
        return None if known is None else _bytes(known)

    def _head(self) -> _Head:
        with clear_errors(self._client):
            head = self._client.get(HEAD)
        return _Head.read(_text(head or b""))

    def _page(self, last: int) -> list[AuditEntry]:
        with clear_errors(self._client):
            lines = cast("list[Any]", self._client.xrange(AUDIT, min=f"({last}-0", count=PAGE))
        return [audit.load(_bytes(fields.get(b"entry") or fields.get("entry") or b"")) for _, fields in lines]


def _retry() -> Retry:
    """Through a restart of Redis (about three seconds). Repeating is safe: every write has an operation id."""
    return Retry(ExponentialWithJitterBackoff(base=0.01, cap=1), 8)


def _script(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8")


def _arguments(write: _Write) -> list[Any]:
    proposal = write.proposal
    if proposal is None:
        fields: list[Any] = [b"", b"", "", "0"]
    else:
        is_open_flag = "1" if is_open(proposal) else "0"
        fields = [write.document, summary_line(proposal), proposal.pattern_id, is_open_flag]
    paused = "1" if write.paused else "0"
    return [write.kind, OPERATION_SECONDS, write.proposal_id, write.expected_version, *fields, paused]


def _result_of(result: bytes, kind: str) -> bytes:
    stored, _, document = result.partition(b" ")
    if stored.decode() != kind:
        raise StoreError(f"This operation id was used before, to {stored.decode()}; use another to {kind}.")
    return document


def _proposal_of(result: bytes, kind: str, proposal_id: str) -> Proposal:
    proposal = read_document(_result_of(result, kind))
    if proposal.id != proposal_id:
        raise StoreError(f"This operation id was used before, for {proposal.id}; use another for {proposal_id}.")
    return proposal


def _refusal(write: _Write, word: bytes, text: str) -> StoreError:
    pattern = write.proposal.pattern_id if write.proposal else ""
    refusals: dict[bytes, Callable[[], StoreError]] = {
        b"missing": lambda: _no_such(write.proposal_id),
        b"stale": lambda: _stale(write.proposal_id, write.expected_version, text),
        b"exists": lambda: StoreError(f"There is a proposal {write.proposal_id} already; give the new one another id."),
        b"open": lambda: PatternAlreadyOpen(f"Pattern {pattern} has an open proposal already: {text}."),
    }
    broken = AuditBroken("The audit's head and its last line differ; restore Redis from a backup before going on.")
    return refusals.get(word, lambda: broken)()


def _no_such(proposal_id: str) -> NoSuchProposal:
    return NoSuchProposal(f"There is no proposal {proposal_id}; `livhana proposals` lists them.")


def _stale(proposal_id: str, expected: int, present: str) -> StaleVersion:
    return StaleVersion(f"{proposal_id} is at version {present}, no longer at {expected}; read it again.")


def _bytes(value: Any) -> bytes:
    """What Redis answered, whether or not the client decodes."""
    return value.encode("utf-8") if isinstance(value, str) else value


def _text(value: Any) -> str:
    return _bytes(value).decode("utf-8")
