"""Letting the agent draft from a proposal's page: offered where a model is configured, done elsewhere, told on the page."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from livhana_assets.adapters.delta_warehouse import DeltaWarehouse
from livhana_assets.loop.proposals.model import Status
from livhana_assets.loop.review.errands import TAG, answer, find
from livhana_assets.web.desk import PATIENCE, PATIENCE_WITH_THE_AGENT
from livhana_assets_tests.web.test_pages import (
    NOW,
    House3000,
    a_specification,
    decide,
    forms_of,
    viewer_token,
    warehouse,
)

__all__ = ["warehouse"]

SPECIFIED = "bugfix-0000000002"
HERE = f"/review/proposals/{SPECIFIED}"
DRAFT = f"{HERE}/draft"


@pytest.fixture
def house(tmp_path: Path, warehouse: DeltaWarehouse) -> House3000:
    made = House3000(tmp_path, warehouse, ANTHROPIC_API_KEY="written-for-a-test", IMPROVEMENT_ANALYST="auto")
    made.add(a_specification(2))
    return made


def test_the_agent_drafts_an_accepted_specification_in_a_run_of_its_own(house: House3000) -> None:
    house.move(SPECIFIED, Status.ACCEPTED)
    client = house.as_("reviewer")
    answered = decide(client, SPECIFIED, "draft")
    assert (answered.status_code, answered.headers["location"]) == (303, f"{HERE}?told=drafting")
    [(job, tags)] = house.launched.jobs
    errand = find(house.store, int(tags[TAG]))
    assert (job, errand.kind, errand.by, errand.text) == ("draft_specification", "draft", "reviewer-person", "")
    page = client.get(answered.headers["location"]).text
    assert "The agent works on it" in page and "The agent&#39;s draft for reviewer-person is being proved." in page
    assert decide(client, SPECIFIED, "draft").status_code == 409, "it is at work already"
    assert len(house.launched.jobs) == 1


def test_the_button_on_a_specification_accepts_it_and_says_so(house: House3000) -> None:
    client = house.as_("reviewer")
    assert "Accept, and let the agent draft it" in client.get(HERE).text
    assert decide(client, SPECIFIED, "draft").status_code == 303
    assert house.store.get(SPECIFIED).status is Status.ACCEPTED


def test_no_proposal_says_why_on_the_page(house: House3000) -> None:
    client = house.as_("reviewer")
    decide(client, SPECIFIED, "draft")
    house.move(SPECIFIED, Status.DRAFTING)
    house.move(SPECIFIED, Status.SPECIFIED)
    [(_, tags)] = house.launched.jobs
    answer(house.store, find(house.store, int(tags[TAG])), told=f"40 turns are used up. {SPECIFIED} stays as it is.")
    page = client.get(HERE).text
    assert "The agent&#39;s draft for reviewer-person was not proved:" in page and "40 turns are used up" in page
    assert DRAFT in forms_of(page), "it may be asked for again"


def test_an_agent_has_more_time_than_a_proof(house: House3000) -> None:
    client = house.as_("reviewer")
    decide(client, SPECIFIED, "draft")
    object.__setattr__(house.desk, "clock", lambda: NOW + PATIENCE + timedelta(minutes=1))
    assert "is being proved" in client.get(HERE).text
    object.__setattr__(house.desk, "clock", lambda: NOW + PATIENCE_WITH_THE_AGENT + timedelta(minutes=1))
    assert "has no outcome after an hour and a half" in client.get(HERE).text


@pytest.mark.parametrize("settings", [{}, {"ANTHROPIC_API_KEY": "written-for-a-test", "IMPROVEMENT_ANALYST": "rules"}])
def test_without_a_model_there_is_no_agent_to_ask(
    tmp_path: Path, warehouse: DeltaWarehouse, monkeypatch: pytest.MonkeyPatch, settings: dict[str, str]
) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    house = House3000(tmp_path, warehouse, **settings)
    house.add(a_specification(2))
    client = house.as_("reviewer")
    page = client.get(HERE).text
    assert DRAFT not in forms_of(page) and "let the agent" not in page
    hidden = forms_of(page)[f"{HERE}/accept"]
    answered = client.post(DRAFT, data=hidden)
    assert answered.status_code == 409 and "No model is configured" in answered.text
    assert house.store.get(SPECIFIED).status is Status.SPECIFIED and house.launched.jobs == []


def test_nothing_is_drafted_while_the_loop_is_paused(house: House3000) -> None:
    hidden = forms_of(house.as_("reviewer").get(HERE).text)[DRAFT]
    house.store.pause(True, actor="jesse")
    client = house.as_("reviewer")
    assert DRAFT not in forms_of(client.get(HERE).text)
    assert client.post(DRAFT, data=hidden).status_code == 409
    assert house.store.get(SPECIFIED).status is Status.SPECIFIED and house.launched.jobs == []


def test_what_changed_since_it_was_read_is_not_drafted(house: House3000) -> None:
    client = house.as_("reviewer")
    hidden = forms_of(client.get(HERE).text)[DRAFT]
    house.move(SPECIFIED, Status.ACCEPTED, title="Another title")
    assert client.post(DRAFT, data=hidden).status_code == 409 and house.launched.jobs == []


def test_a_viewer_starts_no_agent(house: House3000) -> None:
    viewer = house.as_("viewer")
    assert DRAFT not in forms_of(viewer.get(HERE).text)
    data = {"form_token": viewer_token(house), "digest": house.store.get(SPECIFIED).digest}
    assert viewer.post(DRAFT, data=data).status_code == 403 and house.launched.jobs == []
