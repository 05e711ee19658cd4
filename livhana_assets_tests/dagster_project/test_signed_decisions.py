"""Materializing `decision` decides only where the guarded web process signed the launch: this person, these words, this run, just now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg
import pytest

from livhana_assets.adapters.memory_store import MemoryProposalStore
from livhana_assets.loop.proposals.model import Proposal, Status
from livhana_assets.loop.proposals.policy import Policy
from livhana_assets.loop.review.assets import decision
from livhana_assets.loop.review.signatures import SIGNATURE, SIGNED, Signed, sign
from livhana_assets_tests.a_proposal import a_full_proposal, a_proposal

KEY = b"k" * 32
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


@pytest.fixture
def store() -> MemoryProposalStore:
    return MemoryProposalStore()


@pytest.fixture
def proposal(store: MemoryProposalStore) -> Proposal:
    return store.add(a_proposal(proof=a_full_proposal().proof), actor="test", operation="add")


def decide(
    instance: dg.DagsterInstance,
    store: MemoryProposalStore,
    proposal_id: str,
    typed: Mapping[str, str],
    tags: Mapping[str, str],
    now: datetime = NOW,
) -> bool:
    """Whether the run succeeded."""
    instance.add_dynamic_partitions("proposals", [proposal_id])
    doors: dict[str, Any] = {
        "store": store,
        "policy": dg.ResourceDefinition.hardcoded_resource(Policy()),
        "clock": dg.ResourceDefinition.hardcoded_resource(lambda: now),
        "signing_key": dg.ResourceDefinition.hardcoded_resource(lambda: KEY),
    }
    result = dg.materialize(
        [decision],
        partition_key=proposal_id,
        instance=instance,
        raise_on_error=False,
        resources=doors,
        tags=dict(tags),
        run_config={"ops": {"decision": {"config": dict(typed)}}},
    )
    return result.success


def yes_to(proposal: Proposal) -> dict[str, str]:
    return {"decision": "APPROVE", "digest": proposal.digest, "comment": "looks right"}


def signed(proposal: Proposal, typed: Mapping[str, str], **changes: Any) -> dict[str, str]:
    asked = {
        "person": "ada",
        "origin": "127.0.0.1",
        "partition": proposal.id,
        "nonce": "n1",
        "at": NOW,
        **typed,
        **changes,
    }
    return sign(KEY, Signed(**asked))


def test_a_signed_yes_approves_and_says_who_by_which_door_and_from_where(
    instance: dg.DagsterInstance, store: MemoryProposalStore, proposal: Proposal
) -> None:
    assert decide(instance, store, proposal.id, yes_to(proposal), signed(proposal, yes_to(proposal)))
    approval = store.get(proposal.id).approval
    assert approval and (approval.by, approval.door, approval.digest) == ("ada", "dagster", proposal.digest)
    line = list(store.audit())[-1]
    assert (line.action, line.actor, line.details["origin"]) == ("approved", "ada", "127.0.0.1")


def test_a_signed_no_rejects_with_its_reason(
    instance: dg.DagsterInstance, store: MemoryProposalStore, proposal: Proposal
) -> None:
    no = {**yes_to(proposal), "decision": "REJECT", "comment": "too wide"}
    assert decide(instance, store, proposal.id, no, signed(proposal, no))
    after = store.get(proposal.id)
    assert after.status is Status.REJECTED and after.history[-1].detail == "too wide"


def test_a_run_without_a_signature_decides_nothing(
    instance: dg.DagsterInstance, store: MemoryProposalStore, proposal: Proposal
) -> None:
    assert not decide(instance, store, proposal.id, yes_to(proposal), {})
    assert store.get(proposal.id) == proposal


def test_tags_that_a_client_made_up_decide_nothing(
    instance: dg.DagsterInstance, store: MemoryProposalStore, proposal: Proposal
) -> None:
    forged = {**signed(proposal, yes_to(proposal)), SIGNATURE: "0" * 64}
    assert not decide(instance, store, proposal.id, yes_to(proposal), forged)
    other_key = sign(b"x" * 32, Signed.model_validate_json(signed(proposal, yes_to(proposal))[SIGNED]))
    assert not decide(instance, store, proposal.id, yes_to(proposal), other_key)
    assert store.get(proposal.id) == proposal


def test_a_signature_holds_only_for_the_words_that_were_signed(
    instance: dg.DagsterInstance, store: MemoryProposalStore, proposal: Proposal
) -> None:
    no = {**yes_to(proposal), "decision": "REJECT"}
    assert not decide(instance, store, proposal.id, yes_to(proposal), signed(proposal, no))
    assert store.get(proposal.id) == proposal


def test_a_signature_holds_only_for_its_proposal(
    instance: dg.DagsterInstance, store: MemoryProposalStore, proposal: Proposal
) -> None:
    other = signed(proposal, yes_to(proposal), partition="bugfix-1")
    assert not decide(instance, store, proposal.id, yes_to(proposal), other)
    assert store.get(proposal.id) == proposal


def test_an_old_signature_decides_nothing(
    instance: dg.DagsterInstance, store: MemoryProposalStore, proposal: Proposal
) -> None:
    tags, later = signed(proposal, yes_to(proposal)), NOW + timedelta(minutes=11)
    assert not decide(instance, store, proposal.id, yes_to(proposal), tags, now=later)
    assert store.get(proposal.id) == proposal


def test_a_replayed_signature_decides_nothing(
    instance: dg.DagsterInstance, store: MemoryProposalStore, proposal: Proposal
) -> None:
    """The first run refuses (another digest); the tags copied into a second run, now with the proposal as signed, are used up."""
    stale = {**yes_to(proposal), "digest": "0" * 64}
    tags = signed(proposal, stale)
    assert not decide(instance, store, proposal.id, stale, tags)
    lines = len(list(store.audit()))
    assert not decide(instance, store, proposal.id, stale, tags)
    assert len(list(store.audit())) == lines
    assert store.get(proposal.id) == proposal


def test_a_second_run_with_a_used_signature_is_told_so(
    instance: dg.DagsterInstance, store: MemoryProposalStore, proposal: Proposal
) -> None:
    no = {**yes_to(proposal), "decision": "ACCEPT"}
    assert not decide(instance, store, proposal.id, no, signed(proposal, no)), (
        "a proved change is not accepted, but approved"
    )
    assert [line.action for line in store.audit()].count("signature_used") == 1
