"""The proposals as the store has them, kept in memory between requests."""

from __future__ import annotations

from threading import Lock

from livhana_assets.loop.proposals.model import Proposal
from livhana_assets.loop.proposals.ports import ProposalStore


class Shelf:
    """All proposals, kept in memory and brought up to date by what the audit says changed. Safe between threads.

    Every answer is at least as new as the question. Those who wait at the same moment share one question to the store, begun after all of
    them had asked."""

    def __init__(self, store: ProposalStore) -> None:
        self._store, self._lock, self._seen = store, Lock(), 0
        self._begun = self._done = 0
        self._by_id: dict[str, Proposal] = {}
        self._sorted: tuple[Proposal, ...] = ()

    def proposals(self) -> tuple[Proposal, ...]:
        """Newest first, as the store has them now."""
        asked = self._begun
        with self._lock:
            self._refresh(asked)
            return self._sorted

    def proposal(self, proposal_id: str) -> tuple[Proposal, int]:
        """One of them as the store has it now, and what `seen` says, for one question to the store. Raises NoSuchProposal."""
        asked = self._begun
        with self._lock:
            self._refresh(asked)
            found = self._by_id.get(proposal_id)
            return found or self._store.get(proposal_id), self._seen

    def seen(self) -> int:
        """The audit line up to which everything is known: the same number means that nothing changed."""
        asked = self._begun
        with self._lock:
            self._refresh(asked)
            return self._seen

    def _refresh(self, asked: int) -> None:
        """Ask the store, unless that was begun and done since only `asked` questions had been begun. Where it raises, the next one asks."""
        if self._done > asked:
            return
        self._begun += 1
        mine = self._begun
        self._bring_up_to_date()
        self._done = mine

    def _bring_up_to_date(self) -> None:
        sequence, changed = self._store.changed_since(self._seen)
        if sequence == self._seen != 0:
            return
        if self._seen == 0:
            self._by_id = {proposal.id: proposal for proposal in self._store.proposals()}
        else:
            self._by_id.update({name: self._store.get(name) for name in changed})
        self._sorted = tuple(sorted(self._by_id.values(), key=lambda p: (p.created_at, p.id), reverse=True))
        self._seen = sequence
