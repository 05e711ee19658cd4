"""What was asked for on a page and takes a while: taken down, found again by anybody, answered once."""

from __future__ import annotations

import pytest

from livhana_assets.adapters.memory_store import MemoryProposalStore
from livhana_assets.loop.proposals.ports import ProposalStore
from livhana_assets.loop.review.errands import Errand, NoSuchErrand, answer, ask, find, latest_errands

ID = "bugfix-0000000001"


def asked(store: ProposalStore, text: str = "diff") -> Errand:
    return ask(store, "attach", ID, by="ada", text=text, door="pages")


def test_what_was_asked_for_is_found_by_its_number_as_it_was_asked() -> None:
    store = MemoryProposalStore()
    asked(store, "another")
    errand = asked(store)
    found = find(store, errand.number)
    assert (found, found.by, found.text, found.outcome) == (errand, "ada", "diff", None)


@pytest.mark.parametrize("number", [1, 2, 99])
def test_a_line_that_asks_for_nothing_is_no_errand(number: int) -> None:
    store = MemoryProposalStore()
    store.record(actor="ada", action="note", operation="1")
    store.record(actor="ada", action="errand_answered", operation="2", details={"errand": 1, "told": "yes"})
    with pytest.raises(NoSuchErrand, match="asks for nothing"):
        find(store, number)


def test_the_first_answer_stands() -> None:
    store = MemoryProposalStore()
    errand = asked(store)
    answer(store, errand, told="refused by a gate: size")
    answer(store, errand, told="proved", leads_to=ID)
    outcome = find(store, errand.number).outcome
    assert outcome and (outcome.told, outcome.leads_to) == ("refused by a gate: size", "")


def test_of_each_proposal_the_last_errand_counts_whether_lines_come_at_once_or_one_by_one() -> None:
    store = MemoryProposalStore()
    answer(store, asked(store, "first"), told="no")
    second = asked(store, "second")
    answer(store, second, told="no test fails")
    at_once = latest_errands({}, store.audit())
    one_by_one: dict[str, Errand] = {}
    for line in store.audit():
        one_by_one = dict(latest_errands(one_by_one, [line]))
    assert at_once == one_by_one
    last = at_once[ID]
    assert (last.number, last.text, last.outcome and last.outcome.told) == (second.number, "second", "no test fails")


def test_an_answer_to_an_earlier_errand_is_none_to_the_last_one() -> None:
    store = MemoryProposalStore()
    first, second = asked(store, "first"), asked(store, "second")
    answer(store, first, told="no")
    assert latest_errands({}, store.audit())[ID] == second


def test_a_patch_that_became_a_revision_is_not_kept_beside_it() -> None:
    store = MemoryProposalStore()
    answer(store, asked(store), told="proved", leads_to=ID)
    assert latest_errands({}, store.audit())[ID].text == ""
