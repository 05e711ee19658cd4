"""What takes a while, asked for in a real chromium on a real `livhana up`: a patch attached, a change taken back, a look for patterns."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from livhana_assets.loop.proposals.model import Status
from livhana_assets_tests.browser.a_desk import AReviewDesk
from livhana_assets_tests.browser.a_visitor import PATIENCE, signed_in, violations
from livhana_assets_tests.web.a_running_up import OVER, within

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def page(browser: Browser, desk: AReviewDesk) -> Page:
    return signed_in(browser, desk)


def opened(page: Page, desk: AReviewDesk, proposal_id: str) -> None:
    page.goto(f"{desk.up.url}/review/proposals/{proposal_id}")


def told_after_loading(page: Page, words: str) -> bool:
    """Whether somebody who loads the page again is told so."""
    page.reload()
    return words in page.get_by_role("main").inner_text()


def patch_without_its_test(desk: AReviewDesk) -> str:
    whole = desk.waiting["read"].implementation.patch
    return whole[: whole.index("diff --git a/tests/")]


def test_the_days_of_a_pattern_are_drawn_without_loading_the_page_again(page: Page, desk: AReviewDesk) -> None:
    page.goto(f"{desk.up.url}/review")
    opened(page, desk, desk.waiting["read"].id)
    page.locator("figure.chart").wait_for()
    assert page.locator("[data-counting]").count() == 0


def test_without_javascript_a_refused_patch_stays_in_its_field(browser: Browser, desk: AReviewDesk) -> None:
    plain = signed_in(browser, desk, java_script_enabled=False)
    opened(plain, desk, desk.specified.id)
    plain.get_by_label("Your own patch").fill(patch_without_its_test(desk))
    plain.get_by_role("button", name="Accept, and prove this patch").click()
    plain.get_by_role("status").get_by_text("is being proved").wait_for()
    opened(plain, desk, desk.specified.id)
    assert within(PATIENCE, lambda: told_after_loading(plain, "refused by a gate"))
    assert plain.get_by_label("Your own patch").input_value() == patch_without_its_test(desk)
    assert desk.up.store.get(desk.specified.id).status is Status.ACCEPTED


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_refusal_bars_nobody(browser: Browser, desk: AReviewDesk, scheme: str) -> None:
    page = signed_in(browser, desk, color_scheme=scheme)
    opened(page, desk, desk.specified.id)
    page.get_by_text("was not proved").wait_for()
    assert violations(page) == []


def test_a_chosen_file_is_proved_and_its_page_shows_the_revision_by_itself(
    page: Page, desk: AReviewDesk, tmp_path: Path
) -> None:
    patch = tmp_path / "fix.patch"
    patch.write_text(desk.waiting["read"].implementation.patch)
    opened(page, desk, desk.specified.id)
    page.get_by_label("or its file").set_input_files(patch)
    page.get_by_role("button", name="Prove this patch").click()
    page.get_by_text("is being proved. ").first.wait_for()
    assert violations(page) == []
    page.get_by_text("is proved: this page shows it, as revision 2").wait_for()
    assert page.get_by_role("button", name="Approve").count() == 1
    assert violations(page) == []
    made = desk.up.store.get(desk.specified.id)
    assert (made.status, made.revision, made.analyst) == (Status.PROPOSED, 2, "person")


def test_a_landed_change_is_taken_back_by_a_button_that_leads_to_its_reversal(page: Page, desk: AReviewDesk) -> None:
    landed = desk.waiting["keyboard"].id
    opened(page, desk, landed)
    if page.get_by_role("button", name="Approve").count():
        page.get_by_role("button", name="Approve").click()
    assert within(PATIENCE, lambda: desk.up.store.get(landed).status is Status.IMPLEMENTED)
    opened(page, desk, landed)
    page.get_by_label("Why take it back?").fill("Gifts do have a price.")
    page.get_by_role("button", name="Propose to take it back").click()
    page.get_by_text("is being proved. ").first.wait_for()
    assert violations(page) == []
    page.get_by_role("link", name="read it").click()
    page.get_by_role("heading", level=1, name="Take back").wait_for()
    assert "Gifts do have a price." in page.get_by_role("main").inner_text()
    assert violations(page) == []


def test_a_look_for_patterns_leads_to_its_run(page: Page, desk: AReviewDesk) -> None:
    page.goto(f"{desk.up.url}/review")
    page.get_by_role("button", name="Look for patterns now").click()
    run = page.get_by_role("status").get_by_role("link", name="its run")
    assert violations(page) == []
    run_id = str(run.get_attribute("href")).removeprefix("/runs/")
    assert desk.up.ended(run_id, PATIENCE)["status"] == OVER[0]
