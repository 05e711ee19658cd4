"""How often somebody may try: a sliding window per name, bounded in memory."""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from threading import Lock

NAMES = 10_000


class RateLimit:
    """At most `count` events in `seconds` for each name. The oldest names are forgotten first."""

    def __init__(self, count: int, seconds: float) -> None:
        self._count, self._seconds = count, seconds
        self._events: OrderedDict[str, deque[float]] = OrderedDict()
        self._lock = Lock()

    def take(self, name: str) -> bool:
        """Whether one more is allowed now; counts it where it is."""
        with self._lock:
            events = self._recent(name)
            if len(events) >= self._count:
                return False
            events.append(time.monotonic())
            return True

    def is_spent(self, name: str) -> bool:
        with self._lock:
            return len(self._recent(name)) >= self._count

    def _recent(self, name: str) -> deque[float]:
        events = self._events.setdefault(name, deque())
        self._events.move_to_end(name)
        if len(self._events) > NAMES:
            self._events.popitem(last=False)
        while events and time.monotonic() - events[0] > self._seconds:
            events.popleft()
        return events
