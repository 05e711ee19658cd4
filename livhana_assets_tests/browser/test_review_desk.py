"""A reviewer at work in a real chromium, on a real `livhana up` with a clock and a target: on the review pages, and in the Dagster UI."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from livhana_assets.loop.proposals.model import Proposal, Status
from livhana_assets_tests.browser.a_desk import TITLES, AReviewDesk
from livhana_assets_tests.browser.a_visitor import PATIENCE, signed_in, violations
from livhana_assets_tests.repositories import git
from livhana_assets_tests.web.a_running_up import OVER, within

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

PHONE = {"viewport": {"width": 360, "height": 740}, "color_scheme": "dark", "is_mobile": True, "has_touch": True}
SHOWN = "return item.get('price', 0) * 2"

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def page(browser: Browser, desk: AReviewDesk) -> Page:
    return signed_in(browser, desk)


def opened(page: Page, desk: AReviewDesk, which: str) -> Proposal:
    page.goto(f"{desk.up.url}/review/proposals/{desk.waiting[which].id}")
    return desk.now(which)


def now_implemented(page: Page) -> bool:
    """What somebody sees who loads the page again."""
    page.reload()
    return page.locator("h1 ~ p .status-implemented").count() == 1


def yes_to(proposal: Proposal) -> tuple[str, str, str]:
    """By which door the yes came, to which digest, and with which comment."""
    assert proposal.approval is not None
    return proposal.approval.door, proposal.approval.digest, proposal.approval.comment


# --- deciding in the Dagster UI: begun first: it lands while the pages are looked at --------------------------


def typed(proposal: Proposal) -> str:
    return f"ops:\n  decision:\n    config:\n      decision: APPROVE\n      digest: {proposal.digest}\n      comment: Gifts are free.\n"


def choose_partition(page: Page, dialog: Locator, name: str) -> None:
    dialog.get_by_placeholder("Partition").click()
    page.keyboard.type(name)
    page.get_by_text(name, exact=True).last.click()


def launch(page: Page, proposal: Proposal) -> str:
    """Materialize the decision by hand, as the guide says; the run's id."""
    page.get_by_role("button", name="Materialize").first.click()
    dialog = page.get_by_role("dialog")
    choose_partition(page, dialog, proposal.id)
    dialog.locator(".CodeMirror").first.click()
    page.keyboard.press("Control+A")
    page.keyboard.insert_text(typed(proposal))
    dialog.get_by_text("No errors").wait_for()
    dialog.get_by_role("button", name="Materialize").click()
    page.wait_for_url(re.compile(r"/runs/[0-9a-f-]{36}"))
    return page.url.rpartition("/")[2][:36]


@pytest.fixture(scope="module")
def launched(browser: Browser, desk: AReviewDesk) -> tuple[Page, str]:
    page = signed_in(browser, desk, viewport={"width": 1600, "height": 1000})
    page.goto(f"{desk.up.url}/assets/decision")
    return page, launch(page, desk.waiting["dagster"])


def test_materializing_a_decision_in_the_dagster_ui_approves_in_the_persons_name(
    desk: AReviewDesk, launched: tuple[Page, str]
) -> None:
    page, run = launched
    assert desk.up.ended(run, PATIENCE)["status"] == OVER[0]
    page.get_by_text("Success", exact=True).first.wait_for()
    approved, asked = desk.now("dagster"), desk.waiting["dagster"]
    assert yes_to(approved) == ("dagster", asked.digest, "Gifts are free.")
    page.goto(f"{desk.up.url}/review/proposals/{asked.id}")
    assert approved.approval and f"{approved.approval.by}, admin" in page.get_by_role("banner").inner_text()


# --- every page -------------------------------------------------------------------------------------------------------


def every_page(desk: AReviewDesk) -> dict[str, str]:
    return {
        "queue": "/review",
        "proposal": f"/review/proposals/{desk.waiting['rejected'].id}",
        "landed": f"/review/proposals/{desk.improved.id}",
        "specification": f"/review/proposals/{desk.specified.id}",
        "list": "/review/proposals",
        "outcome": f"/review/outcomes/{desk.improved.id}",
        "dashboard": "/review/dashboard",
        "sign-in": "/sign-in",
        "error": "/review/proposals/bugfix-0",
    }


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_bars_anybody(browser: Browser, desk: AReviewDesk, scheme: str) -> None:
    page = signed_in(browser, desk, color_scheme=scheme)
    found = {}
    for name, path in every_page(desk).items():
        page.goto(f"{desk.up.url}{path}")
        page.evaluate("document.querySelectorAll('details').forEach(hidden => hidden.open = true)")
        if told := violations(page):
            found[name] = told
    assert found == {}


def test_no_page_is_wider_than_a_phone_in_the_dark(browser: Browser, desk: AReviewDesk) -> None:
    page = signed_in(browser, desk, **PHONE)
    wide = {}
    for name, path in every_page(desk).items():
        page.goto(f"{desk.up.url}{path}")
        dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
        width = page.evaluate("document.documentElement.scrollWidth")
        if width > PHONE["viewport"]["width"] or dark != "rgb(18, 23, 21)":
            wide[name] = (width, dark)
    assert wide == {}


# --- what was begun in the Dagster UI -----------------------------------------------------------------------------------


def test_what_was_approved_in_the_dagster_ui_lands(desk: AReviewDesk, launched: tuple[Page, str], page: Page) -> None:
    assert within(PATIENCE, lambda: desk.now("dagster").status is Status.IMPLEMENTED)
    assert "item.get('price', 0)" in git(desk.target, "show", f"{desk.landed('dagster')}:shop/price.py")
    shown, _ = launched
    shown.goto(f"{desk.up.url}/assets/execution?view=partitions&partition={desk.waiting['dagster'].id}")
    shown.get_by_text("Materialized", exact=False).first.wait_for()
    page.goto(f"{desk.up.url}/review/outcomes/{desk.waiting['dagster'].id}")
    page.get_by_role("heading", name="Did it help?").wait_for()


# --- the review pages -------------------------------------------------------------------------------------------------


def test_the_link_opens_the_queue_with_what_waits(page: Page, desk: AReviewDesk) -> None:
    page.goto(desk.up.link)
    assert page.url == f"{desk.up.url}/review"
    assert page.get_by_role("heading", level=1).inner_text() == "Waiting for you"
    shown = page.locator(".queue h2").all_inner_texts()
    seen = {TITLES["read"], TITLES["keyboard"], TITLES["rejected"], desk.specified.title.replace("`", "")}
    assert seen <= set(shown)


def test_without_javascript_a_proposal_is_rejected_with_its_reason(browser: Browser, desk: AReviewDesk) -> None:
    plain = signed_in(browser, desk, java_script_enabled=False)
    opened(plain, desk, "rejected")
    plain.get_by_role("button", name="Reject").click()
    assert desk.now("rejected").status is Status.PROPOSED, "a rejection without a reason is not sent"
    plain.get_by_label("Why not?").fill("A price is never missing.")
    plain.get_by_role("button", name="Reject").click()
    plain.get_by_role("status").get_by_text("Rejected.").wait_for()
    after = desk.now("rejected")
    assert (after.status, after.history[-1].detail) == (Status.REJECTED, "A price is never missing.")


def test_a_proposal_is_read_approved_seen_landing_and_its_outcome_looked_at(page: Page, desk: AReviewDesk) -> None:
    page.goto(f"{desk.up.url}/review")
    page.get_by_role("link", name=TITLES["read"]).click()
    diff = page.get_by_role("region", name="Change of shop/price.py")
    assert SHOWN in diff.locator(".added").inner_text()
    assert "return item['price'] * 2" in diff.locator(".removed").inner_text()
    page.get_by_label("Comment").fill("Read, and right.")
    page.get_by_role("button", name="Approve").click()
    page.get_by_role("status").get_by_text("Approved.").wait_for()
    assert yes_to(desk.now("read")) == ("pages", desk.waiting["read"].digest, "Read, and right.")
    assert within(PATIENCE, lambda: now_implemented(page))
    commit = desk.landed("read")
    assert "item.get('price', 0)" in git(desk.target, "show", f"{commit}:shop/price.py")
    page.get_by_role("link", name="Before and after").click()
    page.get_by_role("heading", name="Did it help?").wait_for()
    assert commit[:12] in page.get_by_role("main").inner_text()


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.textContent.trim() || document.activeElement.name || ''"))


def tab_to(page: Page, name: str) -> None:
    for _ in range(200):
        page.keyboard.press("Tab")
        if focused(page) == name:
            return
    raise AssertionError(f"the Tab key never came to {name!r}")


def test_a_proposal_is_found_and_approved_by_keyboard_alone(page: Page, desk: AReviewDesk) -> None:
    page.goto(f"{desk.up.url}/review")
    tab_to(page, TITLES["keyboard"])
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Decide").wait_for()
    tab_to(page, "comment")
    page.keyboard.type("By keyboard.")
    tab_to(page, "Approve")
    ring = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    page.keyboard.press("Enter")
    page.get_by_role("status").get_by_text("Approved.").wait_for()
    assert yes_to(desk.now("keyboard")) == ("pages", desk.waiting["keyboard"].digest, "By keyboard.")
    assert ring == "solid"
