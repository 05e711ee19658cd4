"""A patch through the API: the answer comes at once, the outcome is asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from livhana_assets.loop.proposals.model import Proposal, Status
from livhana_assets.loop.review.decisions import accept
from livhana_assets.loop.review.errands import TAG, answer, find
from livhana_assets.web.desk import LONGEST_PATCH
from livhana_assets_tests.web.an_api import Api, proved, specified

PATCH = "--- a/x\n+++ b/x\n"


@pytest.fixture
def api(tmp_path: Path) -> Api:
    return Api(tmp_path)


def accepted(api: Api) -> Proposal:
    return accept(api.store, api.add(specified(1)).id, by="jesse", now=api.now)


def test_a_patch_is_taken_down_in_the_persons_name_and_a_run_started(api: Api) -> None:
    waiting = accepted(api)
    answered = api.post(f"/proposals/{waiting.id}/attach", {"digest": waiting.digest, "patch": PATCH}, key="k")
    assert (answered.status_code, answered.json()) == (202, {"job": "attach_patch", "runId": "run-1"})
    [(job, tags)] = api.launches.started
    errand = find(api.store, int(tags[TAG]))
    assert (job, errand.by, errand.text) == ("attach_patch", "reviewer-person", PATCH)
    again = api.post(f"/proposals/{waiting.id}/attach", {"digest": waiting.digest, "patch": PATCH}, key="k")
    assert (again.json(), len(api.launches.started)) == (answered.json(), 1)


def test_how_it_ended_can_be_asked(api: Api) -> None:
    waiting = accepted(api)
    path = f"/proposals/{waiting.id}/asked"
    assert api.get(path).status_code == 404
    api.post(f"/proposals/{waiting.id}/attach", {"digest": waiting.digest, "patch": PATCH})
    assert (api.get(path).json()["state"], api.get(path).json()["by"]) == ("proving", "reviewer-person")
    errand = find(api.store, int(api.launches.started[0][1][TAG]))
    answer(api.store, errand, told="refused by a gate: size")
    assert {"state": "refused", "told": "refused by a gate: size", "leadsTo": ""}.items() <= api.get(
        path
    ).json().items()
    assert api.get("/proposals/bugfix-404/asked").status_code == 404


def test_only_an_accepted_specification_takes_a_patch(api: Api) -> None:
    for proposal, told in ((proved(2), "is proposed: a patch is attached"), (specified(3), "is not accepted yet")):
        api.add(proposal)
        answered = api.post(f"/proposals/{proposal.id}/attach", {"digest": proposal.digest, "patch": PATCH})
        assert (answered.status_code, told in answered.json()["detail"]) == (409, True)
    assert api.launches.started == []


def test_a_patch_for_something_else_than_what_stands_there_is_refused(api: Api) -> None:
    waiting = accepted(api)
    answered = api.post(f"/proposals/{waiting.id}/attach", {"digest": "0" * 64, "patch": PATCH})
    assert (answered.status_code, api.launches.started) == (409, [])


@pytest.mark.parametrize(
    ("patch", "status"), [("", 422), ("x" * (LONGEST_PATCH + 1), 422), ("x" * 4 * LONGEST_PATCH, 413)]
)
def test_no_patch_and_too_long_a_patch_are_refused(api: Api, patch: str, status: int) -> None:
    waiting = accepted(api)
    answered = api.post(f"/proposals/{waiting.id}/attach", {"digest": waiting.digest, "patch": patch})
    assert (answered.status_code, answered.headers["content-type"]) == (status, "application/problem+json")
    assert api.launches.started == []


def test_the_longest_patch_is_taken_although_other_bodies_are_short(api: Api) -> None:
    waiting = accepted(api)
    longest = {"digest": waiting.digest, "patch": "x" * LONGEST_PATCH}
    assert api.post(f"/proposals/{waiting.id}/attach", longest).status_code == 202
    assert api.post(f"/proposals/{waiting.id}/accept", longest).status_code == 413


def test_a_viewer_attaches_nothing(api: Api) -> None:
    waiting = accepted(api)
    body = {"digest": waiting.digest, "patch": PATCH}
    assert api.post(f"/proposals/{waiting.id}/attach", body, role="viewer").status_code == 403
    assert (api.store.get(waiting.id).status, api.launches.started) == (Status.ACCEPTED, [])
