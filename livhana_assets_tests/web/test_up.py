"""`livhana up` as a whole: one port, one sign-in, real runs; a decision in the Dagster UI is the signed-in person's own, and no other way decides."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from livhana_assets.loop.proposals.model import Proposal
from livhana_assets.loop.review.signatures import SIGNATURE, SIGNED
from livhana_assets_tests.web.a_running_up import (
    REPOSITORY,
    REVIEWER,
    VIEWER,
    RunningUp,
    alive,
    descendants,
    running,
    within,
)

pytestmark = pytest.mark.drill

LAUNCH = """mutation LaunchPipelineExecution($executionParams: ExecutionParams!) {
  launchPipelineExecution(executionParams: $executionParams) { __typename ... on LaunchRunSuccess { run { runId } } } }"""
LAUNCH_MANY = """mutation LaunchMultipleRuns($executionParamsList: [ExecutionParams!]!) {
  launchMultipleRuns(executionParamsList: $executionParamsList) {
    ... on LaunchMultipleRunsResult { launchMultipleRunsResult { __typename ... on LaunchRunSuccess { run { runId } } } } } }"""
AGAIN = """mutation LaunchReexecution($reexecutionParams: ReexecutionParams!) {
  launchPipelineReexecution(reexecutionParams: $reexecutionParams) { __typename ... on LaunchRunSuccess { run { runId } } } }"""
BACKFILL = """mutation LaunchPartitionBackfill($backfillParams: LaunchBackfillParams!) {
  launchPartitionBackfill(backfillParams: $backfillParams) { __typename ... on LaunchBackfillSuccess { backfillId } } }"""


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningUp]:
    with running(tmp_path_factory.mktemp("up")) as process:
        yield process


def typed(proposal: Proposal) -> str:
    """What a person types into the Launchpad."""
    return f"ops:\n  decision:\n    config:\n      decision: APPROVE\n      digest: {proposal.digest}\n      comment: looks right\n"


def launch_of(proposal: Proposal, tags: Mapping[str, str] | None = None) -> dict[str, Any]:
    """As the Dagster UI sends it when somebody materializes one partition of `decision`."""
    told = {"dagster/partition": proposal.id, "dagster/from_ui": "true", **(tags or {})}
    return {
        "runConfigData": typed(proposal),
        "mode": "default",
        "selector": {**REPOSITORY, "pipelineName": "__ASSET_JOB", "assetSelection": [{"path": ["decision"]}], "assetCheckSelection": []},
        "executionMetadata": {"tags": [{"key": key, "value": value} for key, value in told.items()]},
    }  # fmt: skip


def launched(up: RunningUp, who: str, proposal: Proposal, tags: Mapping[str, str] | None = None) -> str:
    answer = up.ask(who, LAUNCH, {"executionParams": launch_of(proposal, tags)}).json()
    return str(answer["data"]["launchPipelineExecution"]["run"]["runId"])


# --- coming in -------------------------------------------------------------------------------------------------------


def test_a_stranger_is_sent_to_the_sign_in(up: RunningUp) -> None:
    with up.client() as client:
        page = client.get("/", headers={"Accept": "text/html"})
        assert (page.status_code, page.headers["location"]) == (303, "/sign-in?next=/")
        assert client.get("/graphql").status_code == 401
        assert client.get("/sign-in", params={"token": "guessed"}).status_code == 401


def test_the_printed_link_opens_the_dagster_ui_and_the_pages(up: RunningUp) -> None:
    with up.browser() as client:
        page = client.get("/", headers={"Accept": "text/html"})
        assert (page.status_code, 'id="root"' in page.text) == (200, True)
        asked = {"query": "{ repositoriesOrError { ... on RepositoryConnection { nodes { name } } } }"}
        answer = client.post("/graphql", json=asked).json()
        assert answer["data"]["repositoriesOrError"]["nodes"] == [{"name": "__repository__"}]
        assert client.get("/review", headers={"Accept": "text/html"}).status_code == 200
        assert client.get("/api/improvements/health").status_code == 200


def test_what_is_kept_of_the_link_does_not_open_anything(up: RunningUp) -> None:
    token = up.link.partition("token=")[2]
    kept = [file.read_text(errors="replace") for file in [*up.home.glob("logs/*"), *up.home.glob("access/*")]]
    assert not any(token in text for text in kept)


def test_a_second_up_of_the_same_home_says_where_the_first_is(up: RunningUp) -> None:
    answer = up.command("up")
    assert answer.returncode == 2
    assert up.url in answer.stderr
    assert str(up.process.pid) in answer.stderr


# --- deciding in the Dagster UI --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Decided:
    proposal: Proposal
    run: str


@pytest.fixture(scope="module")
def decided(up: RunningUp) -> Decided:
    """A decision that a reviewer took by materializing it."""
    proposal = up.proposal(1)
    return Decided(proposal, launched(up, REVIEWER, proposal))


def test_materializing_a_decision_approves_in_the_persons_own_name(up: RunningUp, decided: Decided) -> None:
    assert within(30, lambda: up.status(decided.proposal) == "approved")
    approval = up.store.get(decided.proposal.id).approval
    assert approval is not None
    assert (approval.by, approval.digest) == (REVIEWER, decided.proposal.digest)
    assert up.ended(decided.run)["status"] == "SUCCESS"


def test_tags_that_claim_to_be_somebody_else_are_taken_off(up: RunningUp) -> None:
    proposal = up.proposal(2)
    run = launched(up, REVIEWER, proposal, {"livhana/person": "boss", "Livhana/signed": "{}", "livhana/execution": "x"})
    ended = up.ended(run)
    assert (ended["livhana/person"], "livhana/execution" in ended) == (REVIEWER, False)
    approval = up.store.get(proposal.id).approval
    assert approval is not None
    assert approval.by == REVIEWER


def test_a_viewer_decides_nothing(up: RunningUp) -> None:
    proposal = up.proposal(3)
    assert up.ask(VIEWER, LAUNCH, {"executionParams": launch_of(proposal)}).status_code == 403
    assert up.runs({"dagster/partition": proposal.id}) == []
    assert up.status(proposal) == "proposed"


def test_events_reported_by_hand_decide_nothing(up: RunningUp) -> None:
    proposal = up.proposal(4)
    with up.browser() as client:
        reported = client.post("/report_asset_materialization/decision", params={"partition": proposal.id})
    assert reported.status_code == 403
    assert up.status(proposal) == "proposed"


def test_launches_that_carry_no_persons_word_decide_nothing(up: RunningUp, decided: Decided) -> None:
    """A stolen signature in a launch of several, a backfill with configuration, and an earlier decision done again: each runs, and is refused."""
    tags = up.ended(decided.run)
    stolen = {name: tags[name] for name in (SIGNED, SIGNATURE)}
    several, backfilled = up.proposal(5), up.proposal(6)
    runs = [_several(up, several, stolen), _again(up, decided.run)]
    backfill = _backfill(up, backfilled)
    assert [up.ended(run)["status"] for run in runs] == ["FAILURE", "FAILURE"]
    filled = within(90, lambda: up.runs({"dagster/backfill": backfill}))
    assert [up.ended(run["runId"])["status"] for run in filled] == ["FAILURE"]
    assert [up.status(proposal) for proposal in (several, backfilled)] == ["proposed", "proposed"]
    assert (
        len(
            [line for line in up.store.audit() if line.action == "approved" and line.proposal_id == decided.proposal.id]
        )
        == 1
    )


def _several(up: RunningUp, proposal: Proposal, tags: Mapping[str, str]) -> str:
    answer = up.ask(REVIEWER, LAUNCH_MANY, {"executionParamsList": [launch_of(proposal, tags)]}).json()
    return str(answer["data"]["launchMultipleRuns"]["launchMultipleRunsResult"][0]["run"]["runId"])


def _again(up: RunningUp, run: str) -> str:
    asked = {"parentRunId": run, "strategy": "ALL_STEPS", "useParentRunTags": True}
    answer = up.ask(REVIEWER, AGAIN, {"reexecutionParams": asked}).json()
    return str(answer["data"]["launchPipelineReexecution"]["run"]["runId"])


def _backfill(up: RunningUp, proposal: Proposal) -> str:
    asked = {
        "assetSelection": [{"path": ["decision"]}],
        "partitionNames": [proposal.id],
        "runConfigData": typed(proposal),
        "tags": [{"key": "livhana/person", "value": "boss"}],
    }
    answer = up.ask(REVIEWER, BACKFILL, {"backfillParams": asked}).json()
    return str(answer["data"]["launchPartitionBackfill"]["backfillId"])


# --- in the Dagster UI, what other doors decided ------------------------------------------------------------------------


def test_a_decision_at_a_prompt_is_on_the_proposals_page(up: RunningUp) -> None:
    """`bench/visible.py` measures how soon, by every door."""
    proposal = up.proposal(9)
    assert within(30, lambda: up.in_dagster(proposal.id) == "proposed")
    assert up.command("reject", proposal.id, "--reason", "not now").returncode == 0
    assert within(30, lambda: up.in_dagster(proposal.id) == "rejected")


# --- through the API -------------------------------------------------------------------------------------------------


def test_what_the_api_executes_is_a_run_in_dagster(up: RunningUp) -> None:
    """It is refused there, because this home has no target; what counts is that it was started."""
    proposal = up.proposal(8)
    with up.client(REVIEWER) as client:
        path = f"/api/improvements/proposals/{proposal.id}"
        client.post(f"{path}/approve", json={"digest": proposal.digest}).raise_for_status()
        client.post(f"{path}/execute").raise_for_status()
    assert len(up.runs({"dagster/partition": proposal.id})) == 1


# --- at the end ------------------------------------------------------------------------------------------------------


def test_a_code_server_that_dies_is_started_again_and_found(up: RunningUp) -> None:
    """The daemon and the UI find the new one by themselves."""
    before = descendants(up.process.pid)
    server = up.child("dagster", "api", "grpc")
    os.kill(server, signal.SIGKILL)
    assert within(30, lambda: up.child("dagster", "api", "grpc") not in {0, *before})
    proposal = up.proposal(7)
    assert within(30, lambda: _takes(up, proposal))
    assert within(30, lambda: up.status(proposal) == "approved")


def _takes(up: RunningUp, proposal: Proposal) -> bool:
    answer = up.ask(REVIEWER, LAUNCH, {"executionParams": launch_of(proposal)}).json()
    return bool(answer["data"]["launchPipelineExecution"]["__typename"] == "LaunchRunSuccess")


def test_sigterm_ends_everything_in_order(up: RunningUp) -> None:
    """The last one here: the process is gone after it."""
    children = descendants(up.process.pid)
    assert len(children) >= 4
    up.process.send_signal(signal.SIGTERM)
    assert up.process.wait(timeout=40) == 0
    assert alive(children) == set()
    assert "Traceback" not in (up.home / "logs" / "web.log").read_text()
