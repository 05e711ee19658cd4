"""The API as a program uses it: read, decide, repeat, be refused, each with the documented answer."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from livhana_assets.cli.decisions import proposal_json
from livhana_assets.loop.outcomes.metrics import COUNTERS
from livhana_assets.loop.proposals.lifecycle import advance
from livhana_assets.loop.proposals.model import Proposal, Status
from livhana_assets.loop.proposals.ports import StoreUnavailable
from livhana_assets.web.api import reference
from livhana_assets.web.api.repeats import PATIENCE
from livhana_assets_tests.a_proposal import NOON, a_full_proposal
from livhana_assets_tests.web.an_api import ROOT, Api, proved, specified

PROBLEM = "application/problem+json"
ORIGINAL = (
    "id", "type", "priority", "title", "description", "implementation", "tests", "metrics", "requiresApproval",
    "autoFixEligible", "status", "revision", "digest", "patternId", "evidence", "proof", "analyst", "createdAt",
    "history", "schemaVersion",
)  # fmt: skip


@pytest.fixture
def api(tmp_path: Path) -> Api:
    return Api(tmp_path)


def approve(api: Api, proposal: Proposal, **more: Any) -> Any:
    return api.post(f"/proposals/{proposal.id}/approve", {"digest": proposal.digest}, **more)


def reject(api: Api, proposal: Proposal, reason: str = "not now", **more: Any) -> Any:
    return api.post(f"/proposals/{proposal.id}/reject", {"digest": proposal.digest, "reason": reason}, **more)


def is_problem(answer: Any, status: int) -> bool:
    body = answer.json()
    return answer.status_code == status == body["status"] and answer.headers["content-type"] == PROBLEM


def edited(api: Api, proposal: Proposal) -> Proposal:
    """A new revision, as drafting would save it."""
    after = advance(
        proposal, Status.PROPOSED, at=NOON, actor="analyst:rules", action="revised", revision=proposal.revision + 1
    )
    return api.store.save(
        after,
        expected_version=proposal.version,
        actor="analyst:rules",
        action="revised",
        operation=f"r:{after.version}",
    )


# --- reading ---------------------------------------------------------------------------------------------------------


def test_one_proposal_has_the_shape_of_the_original_and_of_the_command(api: Api) -> None:
    proposal = api.add(a_full_proposal())
    answer = api.get(f"/proposals/{proposal.id}")
    assert answer.status_code == 200
    assert set(ORIGINAL) <= set(answer.json())
    assert answer.json() == proposal_json(proposal)


def test_a_proposal_that_is_known_already_is_not_sent_again_until_it_changes(api: Api) -> None:
    proposal = api.add(proved())
    etag = api.get(f"/proposals/{proposal.id}").headers["etag"]
    again = api.get(f"/proposals/{proposal.id}", headers={"If-None-Match": f'"other", W/{etag}'})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
    approve(api, proposal)
    assert api.get(f"/proposals/{proposal.id}", headers={"If-None-Match": etag}).status_code == 200


def test_pages_follow_each_other_without_gap_or_repetition_while_more_is_proposed(api: Api) -> None:
    for number in range(7):
        api.add(proved(number))
    seen, link = [], f"{ROOT}/proposals?limit=3"
    while link:
        page = api.client("viewer").get(link).json()
        seen += [proposal["id"] for proposal in page["proposals"]]
        link = page["next"]
        api.add(proved(100 + len(seen)))
    assert seen == [proved(number).id for number in reversed(range(7))]


def test_a_list_holds_only_what_was_asked_for_on_every_page(api: Api) -> None:
    for number in range(4):
        api.add(proved(number))
        api.add(specified(10 + number, type="feature", id=f"feature-{number}"))
    first = api.get("/proposals", params={"status": "specified", "type": "feature", "limit": 3}).json()
    second = api.client("viewer").get(first["next"]).json()
    assert {p["type"] for p in first["proposals"] + second["proposals"]} == {"feature"}
    assert (len(first["proposals"]), len(second["proposals"]), second["next"]) == (3, 1, None)


@pytest.mark.parametrize(
    "asked",
    [{"limit": 0}, {"limit": 201}, {"status": "nice"}, {"type": "bug"}, {"limit": "x"}, {"statuss": "proposed"}],
)
def test_a_list_that_cannot_be_is_refused(api: Api, asked: dict[str, Any]) -> None:
    assert is_problem(api.get("/proposals", params=asked), 422)


@pytest.mark.parametrize("cursor", ["x", "%%%", "eA", "MjAyNi0xMS0yMFQxMjowMDowMCB4", "é"])
def test_a_cursor_of_somebody_elses_is_refused(api: Api, cursor: str) -> None:
    assert is_problem(api.get("/proposals", params={"cursor": cursor}), 400)


def test_the_counters_are_the_ten_and_the_measured_ones(api: Api) -> None:
    api.add(proved())
    body = api.get("/metrics").json()
    assert set(COUNTERS) < set(body)
    assert (body["improvementsProposed"], body["bugsDetected"], body["bugsFixed"]) == (1, 1, 0)


def test_where_no_model_can_be_asked_nothing_was_spent(api: Api) -> None:
    body = api.get("/metrics").json()
    assert (body["spentTodayUsd"], body["budgetUsd"]) == (0.0, 10.0)


def test_prometheus_reads_the_same_figures(api: Api) -> None:
    api.add(proved())
    api.add(specified(2))
    answer = api.client("viewer").get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=")
    families = {family.name: family for family in text_string_to_metric_families(answer.text)}
    assert families["livhana_improvements_proposed"].samples[0].value == 2
    by_status = {sample.labels["status"]: sample.value for sample in families["livhana_proposals"].samples}
    assert (by_status["proposed"], by_status["specified"], by_status["rejected"]) == (1, 1, 0)
    assert families["livhana_waiting"].samples[0].value == 2


def test_health_looks_at_store_and_warehouse(api: Api) -> None:
    api.store.pause(True, actor="jesse")
    body = api.get("/health").json()
    assert (body["status"], body["store"], body["warehouse"], body["paused"]) == ("ok", "ok", "ok", True)


def test_health_names_the_part_that_does_not_answer(api: Api) -> None:
    class Down:
        def paused(self) -> bool:
            raise StoreUnavailable("Redis does not answer.")

    api.loop.__dict__["store"] = Down()
    answer = api.get("/health")
    assert is_problem(answer, 503)
    assert answer.json()["checks"] == {"store": "Redis does not answer.", "warehouse": "ok"}


# --- deciding --------------------------------------------------------------------------------------------------------


def test_an_approval_by_the_api_says_so_and_starts_the_execution(api: Api) -> None:
    proposal = api.add(proved())
    answer = api.post(f"/proposals/{proposal.id}/approve", {"digest": proposal.digest, "comment": "fine"})
    approval = api.store.get(proposal.id).approval
    assert answer.status_code == 200
    assert (answer.json()["status"], answer.json()["decidedBy"]) == ("approved", "reviewer-person")
    assert approval is not None
    assert (approval.door, approval.by, approval.digest, approval.comment) == (
        "api",
        "reviewer-person",
        proposal.digest,
        "fine",
    )
    assert api.launches.started == [("execute_proposal", {"dagster/partition": proposal.id})]
    assert [e.details["origin"] for e in api.store.audit() if e.action == "approved"] == ["testclient"]


def test_an_approval_stands_where_its_execution_cannot_be_started(api: Api) -> None:
    proposal = api.add(proved())
    api.launches.is_down = True
    assert approve(api, proposal).status_code == 200
    assert api.store.get(proposal.id).status is Status.APPROVED
    assert is_problem(api.post(f"/proposals/{proposal.id}/execute"), 503)


@pytest.mark.parametrize("action", ["approve", "reject", "accept"])
def test_a_decision_about_an_older_revision_is_refused(api: Api, action: str) -> None:
    seen = api.add(proved())
    now = edited(api, seen)
    body = {"digest": seen.digest, **({"reason": "no"} if action == "reject" else {})}
    assert is_problem(api.post(f"/proposals/{seen.id}/{action}", body), 409)
    assert api.store.get(seen.id) == now


def test_a_specification_is_accepted_and_cannot_be_approved(api: Api) -> None:
    proposal = api.add(specified())
    assert is_problem(approve(api, proposal), 409)
    assert api.post(f"/proposals/{proposal.id}/accept", {"digest": proposal.digest}).json()["status"] == "accepted"


def test_a_rejection_remembers_its_reason(api: Api) -> None:
    proposal = api.add(proved())
    assert reject(api, proposal, "the price is optional").json()["status"] == "rejected"
    assert [entry["reason"] for entry in api.store.knowledge("refusal")] == ["the price is optional"]
    assert reject(api, proposal, "the price is optional").status_code == 200
    assert is_problem(reject(api, proposal, "another reason"), 409)


@pytest.mark.parametrize(
    "body",
    [
        {"reason": "no digest"}, {"digest": "d" * 64}, {"digest": "d" * 64, "reason": " \n "}, {"digest": "d" * 8, "reason": "x"},
        {"digest": "d" * 64, "reason": "x", "by": "somebody else"}, {"digest": "d" * 64, "reason": "\x00"}, [], "x", None,
        {"digest": "d" * 64, "reason": "x" * 2001},
    ],
)  # fmt: skip
def test_a_rejection_needs_the_digest_and_a_reason_and_nothing_else(api: Api, body: Any) -> None:
    proposal = api.add(proved())
    assert is_problem(api.post(f"/proposals/{proposal.id}/reject", body), 422)
    assert api.store.get(proposal.id) == proposal


@pytest.mark.parametrize(
    ("content", "status"),
    [(b"{", 400), (b"\xff", 400), (b"[" * 50_000, 400), (b'{"digest": "\\ud800"}', 422), (b"1" * 70_000, 413)],
)
def test_a_body_that_cannot_be_read_is_refused(api: Api, content: bytes, status: int) -> None:
    headers = {"Content-Type": "application/json"}
    answer = api.client().post(f"{ROOT}/proposals/bugfix-1/approve", content=content, headers=headers)
    assert is_problem(answer, status)


def test_an_execution_is_started_only_for_what_is_approved_and_while_nothing_is_paused(api: Api) -> None:
    proposal = api.add(proved())
    assert is_problem(api.post(f"/proposals/{proposal.id}/execute"), 409)
    approve(api, proposal)
    started = api.post(f"/proposals/{proposal.id}/execute")
    assert (started.status_code, started.json()) == (202, {"job": "execute_proposal", "runId": "run-2"})
    api.store.pause(True, actor="jesse")
    assert is_problem(api.post(f"/proposals/{proposal.id}/execute"), 409)
    assert len(api.launches.started) == 2


def test_an_analysis_starts_drafting_and_a_dry_run_only_tells(api: Api) -> None:
    dry = api.post("/analyze", {"dryRun": True})
    assert (dry.status_code, dry.json(), api.launches.started) == (200, {"patterns": []}, [])
    assert api.post("/analyze").json() == {"job": "draft_proposals", "runId": "run-1"}
    assert api.launches.started == [("draft_proposals", {})]


@pytest.mark.parametrize("path", ["approve", "reject", "accept", "execute"])
def test_what_is_not_there_is_not_found(api: Api, path: str) -> None:
    body = {"digest": "d" * 64, **({"reason": "x"} if path == "reject" else {})}
    assert is_problem(api.post(f"/proposals/bugfix-404/{path}", body), 404)
    assert is_problem(api.get("/proposals/bugfix-404"), 404)
    assert is_problem(api.get("/nowhere"), 404)


@pytest.mark.parametrize("path", ["a%0Ab", "a%2Fb", "%0A", "%00", "%ff", "a%0D%0Ab", "%F0%9F%8C%BF"])
def test_an_id_that_cannot_be_gets_a_problem_too(api: Api, path: str) -> None:
    answer = api.get(f"/proposals/{path}")
    assert is_problem(answer, answer.status_code)
    assert answer.status_code in (404, 422)


# --- who may ---------------------------------------------------------------------------------------------------------

CHANGES = ("/proposals/bugfix-0000000001/approve", "/proposals/bugfix-0000000001/reject", "/analyze",
           "/proposals/bugfix-0000000001/accept", "/proposals/bugfix-0000000001/execute")  # fmt: skip


@pytest.mark.parametrize("path", CHANGES)
def test_a_viewer_reads_and_changes_nothing(api: Api, path: str) -> None:
    proposal = api.add(proved())
    body = {} if "analyze" in path else {"digest": proposal.digest, **({"reason": "x"} if "reject" in path else {})}
    lines = len(list(api.store.audit()))
    assert is_problem(api.post(path, body, role="viewer", key="k"), 403)
    assert api.get(f"/proposals/{proposal.id}").status_code == 200
    assert (len(list(api.store.audit())), api.launches.started) == (lines, [])


@pytest.mark.parametrize("path", ["/proposals", "/metrics", "/health", "/openapi.json", *CHANGES])
def test_a_stranger_is_told_nothing(api: Api, path: str) -> None:
    client = api.client()
    client.headers.pop("authorization")
    ask = client.post if path in CHANGES else client.get
    assert is_problem(ask(ROOT + path), 401)


def test_too_many_changes_are_refused(tmp_path: Path) -> None:
    api = Api(tmp_path, changes=2)
    answers = [api.post("/proposals/bugfix-1/execute") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [404, 404, 429]
    assert answers[2].headers["content-type"] == PROBLEM


# --- the same key again ----------------------------------------------------------------------------------------------


def test_the_same_key_gets_the_same_answer_after_a_restart_and_a_later_change(api: Api) -> None:
    proposal = api.add(specified())
    path, body = f"/proposals/{proposal.id}/accept", {"digest": proposal.digest}
    first = api.post(path, body, key="one")
    accepted = api.store.get(proposal.id)
    drafting = advance(accepted, Status.DRAFTING, at=NOON, actor="agent", action="drafting")
    back = advance(drafting, Status.SPECIFIED, at=NOON, actor="agent", action="specified")
    for after in (drafting, back):
        api.store.save(
            after, expected_version=after.version - 1, actor="agent", action="x", operation=f"{after.version}"
        )
    api.app = api.restarted()
    again = api.post(path, body, key="one")
    assert (again.status_code, again.json()) == (first.status_code, first.json())
    assert api.store.get(proposal.id) == back


def test_a_run_is_started_once_for_one_key(api: Api) -> None:
    answers = [api.post("/analyze", {"dryRun": False}, key="nightly") for _ in range(3)]
    assert {answer.json()["runId"] for answer in answers} == {"run-1"}
    assert api.post("/analyze", {"dryRun": False}, key="tomorrow").json()["runId"] == "run-2"


def test_a_refusal_is_repeated_as_well(api: Api) -> None:
    proposal = api.add(proved())
    first = api.post(f"/proposals/{proposal.id}/execute", key="k")
    approve(api, proposal)
    again = api.post(f"/proposals/{proposal.id}/execute", key="k")
    assert is_problem(again, 409)
    assert again.json() == first.json()


def test_a_key_stands_for_one_request(api: Api) -> None:
    proposal = api.add(proved())
    assert approve(api, proposal, key="k").status_code == 200
    assert is_problem(reject(api, proposal, key="k"), 422)
    other = api.post(f"/proposals/{proposal.id}/approve", {"digest": proposal.digest, "comment": "x"}, key="k")
    assert is_problem(other, 422)
    assert api.store.get(proposal.id).status is Status.APPROVED


def test_a_key_is_the_persons_own(api: Api) -> None:
    one, two = api.add(proved(1)), api.add(proved(2))
    assert approve(api, one, key="k", role="reviewer").status_code == 200
    assert approve(api, two, key="k", role="admin").status_code == 200


@pytest.mark.parametrize("key", ["a b", "é", "x" * 256])
def test_a_key_is_visible_text_of_a_bounded_length(api: Api, key: str) -> None:
    proposal = api.add(proved())
    headers = {"Idempotency-Key": key.encode("latin-1")}
    answer = api.client().post(
        f"{ROOT}/proposals/{proposal.id}/approve", json={"digest": proposal.digest}, headers=headers
    )
    assert is_problem(answer, 422)


def test_a_request_that_died_unanswered_is_carried_out_when_its_time_is_over(api: Api) -> None:
    from livhana_assets.web.api.repeats import Request, once

    proposal = api.add(proved())
    body = {"digest": proposal.digest, "reason": "no"}
    request = Request("reviewer-person", "k", [f"{ROOT}/proposals/{proposal.id}/reject", body])

    def dies() -> Any:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        once(api.store, api.now, request, dies)
    asked = list(api.store.audit())[-1]
    api.now = type(api.now).fromisoformat(asked.at) + timedelta(seconds=1)
    early = api.post(f"/proposals/{proposal.id}/reject", body, key="k")
    assert is_problem(early, 409)
    assert early.headers["retry-after"] == "1"
    api.now += PATIENCE
    assert api.post(f"/proposals/{proposal.id}/reject", body, key="k").status_code == 200
    assert api.store.get(proposal.id).status is Status.REJECTED


# --- what is promised ------------------------------------------------------------------------------------------------


def test_every_operation_declares_its_errors_as_problems(api: Api) -> None:
    document = api.get("/openapi.json").json()
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    assert len(operations) == 11
    for operation in operations:
        declared = operation["responses"]
        assert {"401", "429", "503"} <= set(declared)
        assert all(set(declared[code]["content"]) == {PROBLEM} for code in declared if code >= "400")


def test_no_page_loads_scripts_from_elsewhere(api: Api) -> None:
    assert [api.get(path).status_code for path in ("/docs", "/redoc", "/")] == [404, 404, 404]


def test_the_committed_reference_is_what_the_api_says() -> None:
    assert reference.COMMITTED.read_text() == reference.text(), f"run `{reference.COMMAND}`"


def test_the_reference_names_every_path_and_status() -> None:
    text = reference.text()
    document = reference.document()
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            assert f"`{method.upper()} {path}`" in text
            assert all(f"| {status} |" in text for status in operation["responses"])
