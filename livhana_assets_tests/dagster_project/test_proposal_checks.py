"""The checks of the proposals and review rooms, and the pages that a dying process left out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from livhana_assets.adapters.delta_warehouse import DeltaWarehouse
from livhana_assets.adapters.git_target import GitTarget
from livhana_assets.adapters.memory_store import MemoryProposalStore
from livhana_assets.loop.proposals import model
from livhana_assets.loop.proposals.assets import (
    bugfix_proposals,
    digest_matches_store,
    gates,
    log_page,
    one_per_pattern,
    proposal,
    proved_or_specified,
    shown_pages,
    within_budget,
)
from livhana_assets.loop.proposals.model import Proposal, Status
from livhana_assets.loop.proposals.policy import Policy
from livhana_assets.loop.review.assets import digest_current, signed
from livhana_assets.loop.review.decisions import approve
from livhana_assets.loop.sources.model_spend import Spend
from livhana_assets_tests.a_proposal import NOON, a_proposal, moved
from livhana_assets_tests.dagster_project.a_check_run import run_checks, said
from livhana_assets_tests.repositories import clean_repository

CART = "def total(cart):\n    return sum(line.get('price', 0) for line in cart['lines'])\n"
TEST = "from shop.cart import total\n\n\ndef test_free():\n    assert total({'lines': [{}]}) == 0\n"


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


def a_store(*entries: Proposal) -> MemoryProposalStore:
    store = MemoryProposalStore()
    for entry in entries:
        store.add(entry, actor="test", operation=f"add:{entry.id}")
    return store


def look(check: Any, instance: dg.DagsterInstance, **doors: Any) -> dg.AssetCheckEvaluation:
    [found] = run_checks(check, instance, **doors).values()
    return found


def changed(store: MemoryProposalStore, entry: Proposal, to: Status, **changes: Any) -> Proposal:
    after = moved(entry, to, **changes)
    return store.save(after, expected_version=entry.version, actor="test", action=str(to), operation=f"{to}:{entry.id}")


# --- the page and the store ------------------------------------------------------------------------------------------


def test_pages_that_show_what_is_stored_match(instance: dg.DagsterInstance) -> None:
    entries = [a_proposal(1), a_proposal(2, implementation=model.Implementation(patch="--- a\n+++ b\n"))]
    store = a_store(*entries, a_proposal(3, status=Status.REJECTED))
    for entry in entries:
        log_page(instance, entry)
    found = look(digest_matches_store, instance, store=store)
    assert found.passed and found.description == "2 open proposals, none amiss"
    assert said(found)["with a page"] == 2


def test_without_an_open_proposal_there_is_nothing_to_match(instance: dg.DagsterInstance) -> None:
    assert look(digest_matches_store, instance, store=a_store()).description == "nothing to check: 0 open proposals"


def forged(instance: dg.DagsterInstance, proposal_id: str, **metadata: Any) -> None:
    """What anyone who reaches an unguarded Dagster can report."""
    page = dg.AssetMaterialization("proposal", partition=proposal_id, metadata=metadata)
    instance.report_runless_asset_event(page)


@pytest.mark.parametrize(
    ("metadata", "reason"),
    [
        ({"digest": "f" * 64}, "its page shows digest ffffffffffff"),
        ({}, "its page shows digest none"),
        ({"title": "Harmless"}, "its page shows another title or diff than the store holds"),
        ({"diff": "```diff\n-harmless\n```"}, "its page shows another title or diff than the store holds"),
    ],
)
def test_a_forged_page_is_found_and_drafting_does_not_hide_it(
    tmp_path: Path, instance: dg.DagsterInstance, metadata: dict[str, str], reason: str
) -> None:
    entry = a_proposal(1, implementation=model.Implementation(patch="--- a\n+++ b\n"))
    store = a_store(entry)
    log_page(instance, entry)
    honest = {"title": entry.title, "digest": entry.digest, "status": "proposed"} if metadata else {}
    forged(instance, entry.id, **{**honest, **metadata})
    assert drafted(tmp_path, instance, store)
    found = look(digest_matches_store, instance, store=store)
    assert not found.passed and said(found)["which"].startswith(f"{entry.id}: {reason}")


def test_a_page_of_a_proposal_that_the_store_never_had_is_found(instance: dg.DagsterInstance) -> None:
    forged(instance, "bugfix-6666666666", digest="f" * 64)
    found = look(digest_matches_store, instance, store=a_store())
    assert not found.passed and said(found)["invented"] == 1


def test_a_document_changed_behind_the_audit_is_found(instance: dg.DagsterInstance) -> None:
    entry = a_proposal()
    store = a_store(entry)
    store._documents[entry.id] = store._documents[entry.id].replace(b"missing price", b"present price")
    log_page(instance, store.get(entry.id))
    found = look(digest_matches_store, instance, store=store)
    assert not found.passed and "what the audit tells of" in said(found)["which"]


# --- pages that were lost --------------------------------------------------------------------------------------------


def drafted(folder: Path, instance: dg.DagsterInstance, store: MemoryProposalStore) -> dg.ExecuteInProcessResult:
    doors = {
        "warehouse": DeltaWarehouse(folder / "warehouse"), "store": store, "policy": Policy(), "drafter": None, "clock": lambda: NOON,
        "holds": lambda *_: None,
    }  # fmt: skip
    result = dg.materialize([bugfix_proposals], resources=doors, instance=instance)
    assert result.success
    return result


def pages(instance: dg.DagsterInstance) -> list[str]:
    return [str(page.partition_key) for page in instance.fetch_materializations(proposal.key, limit=20).records]


def test_the_next_run_logs_the_page_that_a_dying_process_left_out_and_no_other(
    tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    logged, left_out = a_proposal(1), a_proposal(2)
    store = a_store(logged, left_out, a_proposal(3, status=Status.EXPIRED))
    log_page(instance, logged)
    for _ in range(2):
        drafted(tmp_path, instance, store)
    assert pages(instance) == [left_out.id, logged.id]
    assert set(instance.get_dynamic_partitions("proposals")) == {logged.id, left_out.id}


def test_the_page_of_an_earlier_status_or_revision_is_logged_again(
    tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    entry = a_proposal()
    store = a_store(entry)
    log_page(instance, entry)
    entry = changed(store, entry, Status.APPROVED)
    drafted(tmp_path, instance, store)
    assert shown_pages(instance, [entry.id])[entry.id].status == "approved"
    entry = changed(store, entry, Status.EXECUTING)
    entry = changed(store, entry, Status.PROPOSED, revision=2)
    drafted(tmp_path, instance, store)
    shown = shown_pages(instance, [entry.id])[entry.id]
    assert (shown.status, shown.digest) == ("proposed", entry.digest) and len(pages(instance)) == 3


def test_a_paused_loop_still_logs_lost_pages(tmp_path: Path, instance: dg.DagsterInstance) -> None:
    store = a_store(a_proposal())
    store.pause(True, actor="jesse")
    drafted(tmp_path, instance, store)
    assert pages(instance) == [a_proposal().id]


# --- gates -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def target(tmp_path: Path) -> GitTarget:
    target = GitTarget(str(clean_repository(tmp_path / "shop")), tmp_path / "home")
    target.refresh()
    return target


def a_patch(target: GitTarget, number: int, edits: dict[str, str], **changes: Any) -> Proposal:
    """A proposal whose patch is a real commit in our own clone."""
    base = target.head() or ""
    commit = target.build(base, {path: text.encode() for path, text in edits.items()}, "Change", NOON)
    step = model.Step(name="fails on the base", expected="fail", observed="fail", passed=True)
    proof = model.Proof(
        base_commit=base, commit=commit, tree=target.tree(commit), runner="pytest", sandbox="bubblewrap", tests=(), demanded=(),
        steps=(step,),
    )  # fmt: skip
    implementation = model.Implementation(patch=target.diff(base, commit), base_commit=base)
    return a_proposal(number, **{"implementation": implementation, "proof": proof, **changes})


GOOD = {"shop/cart.py": CART, "tests/test_livhana_cart.py": TEST}


def test_the_gates_let_a_plain_fix_through_again(target: GitTarget, instance: dg.DagsterInstance) -> None:
    store = a_store(a_patch(target, 1, GOOD), a_proposal(2))
    found = look(gates, instance, store=store, target=target, policy=Policy())
    assert found.passed and said(found)["looked at"] == "1 open patches"


def test_without_a_patch_there_is_nothing_for_the_gates(target: GitTarget, instance: dg.DagsterInstance) -> None:
    found = look(gates, instance, store=a_store(a_proposal()), target=target, policy=Policy())
    assert found.description == "nothing to check: 0 open patches"


@pytest.mark.parametrize(
    ("edits", "changes", "policy", "reason"),
    [
        ({**GOOD, "conftest.py": ""}, {}, Policy(), "test configuration untouched"),
        ({"shop/cart.py": CART}, {}, Policy(), "a regression test is added"),
        (GOOD, {}, Policy(max_lines_per_file=1), "size"),
        (GOOD, {"implementation": model.Implementation(patch="another")}, Policy(), "not the one that was proved"),
        (GOOD, {"proof": None}, Policy(), "no proof"),
    ],
)
def test_a_patch_that_the_gates_hold_now_is_found(
    target: GitTarget, instance: dg.DagsterInstance, edits: dict[str, str], changes: dict[str, Any], policy: Policy, reason: str
) -> None:  # fmt: skip
    store = a_store(a_patch(target, 1, edits, **changes), a_patch(target, 2, GOOD, status=Status.REJECTED))
    found = look(gates, instance, store=store, target=target, policy=policy)
    assert not found.passed and reason in said(found)["which"]


def test_a_proved_commit_that_our_clone_lost_is_found(target: GitTarget, instance: dg.DagsterInstance) -> None:
    entry = a_patch(target, 1, GOOD)
    assert entry.proof
    lost = entry.model_copy(update={"proof": entry.proof.model_copy(update={"commit": "c" * 40})})
    assert not look(gates, instance, store=a_store(lost), target=target, policy=Policy()).passed


# --- drafting --------------------------------------------------------------------------------------------------------


def test_each_open_proposal_is_proved_or_says_why_not(target: GitTarget, instance: dg.DagsterInstance) -> None:
    good = [a_patch(target, 1, GOOD), a_proposal(2, unproved_reason="no context was logged")]
    assert look(proved_or_specified, instance, store=a_store(*good)).passed
    for odd in (a_proposal(3), a_patch(target, 4, GOOD, proof=None)):
        found = look(proved_or_specified, instance, store=a_store(*good, odd))
        assert not found.passed and said(found)["which"].startswith(odd.id)


def test_two_open_proposals_of_one_pattern_are_found(instance: dg.DagsterInstance) -> None:
    store = a_store(a_proposal(1), a_proposal(2))
    assert look(one_per_pattern, instance, store=store).passed
    second = store._documents[a_proposal(2).id]
    store._documents[a_proposal(2).id] = second.replace(
        a_proposal(2).pattern_id.encode(), a_proposal(1).pattern_id.encode()
    )
    assert (
        said(look(one_per_pattern, instance, store=store))["which"] == f"{a_proposal(1).pattern_id}: 2 open proposals"
    )


def test_money_over_the_days_limit_is_found(instance: dg.DagsterInstance) -> None:
    def spent(settled: int, held: int) -> dict[str, Any]:
        return {"spend": lambda day: (Spend(settled, held, calls=3), 2.0), "clock": lambda: NOON}

    assert (
        look(within_budget, instance, **spent(1_500_000, 500_000)).description == "3 model calls of today, none amiss"
    )
    over = look(within_budget, instance, **spent(1_500_000, 500_001))
    assert not over.passed and said(over)["which"] == "today: $2.0000 are spent or held of $2.00 a day"


# --- approvals -------------------------------------------------------------------------------------------------------


def an_approved_store(target: GitTarget) -> MemoryProposalStore:
    entry = a_patch(target, 1, GOOD)
    store = a_store(entry)
    approve(store, entry.id, digest=entry.digest, by="jesse", now=NOON, policy=Policy(), door="cli")
    return store


def test_a_persons_approval_is_signed_and_current(target: GitTarget, instance: dg.DagsterInstance) -> None:
    store = an_approved_store(target)
    for check in (signed, digest_current):
        found = look(check, instance, store=store)
        assert found.passed and (said(found)["looked at"], said(found)["by persons"]) == ("1 approvals", 1)


def test_without_an_approval_there_is_nothing_to_check(instance: dg.DagsterInstance) -> None:
    for check in (signed, digest_current):
        assert look(check, instance, store=a_store(a_proposal())).description == "nothing to check: 0 approvals"


@pytest.mark.parametrize(
    ("forgery", "reason"),
    [
        ({"by": " "}, "it names nobody"),
        ({"by": "mallory"}, "the audit knows of no approval"),
        ({"digest": "f" * 64}, "the audit knows of no approval"),
        ({"door": "policy"}, "approved it through the door policy"),
        ({"by": "policy:1"}, "approved it through the door cli"),
    ],
)
def test_an_approval_that_nobody_gave_is_found(
    target: GitTarget, instance: dg.DagsterInstance, forgery: dict[str, str], reason: str
) -> None:
    store = an_approved_store(target)
    entry = store.get(a_proposal().id)
    assert entry.approval
    forged = entry.approval.model_copy(update={"expires_at": NOON + timedelta(days=99), **forgery})
    changed(store, entry, Status.APPROVED, approval=forged)
    found = look(signed, instance, store=store)
    assert not found.passed and reason in said(found)["which"]


def test_an_approval_of_an_earlier_content_is_not_current(target: GitTarget, instance: dg.DagsterInstance) -> None:
    store = an_approved_store(target)
    changed(store, store.get(a_proposal().id), Status.APPROVED, title="Something else")
    found = look(digest_current, instance, store=store)
    assert not found.passed and "was approved, it is" in said(found)["which"]
