"""Attaching a patch and taking a change back from a proposal's page: started at once, proved elsewhere, told on the page."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from livhana_assets.loop.proposals.model import Status
from livhana_assets.loop.review.errands import TAG, answer, find
from livhana_assets.web.desk import LONGEST_PATCH
from livhana_assets_tests.web.test_pages import (
    HOSTILE,
    NOW,
    PATCH,
    House3000,
    a_specification,
    decide,
    forms_of,
    full_house,
    house,
    parsed,
    viewer_token,
    warehouse,
)

__all__ = ["full_house", "house", "warehouse"]

SPECIFIED, LANDED = "bugfix-0000000002", "bugfix-0000000003"
HERE = f"/review/proposals/{SPECIFIED}"
ATTACH = f"{HERE}/attach"


@pytest.fixture
def reviewer(full_house: House3000) -> TestClient:
    full_house.move(SPECIFIED, Status.ACCEPTED)
    return full_house.as_("reviewer")


def attach(client: TestClient, patch: str = PATCH, **more: Any) -> Any:
    return client.post(ATTACH, data={**forms_of(client.get(HERE).text)[ATTACH], "patch": patch}, **more)


def errand_of(house: House3000, job: str) -> Any:
    """What was taken down for the only run that was started."""
    [(started, tags)] = house.launched.jobs
    assert started == job
    return find(house.store, int(tags[TAG]))


def field(page: str) -> str:
    found = re.search(r'<textarea id="patch"[^>]*>\n(.*?)</textarea>', page, re.DOTALL)
    assert found
    return found[1]


# --- a patch ---------------------------------------------------------------------------------------------------------


def test_a_pasted_patch_is_taken_down_and_a_run_started_that_proves_it(
    full_house: House3000, reviewer: TestClient
) -> None:
    answered = attach(reviewer, PATCH.replace("\n", "\r\n").removesuffix("\r\n"))
    assert (answered.status_code, answered.headers["location"]) == (303, f"{HERE}?told=proving")
    errand = errand_of(full_house, "attach_patch")
    assert (errand.kind, errand.by, errand.text) == ("attach", "reviewer-person", PATCH)
    page = reviewer.get(answered.headers["location"]).text
    assert 'role="status">Your patch is being proved' in page and "data-proving" in page
    assert f"livhana%2Ferrand%3D{errand.number}" in page, "its run can be looked at"
    assert full_house.store.get(SPECIFIED).status is Status.ACCEPTED


def test_an_uploaded_file_is_taken_as_it_is(full_house: House3000, reviewer: TestClient) -> None:
    whole = PATCH.replace("\n", "\r\n") + "é\n"
    attach(reviewer, patch="", files={"file": ("fix.patch", whole.encode(), "text/x-diff")})
    assert errand_of(full_house, "attach_patch").text == whole


def test_a_form_without_a_file_chosen_sends_what_was_pasted(full_house: House3000, reviewer: TestClient) -> None:
    attach(reviewer, files={"file": ("", b"", "application/octet-stream")})
    assert errand_of(full_house, "attach_patch").text == PATCH


def test_the_form_on_a_specification_accepts_it_and_says_so(full_house: House3000) -> None:
    client = full_house.as_("reviewer")
    assert "Accept, and prove this patch" in client.get(HERE).text
    assert attach(client).status_code == 303
    accepted = full_house.store.get(SPECIFIED)
    assert (accepted.status, accepted.history[-1].actor) == (Status.ACCEPTED, "reviewer-person")
    assert errand_of(full_house, "attach_patch").proposal_id == SPECIFIED


def test_a_refusal_says_which_gate_spoke_and_keeps_the_patch_in_its_field(
    full_house: House3000, reviewer: TestClient
) -> None:
    attach(reviewer)
    told = f"refused by a gate: a regression test is added. {SPECIFIED} stays as it is."
    answer(full_house.store, errand_of(full_house, "attach_patch"), told=told)
    page = reviewer.get(HERE).text
    assert "The patch of reviewer-person was not proved:" in page and "refused by a gate: a regression test" in page
    assert field(page) == PATCH.replace("<", "&lt;").replace(">", "&gt;").replace('"', "&#34;")
    assert "data-proving" not in page


def test_a_patch_that_holds_is_told_on_the_page_of_the_revision(full_house: House3000, reviewer: TestClient) -> None:
    attach(reviewer)
    full_house.move(SPECIFIED, Status.DRAFTING)
    full_house.move(SPECIFIED, Status.PROPOSED, revision=2)
    answer(full_house.store, errand_of(full_house, "attach_patch"), told="proved", leads_to=SPECIFIED)
    page = reviewer.get(HERE).text
    assert "The patch of reviewer-person is proved: this page shows it, as revision 2." in page
    full_house.move(SPECIFIED, Status.REJECTED)
    assert "is proved" not in reviewer.get(HERE).text


def test_a_proof_that_never_ends_is_told_and_may_be_asked_for_again(
    full_house: House3000, reviewer: TestClient
) -> None:
    attach(reviewer)
    assert attach(reviewer).status_code == 409, "the same patch is being proved already"
    object.__setattr__(full_house.desk, "clock", lambda: NOW + timedelta(minutes=16))
    assert "no outcome after a quarter of an hour" in reviewer.get(HERE).text
    assert attach(reviewer).status_code == 303
    assert len(full_house.launched.jobs) == 2


def test_a_run_that_does_not_start_is_told_and_the_patch_kept(full_house: House3000, reviewer: TestClient) -> None:
    full_house.launched.broken = True
    answered = attach(reviewer)
    assert answered.status_code == 503
    assert "Dagster does not answer" in answered.text and "def test_total" in field(answered.text)
    assert "was not proved:" in reviewer.get(HERE).text


@pytest.mark.parametrize(
    ("patch", "told"),
    [("", "There is no patch in the form"), (" \n", "There is no patch in the form"), ("x" * (LONGEST_PATCH + 1), "more than 524,288 characters")],
    ids=["nothing", "blank", "too long"],
)  # fmt: skip
def test_what_is_no_patch_is_refused_at_once(
    full_house: House3000, reviewer: TestClient, patch: str, told: str
) -> None:
    answered = attach(reviewer, patch)
    assert (answered.status_code, told in answered.text) == (422, True)
    assert full_house.launched.jobs == []


def test_a_file_that_is_no_text_is_refused_at_once(full_house: House3000, reviewer: TestClient) -> None:
    answered = attach(reviewer, files={"file": ("fix.patch", b"\xff\xfe\x00", "text/x-diff")})
    assert (answered.status_code, "The file is not in UTF-8" in answered.text) == (422, True)
    assert full_house.launched.jobs == []


def test_a_form_that_is_longer_than_any_patch_is_not_read(full_house: House3000, reviewer: TestClient) -> None:
    answered = attach(reviewer, "", files={"file": ("fix.patch", b"x" * (5 * LONGEST_PATCH), "text/x-diff")})
    assert answered.status_code == 413
    assert full_house.launched.jobs == []


def test_a_patch_for_what_changed_since_is_not_proved_and_stays_in_its_field(
    full_house: House3000, reviewer: TestClient
) -> None:
    hidden = forms_of(reviewer.get(HERE).text)[ATTACH]
    full_house.move(SPECIFIED, Status.DRAFTING, title="Another title")
    answered = reviewer.post(ATTACH, data={**hidden, "patch": PATCH})
    assert answered.status_code == 409
    assert "It changed since you saw it" in answered.text and "def test_total" in field(answered.text)
    assert full_house.launched.jobs == []


def test_a_viewer_attaches_nothing(full_house: House3000, reviewer: TestClient) -> None:
    viewer = full_house.as_("viewer")
    assert ATTACH not in forms_of(viewer.get(HERE).text)
    digest = full_house.store.get(SPECIFIED).digest
    answered = viewer.post(ATTACH, data={"form_token": viewer_token(full_house), "digest": digest, "patch": PATCH})
    assert answered.status_code == 403
    assert full_house.launched.jobs == []


@pytest.mark.parametrize("multipart", [False, True])
def test_a_patch_without_the_persons_own_token_is_not_read(
    full_house: House3000, reviewer: TestClient, multipart: bool
) -> None:
    files = {"file": ("fix.patch", PATCH.encode(), "text/x-diff")} if multipart else None
    digest = full_house.store.get(SPECIFIED).digest
    answered = reviewer.post(ATTACH, data={"form_token": "x", "digest": digest, "patch": PATCH}, files=files)
    assert answered.status_code == 403
    assert full_house.launched.jobs == []


def test_a_broken_upload_is_an_answer(reviewer: TestClient) -> None:
    answered = reviewer.post(ATTACH, content=b"--x\r\nnonsense", headers={"Content-Type": "multipart/form-data"})
    assert answered.status_code == 403


def test_hostile_text_in_a_patch_and_its_refusal_stays_text(full_house: House3000, reviewer: TestClient) -> None:
    attach(reviewer, f"</textarea>{HOSTILE}")
    answer(full_house.store, errand_of(full_house, "attach_patch"), told=HOSTILE)
    page = reviewer.get(HERE).text
    assert parsed(page).found == []
    assert not set(page) & set("\u202e\u202c\u200b\x1b")
    assert field(page) == "", "what a reader could not see whole does not go back into the field"


# --- taking back -----------------------------------------------------------------------------------------------------


def test_taking_back_starts_a_run_that_proves_the_reversal(full_house: House3000) -> None:
    client = full_house.as_("reviewer")
    answered = decide(client, LANDED, "revert", reason="it made things worse")
    assert answered.headers["location"] == f"/review/proposals/{LANDED}?told=reverting"
    errand = errand_of(full_house, "propose_reversal")
    assert (errand.kind, errand.by, errand.text) == ("revert", "reviewer-person", "it made things worse")
    assert "The reversal of reviewer-person is being proved." in client.get(f"/review/proposals/{LANDED}").text


def test_a_proved_reversal_is_one_step_away(full_house: House3000) -> None:
    client = full_house.as_("reviewer")
    decide(client, LANDED, "revert")
    reversal = full_house.add(a_specification(7, pattern_id=f"reversal-of-{LANDED}", status=Status.PROPOSED))
    answer(full_house.store, errand_of(full_house, "propose_reversal"), told="proved", leads_to=reversal.id)
    assert f'<a href="/review/proposals/{reversal.id}">read it</a>' in client.get(f"/review/proposals/{LANDED}").text
    again = decide(client, LANDED, "revert")
    assert again.headers["location"] == f"/review/proposals/{reversal.id}?told=reversal"
    assert len(full_house.launched.jobs) == 1


def test_a_reversal_that_cannot_be_proved_says_why_and_may_be_asked_for_again(full_house: House3000) -> None:
    client = full_house.as_("reviewer")
    decide(client, LANDED, "revert")
    told = "Say which repository to improve: set IMPROVEMENT_TARGET_REPO to its path or URL."
    answer(full_house.store, errand_of(full_house, "propose_reversal"), told=told)
    page = client.get(f"/review/proposals/{LANDED}").text
    assert "was not proved:" in page and "IMPROVEMENT_TARGET_REPO" in page
    assert decide(client, LANDED, "revert").status_code == 303


def test_nothing_is_taken_back_while_the_loop_is_paused(full_house: House3000) -> None:
    full_house.store.pause(True, actor="jesse")
    answered = decide(full_house.as_("reviewer"), LANDED, "revert", reason="it is wrong")
    assert answered.status_code == 409
    assert "The loop is paused" in answered.text and "it is wrong</textarea>" in answered.text
    assert full_house.launched.jobs == []


# --- a restart -------------------------------------------------------------------------------------------------------


def test_a_new_web_process_shows_what_is_being_proved(
    full_house: House3000, reviewer: TestClient, tmp_path: Path
) -> None:
    attach(reviewer)
    restarted = House3000(tmp_path / "again", full_house.desk.loop.warehouse)
    restarted.desk.loop.__dict__["store"] = full_house.store
    object.__setattr__(restarted.desk, "shelf", type(full_house.desk.shelf)(full_house.store))
    assert "The patch of reviewer-person is being proved." in restarted.as_("viewer").get(HERE).text
