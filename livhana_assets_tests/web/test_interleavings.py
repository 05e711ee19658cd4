"""Whoever decides, edits, expires, executes or restarts in whatever order: a proposal ends once. `bench/interleavings.py` asks far more."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from livhana_assets.adapters.memory_store import MemoryProposalStore
from livhana_assets.adapters.redis_store import RedisProposalStore
from livhana_assets.loop.proposals.documents import write_document
from livhana_assets.loop.proposals.model import Proposal
from livhana_assets_tests.redis_server import running_redis
from livhana_assets_tests.web.interleavings import on_store, over_rest

pytestmark = pytest.mark.drill

ON_STORE, OVER_REST, ON_REDIS = 1000, 130, 20


def test_a_proposal_has_exactly_one_outcome_on_the_store() -> None:
    wrong = {seed: why for seed in range(ON_STORE) if (why := on_store(seed))}
    assert wrong == {}


def test_a_proposal_has_exactly_one_outcome_over_rest(tmp_path: Path) -> None:
    wrong = {seed: why for seed in range(OVER_REST) if (why := over_rest(seed, tmp_path))}
    assert wrong == {}


def test_a_proposal_has_exactly_one_outcome_over_rest_on_a_real_redis(tmp_path: Path) -> None:
    with running_redis(tmp_path / "redis") as url:
        store = RedisProposalStore.at(url)
        wrong = {seed: why for seed in range(ON_REDIS) if (why := over_rest(seed, tmp_path, store, number=seed))}
    assert wrong == {}


def test_a_store_that_does_not_compare_versions_is_noticed() -> None:
    class Careless(MemoryProposalStore):
        def save(self, proposal: Proposal, *, expected_version: int, **more: Any) -> Proposal:
            present = self.get(proposal.id)
            self._documents[proposal.id] = write_document(present.model_copy(update={"version": expected_version}))
            return super().save(proposal, expected_version=expected_version, **more)

    assert [seed for seed in range(200) if on_store(seed, Careless())]


def test_the_interleavings_reach_every_outcome() -> None:
    ends: Counter[str] = Counter()
    for seed in range(200):
        store = MemoryProposalStore()
        on_store(seed, store)
        ends[store.proposals()[0].status] += 1
    assert set(ends) == {"implemented", "rejected", "expired"}
    assert min(ends.values()) >= 10
