"""The patterns behind proposals. Warehouse queries are slow, so they run beside the requests, at most one a minute for each pattern."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from threading import Lock

from livhana_assets.loop.patterns.model import ErrorPattern
from livhana_assets.loop.proposals.model import Proposal
from livhana_assets.web.limits import RateLimit

FRESH_SECONDS = 60.0
PATIENCE_SECONDS = 0.3
"""How long a page waits for the first count of a pattern; after that it says that counting goes on."""
AT_ONCE = 2
BEGUN_AT_MOST = (20, 10.0)
"""So many counts are begun in so many seconds: whoever leafs through thousands of proposals does not pay for as many queries."""
KEPT = 512


@dataclass(frozen=True)
class Counted:
    """What is known of a pattern now. `stamp` changes when more is known."""

    pattern: ErrorPattern | None
    stamp: int
    counting: bool = False
    failed: bool = False


@dataclass
class _Reading:
    number: int
    begun: float
    future: Future[ErrorPattern | None]
    before: _Reading | None


class Counting:
    """Reads patterns in threads of its own and keeps the last counts of each."""

    def __init__(self, read: Callable[[Proposal], ErrorPattern | None]) -> None:
        self._read, self._lock, self._number = read, Lock(), 0
        self._readings: OrderedDict[str, _Reading] = OrderedDict()
        self._begun = RateLimit(*BEGUN_AT_MOST)
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="counting")

    def of(self, proposal: Proposal) -> Counted:
        """What is known now; waits a little only where nothing is known yet."""
        reading = self._reading(proposal)
        if reading is None:
            return Counted(None, 0, counting=True)
        if reading.before is None:
            wait([reading.future], PATIENCE_SECONDS)
        return _told(reading)

    def ahead(self, proposals: Iterable[Proposal]) -> None:
        """Begin to count what somebody is about to open, so that its page need not say that counting goes on. Waits for nothing."""
        for proposal in proposals:
            self._reading(proposal)

    def _reading(self, proposal: Proposal) -> _Reading | None:
        with self._lock:
            known = self._readings.get(proposal.pattern_id)
            stale = known is None or (known.future.done() and time.monotonic() - known.begun > FRESH_SECONDS)
            if stale and self._begun.take("all"):
                known = self._begin(proposal, known)
            if known is not None:
                self._readings.move_to_end(proposal.pattern_id)
            return known

    def _begin(self, proposal: Proposal, before: _Reading | None) -> _Reading:
        self._number += 1
        if before is not None:
            before.before = None
        future = self._pool.submit(self._read, proposal)
        made = self._readings[proposal.pattern_id] = _Reading(self._number, time.monotonic(), future, before)
        if len(self._readings) > KEPT:
            self._readings.popitem(last=False)[1].future.cancel()
        return made


def _told(reading: _Reading) -> Counted:
    if not reading.future.done():
        return _told(reading.before) if reading.before else Counted(None, -reading.number, counting=True)
    if reading.future.cancelled() or reading.future.exception() is not None:
        return Counted(None, reading.number, failed=True)
    return Counted(reading.future.result(), reading.number)
