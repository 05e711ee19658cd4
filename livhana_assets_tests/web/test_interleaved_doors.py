"""What is not so is noticed, whichever door said it; what was so for a moment meanwhile is the truth."""

from __future__ import annotations

from dataclasses import replace

import pytest

from livhana_assets.adapters.memory_store import MemoryProposalStore
from livhana_assets.loop.proposals.ports import AuditEntry
from livhana_assets.loop.review import decisions
from livhana_assets_tests.a_proposal import NOON
from livhana_assets_tests.web.an_api import proved
from livhana_assets_tests.web.interleaved_doors import Told, untrue
from livhana_assets_tests.web.interleavings import POLICY

ID, DIGEST = proved(1).id, proved(1).digest
AFTER_ADDING, AFTER_YES, AFTER_NO = 1, 2, 3


@pytest.fixture(scope="module")
def lines() -> tuple[AuditEntry, ...]:
    """Proposed, approved by ada, rejected by grace."""
    store = MemoryProposalStore()
    store.add(proved(1), actor="analyst:rules", operation="add")
    decisions.approve(store, ID, digest=DIGEST, by="ada", now=NOON, policy=POLICY, door="cli")
    decisions.reject(store, ID, by="grace", reason="no", now=NOON)
    return tuple(store.audit())


ADA = Told("CLI", "ada", "approve", DIGEST, "yes", "approved", AFTER_ADDING, AFTER_YES)
GRACE = replace(ADA, who="grace", verb="reject", first=AFTER_YES, last=AFTER_NO)


@pytest.mark.parametrize(
    "told",
    [
        ADA,
        GRACE,
        replace(ADA, who="grace", first=AFTER_YES, last=AFTER_NO),
        replace(ADA, said="no", text=f"{ID} is rejected; it cannot become approved.", last=AFTER_NO),
        replace(ADA, said="no", text=f"{ID} is at version 2, no longer at 1; read it again."),
        replace(ADA, said="no", text=f"{ID} is not what you saw any more: read it again", digest="of an earlier one"),
        replace(GRACE, said="no", text="It changed since you saw it, so nothing was decided."),
        replace(ADA, said="nothing", text="", first=AFTER_NO, last=AFTER_NO),
    ],
    ids=[
        "a yes", "a no", "a standing yes", "it is decided", "it moved", "it is another", "it changed meanwhile", "no answer"
    ],
)  # fmt: skip
def test_what_was_so_meanwhile_is_true(told: Told, lines: tuple[AuditEntry, ...]) -> None:
    assert untrue(told, lines) == ""


@pytest.mark.parametrize(
    "told",
    [
        replace(ADA, who="grace", verb="reject"),
        replace(ADA, first=AFTER_NO, last=AFTER_NO),
        replace(GRACE, who="ada"),
        replace(ADA, said="no", text=f"{ID} is rejected; it cannot become approved."),
        replace(ADA, said="no", text=f"{ID} is at version 3, no longer at 2; read it again."),
        replace(ADA, said="no", text="It changed since you saw it, so nothing was decided.", last=AFTER_ADDING),
        replace(ADA, said="no", text=f"{ID} is a specification without a patch, so there is nothing to approve"),
        replace(ADA, said="no", text="Something went wrong."),
    ],
    ids=[
        "a no that nobody took down", "a yes that is over", "another's no", "not decided yet", "not there yet", "nothing changed",
        "no specification", "says nothing",
    ],
)  # fmt: skip
def test_what_was_never_so_is_noticed(told: Told, lines: tuple[AuditEntry, ...]) -> None:
    assert untrue(told, lines).startswith(f"CLI, {told.who}, {told.verb}: ")
