"""A person merges and splits patterns: no event is lost, the audit tells it, and open proposals go with their pattern."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from livhana_assets.adapters.delta_warehouse import DeltaWarehouse
from livhana_assets.adapters.memory_store import MemoryProposalStore
from livhana_assets.loop.patterns.errors import load_error_patterns, rows_conserved
from livhana_assets.loop.patterns.explaining import explain
from livhana_assets.loop.patterns.model import ErrorPattern
from livhana_assets.loop.patterns.regrouping import regroup, uncorrected_days
from livhana_assets.loop.proposals.model import PullRequest, Status
from livhana_assets.loop.review.correcting import (
    Corrected,
    NoSuchPattern,
    Person,
    merge_patterns,
    split_pattern,
    undo_correction,
)
from livhana_assets.loop.review.decisions import Refused
from livhana_assets_tests.a_proposal import a_proposal
from livhana_assets_tests.loop.patterns.error_rows import DAY, MORNING, error_row, log_errors

pytestmark = pytest.mark.doors

DAYS = (DAY, DAY + timedelta(days=1))
LATER = MORNING + timedelta(days=2)


@dataclass
class Desk:
    """Two days with a crash of two messages (`cart`) and one without a trace (`disk`), and somebody who corrects them."""

    warehouse: DeltaWarehouse
    store: MemoryProposalStore = field(default_factory=MemoryProposalStore)
    asked: int = 0

    def merge(self, one: str, other: str) -> Corrected:
        return self._regrouped(merge_patterns(self.store, self.warehouse, one, other, self._person()))

    def split(self, one: str, template: str) -> Corrected:
        return self._regrouped(split_pattern(self.store, self.warehouse, one, template, self._person()))

    def undo(self, correction: str) -> Corrected:
        return self._regrouped(undo_correction(self.store, self.warehouse, correction, self._person()))

    def _person(self) -> Person:
        self.asked += 1
        return Person("ada", LATER + timedelta(minutes=self.asked), "one cause", "cli")

    def _regrouped(self, corrected: Corrected) -> Corrected:
        regroup(self.warehouse, corrected.days)
        for day in DAYS:
            assert rows_conserved(self.warehouse, day).conserved and rows_conserved(self.warehouse, day).all_grouped
        assert uncorrected_days(self.warehouse) == ()
        return corrected

    def patterns(self) -> dict[str, ErrorPattern]:
        return {pattern.pattern_id: pattern for pattern in load_error_patterns(self.warehouse)}

    def named(self, title: str) -> str:
        return next(pattern.pattern_id for pattern in self.patterns().values() if title in pattern.title)


@pytest.fixture(scope="module")
def grouped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The two days, grouped once for all tests."""
    folder = tmp_path_factory.mktemp("warehouse")
    warehouse = DeltaWarehouse(folder)
    for number, day in enumerate(DAYS):
        at = MORNING + timedelta(days=number)
        rows = [
            error_row(100 * number + n, occurred_at=at, message="no price" if n % 3 else "no stock") for n in range(6)
        ]
        rows += [
            error_row(100 * number + 50 + n, occurred_at=at, message="disk full", stack_trace=None)
            for n in range(2 - number)
        ]
        log_errors(warehouse, rows)
        regroup(warehouse, [day])
    return folder


@pytest.fixture
def desk(grouped: Path, tmp_path: Path) -> Desk:
    shutil.copytree(grouped, tmp_path, dirs_exist_ok=True)
    return Desk(DeltaWarehouse(tmp_path))


def test_two_patterns_are_one_from_the_first_day_on_and_two_again_when_it_is_undone(desk: Desk) -> None:
    before, cart, disk = desk.patterns(), desk.named("total"), desk.named("disk")
    merged = desk.merge(disk, cart)
    assert merged.days == DAYS
    (both,) = desk.patterns().values()
    assert (both.pattern_id, both.occurrences) == (cart, 15)
    assert {one.rule for one in explain(desk.warehouse, both.fingerprint).templates} == {
        "frames",
        f"person: merged from {disk} (message)",
    }
    desk.undo(merged.correction.correction_id)
    assert desk.patterns() == before


def test_a_template_gets_a_pattern_of_its_own_and_goes_back_when_it_is_undone(desk: Desk) -> None:
    before, cart = desk.patterns(), desk.named("total")
    split = desk.split(cart, "2")
    assert split.days == DAYS
    after = desk.patterns()
    assert sorted(pattern.occurrences for pattern in after.values()) == [3, 4, 8]
    assert after[cart].occurrences == 8
    desk.undo(split.correction.correction_id)
    assert desk.patterns() == before


def test_who_when_and_why_is_in_the_audit_once(desk: Desk) -> None:
    cart, disk = desk.named("total"), desk.named("disk")
    first, again = desk.merge(disk, cart), desk.merge(disk, cart)
    assert (again.correction, again.days) == (first.correction, ())
    (entry,) = desk.store.audit()
    assert (entry.actor, entry.action, entry.proposal_id) == ("ada", "pattern_merged", "")
    assert entry.details == {
        "correction": first.correction.correction_id, "pattern": disk, "into": cart, "reason": "one cause", "door": "cli",
    }  # fmt: skip


def test_the_open_proposal_of_a_pattern_that_goes_is_superseded_and_says_why(desk: Desk) -> None:
    cart, disk = desk.named("total"), desk.named("disk")
    for number, pattern in ((1, disk), (2, cart)):
        desk.store.add(a_proposal(number, pattern_id=pattern), actor="rules", operation=f"add {number}")
    merged = desk.merge(disk, cart)
    gone, stays = (desk.store.get(f"bugfix-{number:010d}") for number in (1, 2))
    assert merged.superseded == (gone.id,)
    assert (gone.status, stays.status) == (Status.SUPERSEDED, Status.PROPOSED)
    assert gone.history[-1].actor == "ada"
    assert gone.history[-1].detail == f"its pattern counts as {cart}: one cause ({merged.correction.correction_id})"


def test_a_pattern_stays_while_its_change_is_carried_out_or_measured(desk: Desk) -> None:
    cart, disk = desk.named("total"), desk.named("disk")
    shown = PullRequest(number=1, url="http://127.0.0.1", branch="improvement/1", commit="c" * 40, revision=1)
    busy = (
        (a_proposal(1, pattern_id=disk, status=Status.EXECUTING), "is being carried out"),
        (a_proposal(2, pattern_id=disk, status=Status.APPROVED, pull_request=shown), "is being carried out"),
        (a_proposal(3, pattern_id=disk, status=Status.IMPLEMENTED), f"Merge {cart} into {disk} instead"),
        (a_proposal(4, pattern_id=disk, status=Status.IMPROVED), "has landed"),
    )
    for proposal, why in busy:
        desk.store = MemoryProposalStore()
        desk.store.add(proposal, actor="rules", operation="add")
        with pytest.raises(Refused, match=why):
            desk.merge(disk, cart)
        assert len(list(desk.store.audit())) == 1
    assert len(desk.patterns()) == 2


def test_what_cannot_be_corrected_is_one_sentence(desk: Desk) -> None:
    cart, disk = desk.named("total"), desk.named("disk")
    for call, kind, why in (
        (lambda: desk.merge("error-000000000000", cart), NoSuchPattern, "There is no pattern"),
        (lambda: desk.merge("bugfix-1", cart), NoSuchPattern, "There is no pattern bugfix-1"),
        (lambda: desk.merge(cart, cart), Refused, "with itself"),
        (lambda: desk.split(disk, "1"), Refused, "only this one template"),
        (lambda: desk.split(cart, "7"), NoSuchPattern, "has no template 7"),
        (lambda: desk.undo("correction-1"), Refused, "There is no correction"),
    ):
        with pytest.raises(kind, match=why):
            call()
    for person in (
        Person("", LATER, "why", "cli"),
        Person("ada", LATER, " ", "cli"),
        Person("a\nb", LATER, "w", "cli"),
    ):
        with pytest.raises(Refused):
            merge_patterns(desk.store, desk.warehouse, disk, cart, person)
    assert list(desk.store.audit()) == []


def test_a_circle_is_refused_by_the_name_that_it_had(desk: Desk) -> None:
    cart, disk = desk.named("total"), desk.named("disk")
    desk.merge(disk, cart)
    with pytest.raises(Refused, match="circle"):
        desk.merge(cart, disk)


def test_days_that_were_not_grouped_again_are_found(desk: Desk) -> None:
    cart, disk = desk.named("total"), desk.named("disk")
    corrected = merge_patterns(desk.store, desk.warehouse, disk, cart, desk._person())
    split_pattern(desk.store, desk.warehouse, cart, "2", desk._person())
    assert uncorrected_days(desk.warehouse) == DAYS
    regroup(desk.warehouse, corrected.days)
    assert uncorrected_days(desk.warehouse) == ()
