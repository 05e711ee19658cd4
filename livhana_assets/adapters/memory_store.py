"""The proposal store in memory: the port's semantics in plain Python, for tests and dry runs. Nothing outlives the process."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from livhana_assets.loop.proposals import audit
from livhana_assets.loop.proposals.documents import (
    check_operation,
    is_open,
    knowledge_document,
    knowledge_stamps,
    next_version,
    read_document,
    read_knowledge,
    write_document,
)
from livhana_assets.loop.proposals.model import Proposal
from livhana_assets.loop.proposals.ports import (
    AuditEntry,
    NoSuchProposal,
    PatternAlreadyOpen,
    StaleVersion,
    StoreError,
)


class MemoryProposalStore:
    """The ProposalStore port in one process. Thread-safe; documents are kept as JSON, so that round trips are the real ones."""

    def __init__(self, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._now = now
        self._lock = threading.RLock()
        self._documents: dict[str, bytes] = {}
        self._operations: dict[str, tuple[str, str, bytes]] = {}
        self._audit: list[bytes] = []
        self._knowledge: dict[str, bytes] = {}
        self._paused = False

    def get(self, proposal_id: str) -> Proposal:
        with self._lock:
            document = self._documents.get(proposal_id)
        if document is None:
            raise NoSuchProposal(f"There is no proposal {proposal_id}; `livhana proposals` lists them.")
        return read_document(document)

    def proposals(self) -> tuple[Proposal, ...]:
        with self._lock:
            found = [read_document(document) for document in self._documents.values()]
        return tuple(sorted(found, key=lambda proposal: (proposal.created_at, proposal.id), reverse=True))

    def open_for(self, pattern_id: str) -> Proposal | None:
        return next((found for found in self.proposals() if found.pattern_id == pattern_id and is_open(found)), None)

    def add(self, proposal: Proposal, *, actor: str, operation: str) -> Proposal:
        document = write_document(proposal)
        details = audit.transition_details(None, proposal, None)
        with self._lock:
            known = self._known(operation, "add", proposal.id)
            if known is not None:
                return read_document(known)
            if proposal.id in self._documents:
                raise StoreError(f"There is a proposal {proposal.id} already; give the new one another id.")
            self._refuse_second(proposal)
            return self._keep(proposal, document, "add", operation, actor, "added", details)

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
        with self._lock:
            known = self._known(operation, "save", proposal.id)
            if known is not None:
                return read_document(known)
            before = self.get(proposal.id)
            if before.version != expected_version:
                raise StaleVersion(
                    f"{proposal.id} is at version {before.version}, no longer at {expected_version}; read it again."
                )
            next_version(proposal, expected_version)
            document = write_document(proposal)
            seen = audit.transition_details(before.status, proposal, details)
            self._refuse_second(proposal)
            return self._keep(proposal, document, "save", operation, actor, action, seen)

    def record(
        self,
        *,
        actor: str,
        action: str,
        operation: str,
        proposal_id: str = "",
        details: Mapping[str, Any] | None = None,
    ) -> AuditEntry:
        noted = audit.note_details(details)
        with self._lock:
            known = self._known(operation, "record", None)
            if known is None:
                known = self._append(actor, action, proposal_id, noted)
                self._operations[operation] = ("record", proposal_id, known)
        return audit.load(known)

    def audit(self, after: int = 0) -> Iterator[AuditEntry]:
        with self._lock:
            lines = tuple(self._audit[after:])
        return (audit.load(line) for line in lines)

    def changed_since(self, sequence: int) -> tuple[int, tuple[str, ...]]:
        with self._lock:
            lines = tuple(self._audit[sequence:])
        return sequence + len(lines), audit.changed_proposals(audit.load(line) for line in lines)

    def remember(self, category: str, at: datetime, entry: Mapping[str, Any]) -> str:
        document = knowledge_document(category, entry)
        with self._lock:
            for stamp in knowledge_stamps(at):
                key = f"knowledge:{category}:{stamp}"
                if self._knowledge.setdefault(key, document) == document:
                    return key
        raise StoreError(f"Too much {category} knowledge at {at}; give it another time.")

    def knowledge(self, category: str) -> tuple[Mapping[str, Any], ...]:
        with self._lock:
            kept = sorted(item for item in self._knowledge.items() if item[0].startswith(f"knowledge:{category}:"))
        return tuple(read_knowledge(document) for _, document in kept)

    def paused(self) -> bool:
        with self._lock:
            return self._paused

    def pause(self, paused: bool, *, actor: str) -> None:
        with self._lock:
            self._append(actor, "paused" if paused else "resumed", "", {})
            self._paused = paused

    def _keep(
        self,
        proposal: Proposal,
        document: bytes,
        kind: str,
        operation: str,
        actor: str,
        action: str,
        details: Mapping[str, Any],
    ) -> Proposal:
        self._append(actor, action, proposal.id, details)
        self._documents[proposal.id] = document
        self._operations[operation] = (kind, proposal.id, document)
        return read_document(document)

    def _known(self, operation: str, kind: str, proposal_id: str | None) -> bytes | None:
        check_operation(operation)
        if operation not in self._operations:
            return None
        first, of, result = self._operations[operation]
        if first != kind:
            raise StoreError(f"This operation id was used before, to {first}; use another to {kind}.")
        if proposal_id is not None and of != proposal_id:
            raise StoreError(f"This operation id was used before, for {of}; use another for {proposal_id}.")
        return result

    def _refuse_second(self, proposal: Proposal) -> None:
        holder = self.open_for(proposal.pattern_id) if is_open(proposal) else None
        if holder is not None and holder.id != proposal.id:
            raise PatternAlreadyOpen(f"Pattern {proposal.pattern_id} has an open proposal already: {holder.id}.")

    def _append(self, actor: str, action: str, proposal_id: str, details: Mapping[str, Any]) -> bytes:
        last = audit.load(self._audit[-1]) if self._audit else None
        entry = audit.chain(
            last.hash if last else audit.GENESIS,
            len(self._audit) + 1,
            at=self._now(),
            actor=actor,
            action=action,
            proposal_id=proposal_id,
            details=details,
        )
        self._audit.append(audit.dump(entry))
        return self._audit[-1]
