"""The page of a pattern through the whole application: read, merged, split; by reviewers only, and only as it was seen."""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from livhana_assets.adapters.access_file import AccessFile
from livhana_assets.adapters.delta_warehouse import DeltaWarehouse
from livhana_assets.loop.patterns.errors import load_error_patterns
from livhana_assets.loop.patterns.regrouping import regroup, uncorrected_days
from livhana_assets.loop.proposals.model import Status
from livhana_assets.web.sessions import form_token
from livhana_assets_tests.loop.patterns.error_rows import error_row, log_errors
from livhana_assets_tests.web.test_pages import House3000, forms_of, parsed, proved

DAYS = (date(2026, 11, 20), date(2026, 11, 21))
HOSTILE = "<img src=x onerror=alert(1)> is full"


@pytest.fixture(scope="module")
def grouped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A crash of two messages on two days, and on the first one without a trace, whose message is markup."""
    folder = tmp_path_factory.mktemp("warehouse")
    rows = [error_row(n, message="no price" if n % 3 else "no stock") for n in range(6)]
    later = datetime(2026, 11, 21, 7, tzinfo=UTC)
    rows += [error_row(10, message="no price", occurred_at=later, ingested_at=later)]
    rows += [error_row(20 + n, message=HOSTILE, stack_trace=None) for n in range(2)]
    log_errors(DeltaWarehouse(folder), rows)
    regroup(DeltaWarehouse(folder), DAYS)
    return folder


@pytest.fixture
def house(grouped: Path, tmp_path: Path) -> House3000:
    shutil.copytree(grouped, tmp_path / "warehouse")
    return House3000(tmp_path / "home", DeltaWarehouse(tmp_path / "warehouse"))


def ids(house: House3000) -> dict[int, str]:
    """By how often they were seen."""
    return {one.occurrences: one.pattern_id for one in load_error_patterns(house.desk.loop.warehouse)}


def test_a_pattern_says_which_rule_joined_what_and_nothing_in_it_acts(house: House3000) -> None:
    cart, disk = ids(house)[7], ids(house)[2]
    page = house.as_("viewer").get(f"/review/patterns/{cart}").text
    for words in (
        cart,
        "new",
        "no price",
        "no stock",
        "frames",
        "suspect release",
        "7 occurrences",
        "needs the role reviewer",
    ):
        assert words in page, words
    assert "/merge" not in page
    shown = parsed(house.as_("reviewer").get(f"/review/patterns/{disk}").text)
    assert shown.found == [] and len(shown.ids) == len(set(shown.ids))
    assert house.as_("viewer").get("/review/patterns/error-000000000000").status_code == 404


def test_a_proposal_leads_to_its_pattern_and_back(house: House3000) -> None:
    cart = ids(house)[7]
    house.add(proved(1, pattern_id=cart))
    assert f"/review/patterns/{cart}" in house.as_("viewer").get("/review/proposals/bugfix-0000000001").text
    assert "/review/proposals/bugfix-0000000001" in house.as_("viewer").get(f"/review/patterns/{cart}").text


def test_a_merge_is_audited_supersedes_the_proposal_and_starts_a_run_over_the_days(house: House3000) -> None:
    cart, disk = ids(house)[7], ids(house)[2]
    house.add(proved(1, pattern_id=cart))
    client, action = house.as_("reviewer"), f"/review/patterns/{cart}/merge"
    hidden = forms_of(client.get(f"/review/patterns/{cart}").text)[action]
    answer = client.post(action, data={**hidden, "into": disk, "reason": "one cause"})
    assert (answer.status_code, answer.headers["location"]) == (303, f"/review/patterns/{disk}?told=merged")
    assert house.store.get("bugfix-0000000001").status is Status.SUPERSEDED
    entry = next(one for one in house.store.audit() if one.action == "pattern_merged")
    assert (entry.actor, entry.details["door"], entry.details["into"]) == ("reviewer-person", "pages", disk)
    (job, tags), *_ = house.launched.jobs
    assert (job, sorted(tags.values())) == ("daily_improvement", ["2026-11-20", "2026-11-21"])
    regroup(house.desk.loop.warehouse, uncorrected_days(house.desk.loop.warehouse))
    assert ids(house) == {9: disk}
    assert f"counts as {disk} now" in client.get(f"/review/patterns/{cart}").text


def test_a_template_is_split_off_also_where_no_run_can_be_started(house: House3000) -> None:
    cart = ids(house)[7]
    client, action = house.as_("reviewer"), f"/review/patterns/{cart}/split"
    page = client.get(f"/review/patterns/{cart}").text
    key = page.split('name="template"')[1].split('value="')[2].split('"')[0]
    house.launched.broken = True
    answer = client.post(action, data={**forms_of(page)[action], "template": key, "reason": "another bug"})
    assert answer.headers["location"] == f"/review/patterns/{cart}?told=later"
    regroup(house.desk.loop.warehouse, uncorrected_days(house.desk.loop.warehouse))
    assert sorted(ids(house)) == [2, 5]


def test_what_is_not_allowed_changes_nothing(house: House3000, tmp_path: Path) -> None:
    cart, disk = ids(house)[7], ids(house)[2]
    reviewer, action = house.as_("reviewer"), f"/review/patterns/{cart}/merge"
    hidden = forms_of(reviewer.get(f"/review/patterns/{cart}").text)[action]
    viewer = house.as_("viewer")
    own = {"form_token": form_token(AccessFile(tmp_path / "home" / "access").key(), "viewer-person")}
    good = {**hidden, "into": disk, "reason": "one cause"}
    for client, given, status in (
        (reviewer, {**good, "form_token": "x"}, 403),
        (viewer, {**good, **own}, 403),
        (reviewer, {**good, "digest": "0" * 64}, 409),
        (reviewer, {**good, "reason": " "}, 422),
        (reviewer, {**good, "reason": "x" * 4001}, 422),
        (reviewer, {**good, "into": "error-000000000000"}, 404),
        (reviewer, {**good, "into": cart}, 409),
    ):
        assert client.post(action, data=given).status_code == status, given
    assert reviewer.get(action).status_code == 404
    assert [one.action for one in house.store.audit()] == [] and house.launched.jobs == []
