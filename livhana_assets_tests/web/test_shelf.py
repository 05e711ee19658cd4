"""The proposals in memory are as new as the question, however many ask at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from livhana_assets.adapters.memory_store import MemoryProposalStore
from livhana_assets.loop.proposals.ports import StoreUnavailable
from livhana_assets.web.shelf import Shelf
from livhana_assets_tests.web.test_pages import proved

MANY = 20


class SlowStore(MemoryProposalStore):
    """Counts the questions, and answers the first one only when it may; what it answers is as it was when it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.questions, self.asked, self.may_answer, self.fails = 0, Event(), Event(), False

    def changed_since(self, sequence: int) -> tuple[int, tuple[str, ...]]:
        self.questions += 1
        if self.fails:
            raise StoreUnavailable("Redis does not answer.")
        answer = super().changed_since(sequence)
        self.asked.set()
        self.may_answer.wait()
        return answer


def test_many_who_wait_share_one_question_that_was_begun_after_they_asked() -> None:
    store = SlowStore()
    store.add(proved(1), actor="analyst:rules", operation="one")
    shelf = Shelf(store)
    with ThreadPoolExecutor(MANY + 1) as people:
        first = people.submit(shelf.proposals)
        store.asked.wait()
        store.add(proved(2), actor="analyst:rules", operation="two")
        waiting = [people.submit(shelf.proposals) for _ in range(MANY)]
        while people._work_queue.qsize():
            pass
        store.may_answer.set()
        seen = [len(one.result()) for one in waiting]
    assert first.result()
    assert seen == [2] * MANY, "what was there before they asked is there for all of them"
    assert store.questions < 1 + MANY, "each of them would have asked for itself"


def test_one_after_the_other_each_asks_anew() -> None:
    store = SlowStore()
    store.may_answer.set()
    shelf = Shelf(store)
    for number in range(1, 4):
        store.add(proved(number), actor="analyst:rules", operation=f"{number}")
        assert len(shelf.proposals()) == number
    assert store.questions == 3


def test_a_question_that_failed_is_asked_again_by_the_next() -> None:
    store = SlowStore()
    store.may_answer.set()
    store.add(proved(1), actor="analyst:rules", operation="one")
    shelf = Shelf(store)
    store.fails = True
    with pytest.raises(StoreUnavailable):
        shelf.proposals()
    store.fails = False
    assert len(shelf.proposals()) == 1
