"""The week in one page."""

from __future__ import annotations

from datetime import UTC, date, datetime

from livhana_assets.adapters.memory_store import MemoryProposalStore
from livhana_assets.loop.outcomes.digest import NAMED, Week, digest
from livhana_assets.loop.proposals.model import Status
from livhana_assets_tests.a_proposal import a_proposal, moved

WEEK = Week(date(2026, 11, 16))
AFTERWARDS = datetime(2026, 11, 23, 6, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.time = datetime(2026, 11, 18, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time


def page_of(store: MemoryProposalStore, now: datetime = AFTERWARDS) -> str:
    return digest(WEEK, store.audit(), store.proposals(), now)


def test_a_quiet_week_says_that_nothing_happened() -> None:
    page = page_of(MemoryProposalStore())
    assert "Nothing happened to any proposal." in page and "0 lines in the audit." in page


def test_each_proposal_is_told_under_what_became_of_it() -> None:
    clock = Clock()
    store = MemoryProposalStore(clock)
    one = store.add(a_proposal(1), actor="rules", operation="1")
    store.add(a_proposal(2), actor="rules", operation="2")
    store.save(moved(one, Status.REJECTED), expected_version=1, actor="jesse", action="rejected", operation="3")
    page = page_of(store)
    assert "### Proposed, with a proof: 2" in page and "### Rejected: 1" in page
    assert "| improvementsProposed | 2 |" in page and "| improvementsApproved | 0 |" in page
    assert "1 proposals are open now" in page


def test_other_weeks_are_left_out() -> None:
    clock = Clock()
    store = MemoryProposalStore(clock)
    for number, day in enumerate((15, 16, 22, 23), 1):
        clock.time = datetime(2026, 11, day, 23, 59, tzinfo=UTC)
        store.add(a_proposal(number), actor="rules", operation=str(number))
    page = page_of(store)
    assert "### Proposed, with a proof: 2" in page and "2 lines in the audit" in page


def test_a_week_that_is_not_over_says_so() -> None:
    assert "It is not over" in page_of(MemoryProposalStore(), datetime(2026, 11, 22, 21, tzinfo=UTC))
    assert "It is not over" not in page_of(MemoryProposalStore())


def test_a_title_cannot_break_out_of_its_line() -> None:
    store = MemoryProposalStore(Clock())
    title = "boom\n# heading | `code` [link](http://evil) <img src=x>"
    store.add(a_proposal(1, title=title), actor="rules", operation="1")
    [line] = [line for line in page_of(store).splitlines() if "boom" in line]
    assert line.startswith("- `bugfix-0000000001` boom # heading") and "<img" not in line and "`code`" not in line
    assert "\\[link](" in line


def test_a_long_list_is_counted_and_cut() -> None:
    store = MemoryProposalStore(Clock())
    for number in range(NAMED + 3):
        store.add(a_proposal(number), actor="rules", operation=str(number))
    page = page_of(store)
    assert f"### Proposed, with a proof: {NAMED + 3}" in page and "- and 3 more" in page
