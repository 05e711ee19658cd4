"""The pages in the Dagster UI follow the store, whichever door decided, and however often the follower is started anew."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import dagster as dg
import pytest

from livhana_assets.adapters.dagster_pages import ProposalPages
from livhana_assets.adapters.memory_store import MemoryProposalStore
from livhana_assets.loop.proposals.assets import log_page, proposal, shown_pages
from livhana_assets.loop.proposals.model import Proposal, Status
from livhana_assets_tests.a_proposal import a_proposal, moved


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


@pytest.fixture
def store() -> MemoryProposalStore:
    return MemoryProposalStore()


def added(store: MemoryProposalStore, number: int = 1) -> Proposal:
    return store.add(a_proposal(number), actor="test", operation=f"add:{number}")


def decided(store: MemoryProposalStore, entry: Proposal, to: Status, **changes: object) -> Proposal:
    after = moved(entry, to, **changes)
    return store.save(
        after, expected_version=entry.version, actor="ada", action=str(to), operation=f"{to}:{entry.version}:{entry.id}"
    )


def settled(pages: ProposalPages) -> list[str]:
    """What two looks log: one sees, one logs."""
    return [*pages.look(), *pages.look()]


def shown(instance: dg.DagsterInstance, entry: Proposal) -> str:
    return shown_pages(instance, [entry.id])[entry.id].status


def pages_of(instance: dg.DagsterInstance) -> list[dg.AssetMaterialization]:
    """Newest first."""
    records = instance.fetch_materializations(proposal.key, limit=20).records
    return [one.asset_materialization for one in records if one.asset_materialization]


def test_a_decision_by_any_door_is_on_the_proposals_page(
    instance: dg.DagsterInstance, store: MemoryProposalStore
) -> None:
    pages, entry = ProposalPages(instance, store), added(store)
    log_page(instance, entry)
    settled(pages)
    decided(store, entry, Status.APPROVED)
    assert settled(pages) == [entry.id]
    assert shown(instance, entry) == "approved"


def test_a_proposal_that_no_run_drafted_gets_a_page_and_its_partition(
    instance: dg.DagsterInstance, store: MemoryProposalStore
) -> None:
    pages = ProposalPages(instance, store)
    settled(pages)
    reversal = added(store)
    assert settled(pages) == [reversal.id]
    assert instance.get_dynamic_partitions("proposals") == [reversal.id]


def test_what_a_run_logged_itself_is_not_logged_again(instance: dg.DagsterInstance, store: MemoryProposalStore) -> None:
    pages, entry = ProposalPages(instance, store), added(store)
    log_page(instance, entry)
    settled(pages)
    pages.look()
    after = decided(store, entry, Status.REJECTED)
    pages.look()
    log_page(instance, after)
    assert settled(pages) == []
    assert len(pages_of(instance)) == 2


def test_a_page_that_came_late_is_put_right(instance: dg.DagsterInstance, store: MemoryProposalStore) -> None:
    """A run that read before the decision and logged after it."""
    pages, entry = ProposalPages(instance, store), added(store)
    settled(pages)
    after = decided(store, entry, Status.APPROVED)
    pages.look()
    log_page(instance, entry)
    pages.look()
    assert shown(instance, after) == "approved"


def test_a_page_keeps_its_plot_when_its_status_changes(
    instance: dg.DagsterInstance, store: MemoryProposalStore
) -> None:
    pages, entry = ProposalPages(instance, store), added(store)
    log_page(instance, entry)
    plot = {**pages_of(instance)[0].metadata, "occurrences": dg.MetadataValue.md("12 of 90")}
    instance.report_runless_asset_event(dg.AssetMaterialization("proposal", partition=entry.id, metadata=plot))
    settled(pages)
    decided(store, entry, Status.APPROVED)
    assert settled(pages) == [entry.id]
    assert pages_of(instance)[0].metadata["occurrences"] == dg.MetadataValue.md("12 of 90")


def test_a_new_revision_is_shown_and_a_forged_page_is_left_to_be_found(
    instance: dg.DagsterInstance, store: MemoryProposalStore
) -> None:
    pages, entry, other = ProposalPages(instance, store), added(store, 1), added(store, 2)
    for one in (entry, other):
        log_page(instance, one)
    settled(pages)
    revised = decided(store, entry, Status.PROPOSED, title="Handle the missing price, and a missing line", revision=2)
    forged = dg.AssetMaterialization("proposal", partition=other.id, metadata={"digest": "f" * 64})
    instance.report_runless_asset_event(forged)
    decided(store, other, Status.APPROVED)
    assert settled(pages) == [entry.id]
    assert shown_pages(instance, [entry.id])[entry.id].digest == revised.digest


def test_what_was_decided_while_nobody_followed_is_shown_at_the_next_start(
    instance: dg.DagsterInstance, store: MemoryProposalStore
) -> None:
    entry, other = added(store, 1), added(store, 2)
    log_page(instance, entry)
    decided(store, entry, Status.REJECTED)
    assert settled(ProposalPages(instance, store)) == [entry.id], "the first time, every page that there is"
    decided(store, other, Status.APPROVED)
    assert settled(ProposalPages(instance, store)) == [other.id], "then everything since the last one"
    assert settled(ProposalPages(instance, store)) == []


def test_a_store_that_does_not_answer_loses_no_page(instance: dg.DagsterInstance) -> None:
    class Failing(MemoryProposalStore):
        down = False

        def get(self, proposal_id: str) -> Proposal:
            if self.down:
                raise ConnectionError("down")
            return super().get(proposal_id)

    store = Failing()
    pages, entry = ProposalPages(instance, store), added(store)
    log_page(instance, entry)
    settled(pages)
    decided(store, entry, Status.APPROVED)
    pages.look()
    store.down = True
    with pytest.raises(ConnectionError):
        pages.look()
    store.down = False
    assert pages.look() == (entry.id,)


def test_a_page_is_logged_though_another_process_adds_its_partition_at_the_same_moment(
    instance: dg.DagsterInstance,
) -> None:
    class Overtaken:
        """Between Dagster's look and its insert somebody else has inserted."""

        def __getattr__(self, name: str) -> object:
            return getattr(instance, name)

        def add_dynamic_partitions(self, definition: str, keys: list[str]) -> None:
            instance.add_dynamic_partitions(definition, keys)
            raise sqlite3.IntegrityError("UNIQUE constraint failed")

    log_page(Overtaken(), a_proposal())
    assert shown(instance, a_proposal()) == "proposed"
