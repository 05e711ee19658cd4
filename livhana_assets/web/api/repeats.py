"""The same Idempotency-Key gets the same answer, kept in the audit: also after a restart, by any process, for as long as operations are kept."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from livhana_assets.loop.proposals.model import canonical_json
from livhana_assets.loop.proposals.ports import AuditEntry, ProposalStore
from livhana_assets.web.api.problems import KeyReused, StillAtWork

PATIENCE = timedelta(seconds=30)
"""How long a first request without an answer counts as being at work; then its process is taken to have died."""
SERVER_ERROR = 500


@dataclass(frozen=True)
class Answer:
    """What a request is answered with."""

    status: int
    body: Mapping[str, Any]


@dataclass(frozen=True)
class Request:
    """Who asks for what under which key (None: no key, so every request stands for itself)."""

    person: str
    key: str | None
    asked: Any

    @property
    def name(self) -> str:
        return hashlib.sha256(f"{self.person}\0{self.key}".encode()).hexdigest()

    @property
    def fingerprint(self) -> str:
        return hashlib.sha256(canonical_json(self.asked)).hexdigest()


def once(store: ProposalStore, now: datetime, request: Request, perform: Callable[[], Answer]) -> Answer:
    """The answer to the first request under this key. Raises KeyReused for another request, StillAtWork before there is an answer.

    Where the first one died unanswered it is performed again: every change behind it is a compare-and-set, so that it
    happens once. An answer that only says that something is down is not kept."""
    if request.key is None:
        return perform()
    earlier = _earlier(store, now, request)
    if earlier is not None:
        return earlier
    answer = perform()
    if answer.status >= SERVER_ERROR:
        return answer
    details = {"request": request.name, "status": answer.status, "body": answer.body}
    kept = store.record(actor=request.person, action="answered", operation=f"answered:{request.name}", details=details)
    return _answer(kept)


def _earlier(store: ProposalStore, now: datetime, request: Request) -> Answer | None:
    """The answer that the key has already; None where this request is the one to be carried out."""
    mine = uuid.uuid4().hex
    first = store.record(
        actor=request.person,
        action="asked",
        operation=f"asked:{request.name}",
        details={"request": request.name, "fingerprint": request.fingerprint, "attempt": mine},
    )
    if first.details["fingerprint"] != request.fingerprint:
        raise KeyReused("This Idempotency-Key stands for another request: use a new one.")
    if first.details["attempt"] == mine:
        return None
    for entry in store.audit(after=first.sequence):
        if entry.action == "answered" and entry.details.get("request") == request.name:
            return _answer(entry)
    if now - datetime.fromisoformat(first.at) < PATIENCE:
        raise StillAtWork("The first request with this Idempotency-Key is being carried out: ask again in a moment.")
    return None


def _answer(entry: AuditEntry) -> Answer:
    return Answer(entry.details["status"], entry.details["body"])
