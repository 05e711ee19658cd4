"""The runs behind *Prove this patch* and *Propose to take it back*: on a real target, in a real sandbox."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from livhana_assets.adapters.git_target import GitTarget
from livhana_assets.automation.errands import attach_patch, propose_reversal
from livhana_assets.loop.execution.carry_out import Landed, carry_out
from livhana_assets.loop.patterns.errors import error_patterns_day, load_error_patterns
from livhana_assets.loop.patterns.fingerprinting import fingerprint_day
from livhana_assets.loop.proposals.model import Proposal, Status
from livhana_assets.loop.review.decisions import accept
from livhana_assets.loop.review.errands import TAG, Errand, Kind, ask, find
from livhana_assets.wiring import Loop
from livhana_assets_tests.a_proposal import a_proposal
from livhana_assets_tests.dagster_project.a_clock import a_loop
from livhana_assets_tests.loop.execution.an_approved_change import (
    FIXED,
    POLICY,
    a_change,
    add_buggy_shop,
    approved,
    ground_of,
)
from livhana_assets_tests.loop.patterns.error_rows import error_row, log_errors
from livhana_assets_tests.repositories import bare_repository

pytestmark = pytest.mark.doors

DAY = date(2026, 11, 20)
TRACE = (
    "Traceback (most recent call last):\n"
    '  File "/srv/shop/shop/price.py", line 10, in price\n'
    "    return item['price'] * 2\n"
    "KeyError: 'price'\n"
)


class Shop:
    """A loop on a shop whose price crashes, and the fix of it."""

    def __init__(self, folder: Path) -> None:
        repository = bare_repository(folder / "shop.git")
        add_buggy_shop(repository)
        self.loop: Loop = a_loop(folder / "home", IMPROVEMENT_TARGET_REPO=str(repository))
        self.store = self.loop.store
        self.ground = ground_of(GitTarget(str(repository), folder / "home"), "pytest")

    @cached_property
    def fix(self) -> Proposal:
        return a_change(self.ground, 1, land="branch")

    def accepted(self) -> Proposal:
        made = a_proposal(
            2, status=Status.SPECIFIED, pattern_id=self._crashes(), title="Look into KeyError in price",
            unproved_reason="its variables were not logged",
        )  # fmt: skip
        self.store.add(made, actor="analyst:rules", operation="specified")
        return accept(self.store, made.id, by="ada", now=datetime.now(UTC))

    def _crashes(self) -> str:
        rows = [error_row(number, stack_trace=TRACE, message="'price'", context="{}") for number in range(9)]
        log_errors(self.loop.warehouse, rows)
        fingerprint_day(self.loop.warehouse, DAY)
        error_patterns_day(self.loop.warehouse, DAY)
        return load_error_patterns(self.loop.warehouse)[0].pattern_id

    def landed(self) -> Proposal:
        change = approved(self.store, self.fix)
        done = carry_out(self.store, self.ground, change.id, run_id="run", policy=POLICY, now=datetime.now(UTC))
        assert isinstance(done, Landed)
        return done.proposal

    def asked(self, kind: Kind, proposal: Proposal, text: str) -> Errand:
        return ask(self.store, kind, proposal.id, by="ada", text=text, door="pages")


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


def run(job: Any, shop: Shop, instance: dg.DagsterInstance, tags: dict[str, str]) -> Any:
    return job.execute_in_process(instance=instance, resources={"loop": shop.loop}, tags=tags, raise_on_error=False)


def carried_out(job: Any, shop: Shop, instance: dg.DagsterInstance, errand: Errand) -> tuple[str, str]:
    """(what is told, the proposal that came of it) by a run that succeeded."""
    assert run(job, shop, instance, {TAG: str(errand.number)}).success
    outcome = find(shop.store, errand.number).outcome
    assert outcome
    return outcome.told, outcome.leads_to


def test_a_patch_that_holds_becomes_the_next_revision_in_the_name_of_whoever_asked(
    shop: Shop, instance: dg.DagsterInstance
) -> None:
    waiting = shop.accepted()
    errand = shop.asked("attach", waiting, shop.fix.implementation.patch)
    assert carried_out(attach_patch, shop, instance, errand) == (f"{waiting.id} is proved, as revision 2.", waiting.id)
    made = shop.store.get(waiting.id)
    assert (made.status, made.revision, made.history[-1].actor) == (Status.PROPOSED, 2, "ada")
    assert made.proof and made.proof.holds and made.requires_approval
    assert instance.has_dynamic_partition("proposals", waiting.id), "its page in the Dagster UI shows the revision"


def test_a_refusal_says_which_gate_spoke_and_changes_nothing(shop: Shop, instance: dg.DagsterInstance) -> None:
    waiting = shop.accepted()
    base = shop.ground.target.head("main")
    assert base
    untested = shop.ground.target.diff(
        base, shop.ground.target.build(base, {"shop/price.py": FIXED.encode()}, "x", datetime.now(UTC))
    )
    told, leads_to = carried_out(attach_patch, shop, instance, shop.asked("attach", waiting, untested))
    assert told.startswith("refused by a gate: ") and told.endswith(f"{waiting.id} stays as it is.")
    assert (leads_to, shop.store.get(waiting.id)) == ("", waiting)


def test_a_run_again_leaves_what_has_an_outcome_as_it_is(shop: Shop, instance: dg.DagsterInstance) -> None:
    waiting = shop.accepted()
    errand = shop.asked("attach", waiting, "no patch at all\n")
    first = carried_out(attach_patch, shop, instance, errand)
    lines = len(list(shop.store.audit()))
    assert carried_out(attach_patch, shop, instance, errand) == first
    assert len(list(shop.store.audit())) == lines


def test_a_reversal_is_proved_and_waits(shop: Shop, instance: dg.DagsterInstance) -> None:
    landed = shop.landed()
    told, leads_to = carried_out(propose_reversal, shop, instance, shop.asked("revert", landed, "gifts must crash"))
    made = shop.store.get(leads_to)
    assert (made.status, made.reverts) == (Status.PROPOSED, landed.landing and landed.landing.commit)
    assert "gifts must crash" in made.description and told == f"{made.id} is proved, as revision 1."


def test_what_cannot_be_proved_here_is_said(shop: Shop, instance: dg.DagsterInstance) -> None:
    waiting = shop.accepted()
    told, leads_to = carried_out(propose_reversal, shop, instance, shop.asked("revert", waiting, ""))
    assert (told, leads_to) == (f"{waiting.id} is accepted: only what has landed can be taken back.", "")


@pytest.mark.parametrize("tags", [{}, {TAG: "1"}, {TAG: "x"}], ids=["none", "no errand", "no number"])
def test_a_run_that_nobody_asked_for_does_nothing(
    shop: Shop, instance: dg.DagsterInstance, tags: dict[str, str]
) -> None:
    waiting = shop.accepted()
    assert not run(attach_patch, shop, instance, tags).success
    assert shop.store.get(waiting.id) == waiting
