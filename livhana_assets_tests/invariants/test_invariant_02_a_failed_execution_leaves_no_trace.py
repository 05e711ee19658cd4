"""A failed or timed-out execution leaves the target's refs, index, work tree and untracked files as they were.

An execution that is killed at random moments: `loop/execution/test_kill.py`.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from livhana_assets.adapters.redis_store import RedisProposalStore
from livhana_assets.loop.execution.carry_out import RolledBack
from livhana_assets.loop.proposals.model import Status
from livhana_assets.loop.proposals.ports import Limits
from livhana_assets_tests.invariants.a_shop import Shop, shop_at
from livhana_assets_tests.loop.execution.an_approved_change import BUGGY, POLICY, add_buggy_shop
from livhana_assets_tests.repositories import difference, dirty_repository, git, set_traps, snapshot

FAILS_WITH_THE_FIX = '! grep -q "get(" shop/price.py'
HANGS_WITH_THE_FIX = 'if grep -q "get(" shop/price.py; then sleep 60; fi'


@pytest.fixture
def busy_shop(tmp_path: Path, store: RedisProposalStore) -> Shop:
    """Somebody is in the middle of work in it, and everything that git would run there is a trap."""
    repository = dirty_repository(tmp_path / "target")
    add_buggy_shop(repository)
    set_traps(repository, tmp_path / "marker")
    return shop_at(repository, tmp_path / "home", store)


def rolled_back(shop: Shop, proposal_id: str, because: str) -> set[str]:
    """What a failing execution changed in the target's folder; it has to say why it failed."""
    before = snapshot(shop.repository)
    result = shop.carry_out(proposal_id)
    touched = difference(before, snapshot(shop.repository))
    assert (type(result), touched) == (RolledBack, set())
    assert because in result.why  # type: ignore[union-attr]
    present = shop.store.get(proposal_id)
    assert (present.status, present.claim, present.landing) == (Status.ROLLED_BACK, None, None)
    return touched


def test_a_proof_that_fails_leaves_no_trace(busy_shop: Shop, tmp_path: Path) -> None:
    change = busy_shop.approved(land="fast_forward")
    assert rolled_back(busy_shop.proving_with(FAILS_WITH_THE_FIX), change.id, "whole suite: 1 no longer pass") == set()
    assert not (tmp_path / "marker").exists()


def test_a_proof_that_takes_too_long_leaves_no_trace(busy_shop: Shop) -> None:
    change = busy_shop.approved(land="fast_forward")
    slow = busy_shop.proving_with(HANGS_WITH_THE_FIX, Limits(seconds=1.5))
    assert rolled_back(slow, change.id, "ended by time") == set()


def test_a_suite_that_cannot_be_run_any_more_leaves_no_trace(busy_shop: Shop) -> None:
    change = busy_shop.approved(land="fast_forward")
    assert rolled_back(busy_shop.proving_by(), change.id, "the proof was made with") == set()


def test_a_patch_that_no_longer_applies_leaves_no_trace(busy_shop: Shop, tmp_path: Path) -> None:
    change = busy_shop.approved(land="fast_forward")
    author = tmp_path / "target-author"
    (author / "shop/price.py").write_text(BUGGY.replace("* 2", "* 3"))
    git(author, "commit", "--quiet", "--all", "--message", "Triple")
    git(author, "-c", "core.hooksPath=/dev/null", "push", "--quiet", "origin", "HEAD:main")
    assert rolled_back(busy_shop, change.id, "the patch no longer applies to main") == set()


def test_a_branch_that_somebody_has_checked_out_is_not_moved(shop: Shop, tmp_path: Path) -> None:
    git(tmp_path, "clone", "--quiet", str(shop.repository), "worked-in")
    here = shop_at(tmp_path / "worked-in", tmp_path / "home-2", shop.store)
    change = here.approved(land="fast_forward")
    assert rolled_back(here, change.id, "main is checked out") == set()


def test_a_gate_that_refuses_now_leaves_no_trace(busy_shop: Shop) -> None:
    change = busy_shop.approved(land="fast_forward")
    before = snapshot(busy_shop.repository)
    result = busy_shop.carry_out(change.id, policy=replace(POLICY, max_files=1))
    assert difference(before, snapshot(busy_shop.repository)) == set()
    assert isinstance(result, RolledBack)
    assert "size: 2 files, 1 are allowed" in result.why
