"""What the audit adds up to, kept in memory and brought up to date by its new lines alone."""

from __future__ import annotations

from collections.abc import Mapping
from threading import Lock

from livhana_assets.loop.outcomes.metrics import Counted, counted_so_far, counters_of
from livhana_assets.loop.proposals.ports import ProposalStore
from livhana_assets.loop.review.errands import Errand, latest_errands
from livhana_assets.web.shelf import Shelf


class Books:
    """The counters over everything that ever happened, and what was last asked for about each proposal; no line of the audit is read twice. Safe between threads."""

    def __init__(self, store: ProposalStore, shelf: Shelf) -> None:
        self._store, self._shelf, self._lock, self._through = store, shelf, Lock(), 0
        self._counted: Counted = counted_so_far({}, (), {})
        self._errands: Mapping[str, Errand] = {}
        self._counters: Mapping[str, float | int] = counters_of(self._counted, ())

    def counters(self) -> Mapping[str, float | int]:
        """The ten counters and what was measured, as the store has it now."""
        with self._lock:
            self._refresh(self._shelf.seen())
            return self._counters

    def errand(self, proposal_id: str, seen: int | None = None) -> Errand | None:
        """What was last asked for about a proposal that takes a while. `seen` is the shelf's, for whoever asked it just now."""
        with self._lock:
            self._refresh(self._shelf.seen() if seen is None else seen)
            return self._errands.get(proposal_id)

    def _refresh(self, seen: int) -> None:
        if seen <= self._through:
            return
        lines = tuple(self._store.audit(after=self._through))
        proposals = self._shelf.proposals()  # read after the lines, so that every proposal they name is among them
        self._counted = counted_so_far(self._counted, lines, {proposal.id: proposal for proposal in proposals})
        self._counters = counters_of(self._counted, proposals)
        self._errands = latest_errands(self._errands, lines)
        self._through = lines[-1].sequence if lines else self._through
