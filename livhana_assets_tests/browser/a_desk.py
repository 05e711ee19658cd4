"""A desk with something on it: a shop with a crash, fixes of it that were really proved, a specification, and one that helped."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import dagster as dg

from livhana_assets.adapters.delta_warehouse import DeltaWarehouse
from livhana_assets.adapters.embedded_redis import open_embedded_redis
from livhana_assets.adapters.git_target import GitTarget
from livhana_assets.adapters.redis_store import RedisProposalStore
from livhana_assets.loop.patterns.errors import error_patterns_day, load_error_patterns
from livhana_assets.loop.patterns.fingerprinting import fingerprint_day
from livhana_assets.loop.patterns.model import ErrorPattern
from livhana_assets.loop.proposals.assets import log_page
from livhana_assets.loop.proposals.evidence import evidence_of
from livhana_assets.loop.proposals.lifecycle import advance
from livhana_assets.loop.proposals.model import Hypothesis, Landing, Proposal, Status, Verdict
from livhana_assets_tests.a_proposal import a_proposal
from livhana_assets_tests.loop.execution.an_approved_change import a_change, add_buggy_shop, ground_of
from livhana_assets_tests.loop.patterns.error_rows import error_row, log_errors
from livhana_assets_tests.repositories import bare_repository, git
from livhana_assets_tests.web.a_running_up import RunningUp, running

TITLES = {
    "read": "Count a missing price as nothing",
    "dagster": "Take a missing price for a gift",
    "keyboard": "Charge nothing where there is no price",
    "rejected": "Leave out what has no price",
}
"""What each proposal is for, and its title. They hold the same proved change, and each lands on a branch of its own."""
UNBUILT = (
    'Traceback (most recent call last):\n  File "/srv/shop/shop/price.py", line 10, in price\n'
    "    return item['price'] * 2\nKeyError: 'price'\n"
)
"""A crash whose variables were not logged, so that a person has to write the patch."""
LONG_AGO = timedelta(days=100)
"""The crashes are older than what the clock looks at, so that it drafts nothing beside the test."""


@dataclass(frozen=True)
class AReviewDesk:
    """A running `livhana up` with its target and what waits there."""

    up: RunningUp
    target: Path
    waiting: dict[str, Proposal]
    specified: Proposal
    improved: Proposal

    def now(self, which: str) -> Proposal:
        return self.up.store.get(self.waiting[which].id)

    def landed(self, which: str) -> str:
        """The commit at the proposal's branch in the target; "" while there is none."""
        return git(
            self.target, "for-each-ref", "--format=%(objectname)", f"refs/heads/improvement/{self.waiting[which].id}"
        )


@contextmanager
def a_review_desk(folder: Path) -> Iterator[AReviewDesk]:
    """The fixes are proved while `up` is starting."""
    home = folder / "home"
    home.mkdir()
    target = bare_repository(folder / "shop.git")
    add_buggy_shop(target)
    store = RedisProposalStore.at(open_embedded_redis(home / "redis"))
    with ThreadPoolExecutor(1) as beside:
        pending = beside.submit(_filled, home, target, store)
        settings = {"IMPROVEMENT_TARGET_REPO": str(target), "ENABLE_SELF_IMPROVEMENT": "true"}
        with running(folder, **settings) as up:
            waiting, specified, improved = pending.result()
            _shown_in_dagster(home, [*waiting.values(), specified, improved])
            yield AReviewDesk(up, target, waiting, specified, improved)


def _filled(home: Path, target: Path, store: RedisProposalStore) -> tuple[dict[str, Proposal], Proposal, Proposal]:
    pattern, unbuilt = _patterns(home)
    change = a_change(ground_of(GitTarget(str(target), home), "pytest"), 1, land="branch")
    waiting = {
        which: _one(store, change, pattern, number, title) for number, (which, title) in enumerate(TITLES.items(), 1)
    }
    specified = _added(store, a_proposal(
        8, status=Status.SPECIFIED, title="Look into KeyError in `price`", specification="Ask for the sku first.\n\nThen say what is missing.",
        unproved_reason="its variables were not logged", evidence=evidence_of(unbuilt), created_at=_now(),
        pattern_id=unbuilt.pattern_id,
    ))  # fmt: skip
    return waiting, specified, _improved(store, _one(store, change, pattern, 9, "Say what a parcel weighs", LONG_AGO))


def _one(
    store: RedisProposalStore,
    change: Proposal,
    pattern: ErrorPattern,
    number: int,
    title: str,
    ago: timedelta = timedelta(),
) -> Proposal:
    known = {
        "id": f"bugfix-{number:010d}", "title": title, "created_at": _now() - ago - timedelta(minutes=number), "priority": "high",
        "pattern_id": pattern.pattern_id if number == 1 else f"error-{number:012x}", "evidence": evidence_of(pattern),
        "hypotheses": (Hypothesis(statement="Gifts have no price", refuted_by="a crash on an item with a price"),),
    }  # fmt: skip
    return _added(store, change.model_copy(update=known))


def _added(store: RedisProposalStore, proposal: Proposal) -> Proposal:
    return store.add(proposal, actor="analyst:rules", operation=f"proposed:{proposal.id}")


def _improved(store: RedisProposalStore, proposal: Proposal) -> Proposal:
    """What an earlier turn of the loop left: landed, and it helped."""
    at = _now()
    landing = Landing(
        commit="d" * 40, branch=f"improvement/{proposal.id}", previous="0" * 40, landed_at=at - timedelta(days=90)
    )
    figures = {
        "beforeOccurrences": 9,
        "beforeRequests": 90,
        "afterOccurrences": 0,
        "afterRequests": 80,
        "ratio": 0.0,
        "upper": 0.31,
    }
    verdict = Verdict(result="improved", reason="0 occurrences, 8 were expected", measured_at=at, figures=figures)
    steps = (
        (Status.APPROVED, {}),
        (Status.EXECUTING, {}),
        (Status.IMPLEMENTED, {"landing": landing}),
        (Status.IMPROVED, {"verdict": verdict}),
    )
    for status, changes in steps:
        after = advance(proposal, status, at=at, actor="jesse", action=str(status), **changes)
        proposal = store.save(
            after,
            expected_version=proposal.version,
            actor="jesse",
            action=str(status),
            operation=f"{status}:{proposal.id}",
        )
    return proposal


def _patterns(home: Path) -> tuple[ErrorPattern, ErrorPattern]:
    """What the warehouse tells of two crashes on three days, the more frequent one first."""
    warehouse, first = DeltaWarehouse(home / "warehouse"), _now() - LONG_AGO
    kinds: list[dict[str, str]] = [{}] * 12 + [{"stack_trace": UNBUILT, "message": "'price'", "context": "{}"}] * 6
    log_errors(warehouse, [
        error_row(number, occurred_at=at, ingested_at=at, **kind)
        for number, kind in enumerate(kinds) if (at := first + timedelta(days=number % 3, seconds=number))
    ])  # fmt: skip
    for day in range(3):
        fingerprint_day(warehouse, _day(first, day))
        error_patterns_day(warehouse, _day(first, day))
    often, seldom = load_error_patterns(warehouse)
    return often, seldom


def _day(first: datetime, after: int) -> date:
    return (first + timedelta(days=after)).date()


def _shown_in_dagster(home: Path, proposals: list[Proposal]) -> None:
    with dg.DagsterInstance.from_config(str(home / "dagster")) as instance:
        for proposal in proposals:
            log_page(instance, proposal)


def _now() -> datetime:
    return datetime.now(UTC)
