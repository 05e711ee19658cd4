"""A landed change gets its verdict from a real repository's history and real rows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from livhana_assets.adapters.delta_warehouse import DeltaWarehouse
from livhana_assets.adapters.git_target import GitTarget
from livhana_assets.adapters.memory_store import MemoryProposalStore
from livhana_assets.loop.outcomes.conclude import conclude
from livhana_assets.loop.patterns.fingerprinting import fingerprint_day
from livhana_assets.loop.patterns.fingerprints import fingerprint
from livhana_assets.loop.proposals.lifecycle import advance
from livhana_assets.loop.proposals.model import Landing, Proposal, Status
from livhana_assets_tests.a_proposal import a_proposal
from livhana_assets_tests.loop.patterns.error_rows import error_row, log_errors, log_requests, python_trace
from livhana_assets_tests.repositories import add_commit, clean_repository, git

pytestmark = pytest.mark.doors

LANDED_AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
BEFORE, AFTER = LANDED_AT - timedelta(hours=2), LANDED_AT + timedelta(days=1)
NOW = LANDED_AT + timedelta(days=2)


class Scene:
    """A repository whose second commit is the landed one, a warehouse, a store."""

    def __init__(self, folder: Path) -> None:
        repository = clean_repository(folder / "target")
        self.old = git(repository, "rev-parse", "HEAD")
        self.landed = add_commit(repository, {"fix.py": "fixed = True\n"}, "Fix it")
        self.target = GitTarget(str(repository), folder / "home")
        self.target.refresh()
        self.warehouse = DeltaWarehouse(folder / "warehouse")
        self.store = MemoryProposalStore()
        self.proposal = self._land()

    def _land(self) -> Proposal:
        value = fingerprint(python_trace(), "KeyError", "'sku'", "shop").value
        proposal = self.store.add(a_proposal(pattern_id=f"error-{value[:12]}"), actor="analyst", operation="add")
        for status in (Status.APPROVED, Status.EXECUTING, Status.IMPLEMENTED):
            landing = Landing(commit=self.landed, branch="main", previous=self.old, landed_at=LANDED_AT)
            changes = {"landing": landing} if status is Status.IMPLEMENTED else {}
            after = advance(proposal, status, at=LANDED_AT, actor="test", action=str(status), **changes)
            proposal = self.store.save(
                after, expected_version=proposal.version, actor="test", action=str(status), operation=str(status)
            )
        return proposal

    def serve(self, at: datetime, release: str | None, crashes: int, requests: int = 100) -> None:
        first = 1000 if at > LANDED_AT else 0
        log_errors(
            self.warehouse,
            [error_row(first + n, occurred_at=at + timedelta(seconds=n), release=release) for n in range(crashes)],
        )
        log_requests(self.warehouse, requests, at=at, release=release)
        fingerprint_day(self.warehouse, at.date())

    def conclude(self) -> Proposal:
        return conclude(self.store, self.warehouse, self.target, self.target.resolve, self.proposal.id, now=NOW)


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def test_a_crash_that_stopped_with_the_release_is_improved_and_remembered(scene: Scene) -> None:
    scene.serve(BEFORE, scene.old, crashes=20)
    scene.serve(AFTER, scene.landed, crashes=0)
    concluded = scene.conclude()
    assert concluded.status is Status.IMPROVED
    assert scene.store.get(concluded.id).status is Status.IMPROVED
    [entry] = scene.store.knowledge("bugfix")
    assert (entry["result"], entry["patternId"]) == ("improved", concluded.pattern_id)


def test_without_a_release_that_holds_the_change_it_waits_and_stores_nothing(scene: Scene) -> None:
    scene.serve(BEFORE, scene.old, crashes=20)
    scene.serve(AFTER, scene.old, crashes=0)
    concluded = scene.conclude()
    assert concluded.verdict and concluded.verdict.result == "waiting"
    assert scene.store.get(concluded.id).status is Status.IMPLEMENTED
    assert scene.store.knowledge("bugfix") == ()


def test_rows_without_a_release_count_after_a_recorded_deployment(scene: Scene) -> None:
    scene.serve(BEFORE, None, crashes=20)
    scene.serve(AFTER, None, crashes=0)
    assert scene.conclude().status is Status.IMPLEMENTED
    details = {"commit": scene.landed, "at": (AFTER - timedelta(hours=1)).isoformat()}
    scene.store.record(actor="jesse", action="deployed", operation="deployed", details=details)
    assert scene.conclude().status is Status.IMPROVED


def test_a_deployment_without_the_change_says_nothing_about_it(scene: Scene) -> None:
    scene.serve(BEFORE, None, crashes=20)
    scene.serve(AFTER, None, crashes=0)
    scene.store.record(
        actor="jesse", action="deployed", operation="deployed", details={"commit": scene.old, "at": BEFORE.isoformat()}
    )
    assert scene.conclude().status is Status.IMPLEMENTED


def test_the_same_verdict_again_is_no_news(scene: Scene) -> None:
    scene.serve(BEFORE, scene.old, crashes=20)
    scene.serve(AFTER, scene.landed, crashes=0)
    first, second = scene.conclude(), scene.conclude()
    assert first.version == second.version
    assert len(scene.store.knowledge("bugfix")) == 1


def test_a_fix_that_fails_later_is_no_longer_improved(scene: Scene) -> None:
    scene.serve(BEFORE, scene.old, crashes=20)
    scene.serve(AFTER, scene.landed, crashes=0)
    scene.conclude()
    scene.serve(AFTER + timedelta(minutes=5), scene.landed, crashes=60)
    assert scene.conclude().status is Status.NOT_IMPROVED
