"""What each sensor asks for, and when it asks for nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar

import dagster as dg
import pytest

from livhana_assets.adapters.memory_store import MemoryProposalStore
from livhana_assets.definitions import defs
from livhana_assets.loop.execution.due import DEATHS
from livhana_assets.loop.proposals.model import Claim, Event, Landing, Proposal, Status
from livhana_assets.wiring import Loop
from livhana_assets_tests.a_proposal import moved
from livhana_assets_tests.dagster_project.a_clock import (
    a_loop,
    a_run,
    add_all,
    approved,
    keys,
    partitions,
    tick,
    waiting,
)

NOW = datetime.now(UTC)
LANDING = Landing(commit="c" * 40, branch="main", previous="b" * 40, landed_at=NOW - timedelta(days=3))
PLAIN = [
    "new_error_batches", "live_metric_alarms", "approved_proposals", "stale_claims", "due_outcomes", "closed_proposal_partitions",
    "announcements",
]  # fmt: skip


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.local_temp(str(tmp_path_factory.mktemp("instance"))) as made:
        yield made


@pytest.fixture
def instance(books: dg.DagsterInstance) -> dg.DagsterInstance:
    """One on disk, as the daemon's is; empty."""
    books.wipe()
    for name in books.get_dynamic_partitions("proposals"):
        books.delete_dynamic_partition("proposals", name)
    return books


@pytest.fixture
def loop(tmp_path: Path) -> Loop:
    return a_loop(tmp_path)


def saved(loop: Loop, before: Proposal, to: Status, **changes: Any) -> Proposal:
    after = moved(before, to, **changes)
    return loop.store.save(
        after, expected_version=before.version, actor="test", action=str(to), operation=f"{before.id}:{after.version}"
    )


def landed(number: int = 1, *, days_ago: int = 3, status: Status = Status.IMPLEMENTED) -> Proposal:
    at = NOW - timedelta(days=days_ago)
    history = (Event(at=at, actor="test", action="implemented", status=status),)
    return waiting(number, status=status, landing=LANDING.model_copy(update={"landed_at": at}), history=history)


@pytest.mark.parametrize("name", PLAIN)
def test_a_sensor_does_nothing_until_it_is_switched_on(instance: dg.DagsterInstance, tmp_path: Path, name: str) -> None:
    loop = a_loop(tmp_path, ENABLE_SELF_IMPROVEMENT=False)
    add_all(loop.store, [approved()])
    found = tick(name, instance, loop)
    assert keys(found) == [] and "ENABLE_SELF_IMPROVEMENT=true" in found.skip_message


def test_every_sensor_and_schedule_runs_from_the_start() -> None:
    repository = defs.get_repository_def()
    assert {sensor.default_status for sensor in repository.sensor_defs} == {dg.DefaultSensorStatus.RUNNING}
    assert {one.default_status for one in repository.schedule_defs} == {dg.DefaultScheduleStatus.RUNNING}


# --- approved proposals ---


def test_an_approved_proposal_is_carried_out_once(instance: dg.DagsterInstance, loop: Loop) -> None:
    one = approved()
    add_all(loop.store, [one, waiting(2)])
    found = tick("approved_proposals", instance, loop)
    assert (keys(found), partitions(found)) == ([f"execute:{one.id}:1"], [one.id])


def test_it_is_asked_for_at_every_tick_until_it_is_claimed(instance: dg.DagsterInstance, loop: Loop) -> None:
    one = approved()
    add_all(loop.store, [one])
    first = tick("approved_proposals", instance, loop)
    assert keys(tick("approved_proposals", instance, loop, first.cursor)) == keys(first)
    saved(loop, one, Status.EXECUTING)
    assert keys(tick("approved_proposals", instance, loop, first.cursor)) == []


def test_an_approval_after_the_first_look_is_seen(instance: dg.DagsterInstance, loop: Loop) -> None:
    one = waiting()
    add_all(loop.store, [one])
    first = tick("approved_proposals", instance, loop)
    saved(loop, one, Status.APPROVED, approval=approved().approval)
    assert keys(first) == [] and keys(tick("approved_proposals", instance, loop, first.cursor)) == [
        f"execute:{one.id}:2"
    ]


def test_where_the_decision_started_the_run_the_sensor_starts_no_other(
    instance: dg.DagsterInstance, loop: Loop
) -> None:
    one = approved()
    add_all(loop.store, [one])
    a_run(instance, "execute_proposal", dagster__partition=one.id)
    found = tick("approved_proposals", instance, loop)
    assert keys(found) == [] and "under way" in found.skip_message


@pytest.mark.parametrize(("door", "asked"), [("cli", 0), ("pages", 0), ("dagster", 1), ("policy", 1)])
def test_a_door_that_starts_the_run_itself_is_given_a_moment(
    instance: dg.DagsterInstance, loop: Loop, door: str, asked: int
) -> None:
    before = approved()
    assert before.approval
    fresh = before.approval.model_copy(update={"door": door, "approved_at": datetime.now(UTC)})
    add_all(loop.store, [before.model_copy(update={"approval": fresh})])
    found = tick("approved_proposals", instance, loop)
    assert len(keys(found)) == asked
    assert len(json.loads(found.cursor)["waiting"]) == 1


@pytest.mark.parametrize("mode", ["hourly", "manual"])
def test_where_execution_is_not_on_approval_nothing_is_started(
    instance: dg.DagsterInstance, tmp_path: Path, mode: str
) -> None:
    loop = a_loop(tmp_path, IMPROVEMENT_EXECUTE=mode)
    add_all(loop.store, [approved()])
    found = tick("approved_proposals", instance, loop)
    assert keys(found) == [] and mode in found.skip_message


def test_while_paused_nothing_is_carried_out_and_afterwards_it_is(instance: dg.DagsterInstance, loop: Loop) -> None:
    add_all(loop.store, [approved()])
    loop.store.pause(True, actor="jesse")
    found = tick("approved_proposals", instance, loop)
    assert keys(found) == [] and "livhana resume" in found.skip_message
    loop.store.pause(False, actor="jesse")
    assert len(keys(tick("approved_proposals", instance, loop, found.cursor))) == 1


def test_an_expired_approval_is_not_carried_out(instance: dg.DagsterInstance, loop: Loop) -> None:
    one = approved()
    assert one.approval
    stale = one.model_copy(update={"approval": one.approval.model_copy(update={"expires_at": NOW - timedelta(days=1)})})
    add_all(loop.store, [stale])
    found = tick("approved_proposals", instance, loop)
    assert keys(found) == [] and "expired" in found.skip_message


def test_an_execution_that_kills_its_process_is_not_started_for_ever(instance: dg.DagsterInstance, loop: Loop) -> None:
    died = Event(at=datetime.now(UTC) + timedelta(hours=1), actor="recovery", action="approved", status=Status.APPROVED)
    add_all(loop.store, [approved(1, history=(died,) * (DEATHS - 1)), approved(2, history=(died,) * DEATHS)])
    assert partitions(tick("approved_proposals", instance, loop)) == [approved(1).id]


# --- outcomes ---


def test_what_landed_is_measured_once_a_day_and_the_books_are_kept(instance: dg.DagsterInstance, loop: Loop) -> None:
    one = landed()
    add_all(loop.store, [one, waiting(2)])
    found = tick("due_outcomes", instance, loop)
    assert keys(found) == [f"outcome:{one.id}:{datetime.now(UTC).date()}", "account:2"]
    assert {request.job_name for request in found.run_requests} == {"measure_outcomes", "account"}
    assert keys(tick("due_outcomes", instance, loop, found.cursor)) == []


def test_the_books_are_kept_again_when_something_happened(instance: dg.DagsterInstance, loop: Loop) -> None:
    add_all(loop.store, [waiting(1)])
    first = tick("due_outcomes", instance, loop)
    loop.store.record(actor="dagster", action="run_failed", operation="no proposal")
    assert keys(tick("due_outcomes", instance, loop, first.cursor)) == []
    add_all(loop.store, [waiting(2)])
    assert keys(tick("due_outcomes", instance, loop, first.cursor)) == ["account:3"]


def test_what_is_settled_is_not_measured_any_more(instance: dg.DagsterInstance, loop: Loop) -> None:
    add_all(loop.store, [landed(1, status=Status.NOT_IMPROVED), landed(2, days_ago=61, status=Status.IMPROVED)])
    assert partitions(tick("due_outcomes", instance, loop)) == [None]


# --- tidying up ---


def test_an_execution_whose_process_is_gone_is_settled(instance: dg.DagsterInstance, loop: Loop) -> None:
    one = approved()
    add_all(loop.store, [one])
    dead = Claim(run_id="another-host:1:1:x", claimed_at=NOW - timedelta(hours=2), fence=2)
    saved(loop, one, Status.EXECUTING, claim=dead)
    loop.__dict__["target"] = object()
    found = tick("stale_claims", instance, loop)
    assert loop.store.get(one.id).status is Status.APPROVED and one.id in found.skip_message
    assert instance.has_dynamic_partition("proposals", one.id)


def test_what_nobody_decided_expires(instance: dg.DagsterInstance, loop: Loop) -> None:
    add_all(loop.store, [waiting(1, created_at=NOW - timedelta(days=43)), waiting(2)])
    tick("stale_claims", instance, loop)
    assert [one.status for one in loop.store.proposals()] == [Status.PROPOSED, Status.EXPIRED]


def test_partitions_of_proposals_that_ended_long_ago_go(instance: dg.DagsterInstance, loop: Loop) -> None:
    def ended(number: int, days: int) -> Proposal:
        event = Event(at=NOW - timedelta(days=days), actor="jesse", action="rejected", status=Status.REJECTED)
        return waiting(number, status=Status.REJECTED, history=(event,))

    old, recent, open_one, old_landed = ended(1, 31), ended(2, 29), waiting(3), landed(4, days_ago=61)
    add_all(loop.store, [old, recent, open_one, old_landed])
    instance.add_dynamic_partitions("proposals", [old.id, recent.id, open_one.id, old_landed.id])
    [request] = tick("closed_proposal_partitions", instance, loop).dynamic_partitions_requests
    assert sorted(request.partition_keys) == [old.id, old_landed.id]


def test_a_partition_that_is_taken_away_is_not_asked_for_again(instance: dg.DagsterInstance, loop: Loop) -> None:
    add_all(loop.store, [landed(1, days_ago=61, status=Status.IMPROVED)])
    found = tick("due_outcomes", instance, loop)
    assert [request.partition_keys for request in found.dynamic_partitions_requests or ()] == []


# --- runs ---


def after_daily(instance: dg.DagsterInstance, loop: Loop, **tags: str) -> Any:
    run = a_run(instance, "daily_improvement", dg.DagsterRunStatus.SUCCESS, **tags)
    event = dg.DagsterEvent(dg.DagsterEventType.RUN_SUCCESS.value, job_name=run.job_name)
    context = dg.build_run_status_sensor_context("draft_after_daily", event, instance, run, resources={"loop": loop})
    return defs.get_repository_def().get_sensor_def("draft_after_daily")(context)


def test_drafting_follows_a_look_that_the_clock_started(instance: dg.DagsterInstance, loop: Loop) -> None:
    asked = after_daily(instance, loop, livhana__then="draft")
    assert isinstance(asked, dg.RunRequest) and (asked.run_key or "").startswith("draft:")


def test_a_backfill_and_the_terminals_own_run_draft_nothing_more(instance: dg.DagsterInstance, loop: Loop) -> None:
    assert isinstance(after_daily(instance, loop), dg.SkipReason)
    assert isinstance(after_daily(instance, loop, livhana__then="draft", dagster__backfill="abc"), dg.SkipReason)


def test_several_days_are_drafted_in_one_run(instance: dg.DagsterInstance, loop: Loop) -> None:
    a_run(instance, "draft_proposals")
    assert isinstance(after_daily(instance, loop, livhana__then="draft"), dg.SkipReason)


def test_while_paused_nothing_is_drafted(instance: dg.DagsterInstance, loop: Loop) -> None:
    loop.store.pause(True, actor="jesse")
    assert isinstance(after_daily(instance, loop, livhana__then="draft"), dg.SkipReason)


def failed(instance: dg.DagsterInstance, loop: Loop, **tags: str) -> dg.DagsterRun:
    run = a_run(instance, "execute_proposal", dg.DagsterRunStatus.FAILURE, **tags)
    event = dg.DagsterEvent(
        dg.DagsterEventType.RUN_FAILURE.value,
        job_name=run.job_name,
        message="Token ghp_abcdefghijklmnopqrstuvwxyz0123456789 refused",
    )
    context = dg.build_run_status_sensor_context("run_failures", event, instance, run, resources={"loop": loop})
    defs.get_repository_def().get_sensor_def("run_failures")(context.for_run_failure())
    return run


def test_a_failed_run_is_told_in_the_audit_without_its_secrets(instance: dg.DagsterInstance, loop: Loop) -> None:
    one = approved()
    add_all(loop.store, [one])
    instance.add_dynamic_partitions("proposals", [one.id])
    run = failed(instance, loop, dagster__partition=one.id)
    failed_line = list(loop.store.audit())[-1]
    assert (failed_line.action, failed_line.proposal_id, failed_line.details["run"]) == (
        "run_failed",
        one.id,
        run.run_id,
    )
    assert "ghp_" not in failed_line.details["why"] and "refused" in failed_line.details["why"]


def test_a_failed_run_is_not_told_while_the_clock_is_off(instance: dg.DagsterInstance, tmp_path: Path) -> None:
    store = MemoryProposalStore()
    failed(instance, a_loop(tmp_path, store, ENABLE_SELF_IMPROVEMENT=False))
    assert list(store.audit()) == []


# --- announcements ---


class Channel(BaseHTTPRequestHandler):
    """A webhook that keeps what it is told."""

    told: ClassVar[list[str]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.told.append(json.loads(body)["text"])
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing on the terminal."""


@pytest.fixture
def channel() -> Iterator[str]:
    Channel.told.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Channel) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/hook"
        server.shutdown()


def test_the_channel_is_told_once_also_when_the_cursor_is_lost(
    instance: dg.DagsterInstance, tmp_path: Path, channel: str
) -> None:
    loop = a_loop(tmp_path, IMPROVEMENT_WEBHOOK_URL=channel)
    one = waiting()
    add_all(loop.store, [one])
    first = tick("announcements", instance, loop)
    tick("announcements", instance, loop, first.cursor)
    tick("announcements", instance, loop)
    assert [one.id in text and "Waiting for you" in text for text in Channel.told] == [True]


def test_the_channel_hears_of_a_failed_run(instance: dg.DagsterInstance, tmp_path: Path, channel: str) -> None:
    loop = a_loop(tmp_path, IMPROVEMENT_WEBHOOK_URL=channel, IMPROVEMENT_PUBLIC_URL="https://desk.example.com")
    run = failed(instance, loop)
    tick("announcements", instance, loop)
    [text] = Channel.told
    assert text.startswith("*A run failed*: execute_proposal: ") and "ghp_" not in text
    assert text.endswith(f"\nhttps://desk.example.com/runs/{run.run_id}")


def test_without_a_channel_the_sensor_says_what_to_set(instance: dg.DagsterInstance, loop: Loop) -> None:
    assert "IMPROVEMENT_WEBHOOK_URL" in tick("announcements", instance, loop).skip_message
