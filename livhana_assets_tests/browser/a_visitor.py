"""Somebody who opens the printed link in a real chromium, and what would bar others from the page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from livhana_assets_tests.browser.a_desk import AReviewDesk

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PATIENCE = 120
"""Seconds before something counts as not happening: two busy cores are slow, never this slow."""


def signed_in(browser: Browser, desk: AReviewDesk, **options: Any) -> Page:
    """The page at which the printed link ends."""
    page = browser.new_page(**{"viewport": {"width": 1280, "height": 900}, **options})
    page.set_default_timeout(PATIENCE * 1000)
    page.goto(desk.up.link)
    return page


def violations(page: Page) -> list[str]:
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    return [f"{one['id']}: {node['html'][:120]} {node['failureSummary']}" for one in found for node in one["nodes"]]
