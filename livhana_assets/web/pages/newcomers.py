"""Which proposals a reviewer has been given by today: so many new ones a day, that a day's reading has an end."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, date, timedelta

from livhana_assets.loop.proposals.model import Proposal
from livhana_assets.web.desk import WAITING, rank


def given_by(today: date, proposals: Iterable[Proposal], a_day: int) -> Collection[str]:
    """The ids of what has come into the queue: each day the first `a_day` of the ranking, out of what was created that day (UTC) and what was
    left behind on earlier days.

    What was created that day keeps its place whatever became of it since, so that deciding brings nobody more on the same day. What was left
    behind and is decided meanwhile takes no later day's place. Critical ones always come, and take places."""
    by_day = defaultdict(list)
    for proposal in proposals:
        by_day[min(_day(proposal), today)].append(proposal)
    days, behind, given = sorted(by_day), _Behind(), set[str]()
    for day, following in zip(days, [*days[1:], today + timedelta(days=1)], strict=False):
        critical = [one for one in by_day[day] if is_critical(one)]
        behind.add(one for one in by_day[day] if not is_critical(one))
        given.update(one.id for one in critical)
        given.update(behind.first(max(0, a_day - len(critical)), day))
        given.update(behind.first(a_day * ((following - day).days - 1), None))
    return given


def is_critical(proposal: Proposal) -> bool:
    return proposal.critical or proposal.priority == "critical"


def _day(proposal: Proposal) -> date:
    return proposal.created_at.astimezone(UTC).date()


class _Behind:
    """What has not come yet, by its rank."""

    def __init__(self) -> None:
        self._heap: list[tuple[Sequence[object], str, Proposal]] = []

    def add(self, proposals: Iterable[Proposal]) -> None:
        for one in proposals:
            heapq.heappush(self._heap, (rank(one), one.id, one))

    def first(self, count: int, day: date | None) -> list[str]:
        """The next `count`; those that are decided and were not created on this day take no place."""
        taken: list[str] = []
        while self._heap and len(taken) < count:
            one = heapq.heappop(self._heap)[2]
            if one.status in WAITING or _day(one) == day:
                taken.append(one.id)
        return taken
