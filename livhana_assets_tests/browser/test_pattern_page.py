"""A reviewer merges and splits patterns in a real chromium, with and without JavaScript, and nothing on the page bars anybody."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from livhana_assets.adapters.delta_warehouse import DeltaWarehouse
from livhana_assets.loop.patterns.errors import load_error_patterns
from livhana_assets.loop.patterns.regrouping import regroup, uncorrected_days
from livhana_assets_tests.browser.a_visitor import violations
from livhana_assets_tests.examples.a_gateway import serving
from livhana_assets_tests.loop.patterns.error_rows import error_row, log_errors
from livhana_assets_tests.web.test_pages import House3000

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

DAY = date(2026, 11, 20)
PHONE = {"viewport": {"width": 360, "height": 740}, "color_scheme": "dark", "is_mobile": True, "has_touch": True}


@dataclass(frozen=True)
class Served:
    """The application on the loopback, over a crash of two messages and one without a trace."""

    house: House3000
    url: str

    def signed_in(self, browser: Browser, **options: Any) -> Page:
        page = browser.new_page(**options)
        page.goto(f"{self.url}/sign-in?token={self.house.tokens['reviewer']}")
        return page

    def ids(self) -> dict[int, str]:
        """By how often they were seen, once every correction has been carried out."""
        regroup(self.house.desk.loop.warehouse, uncorrected_days(self.house.desk.loop.warehouse))
        return {one.occurrences: one.pattern_id for one in load_error_patterns(self.house.desk.loop.warehouse)}


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    warehouse = DeltaWarehouse(tmp_path / "warehouse")
    rows = [error_row(n, message="no price" if n % 3 else "no stock") for n in range(6)]
    log_errors(warehouse, [*rows, error_row(20, message="disk is full", stack_trace=None)])
    regroup(warehouse, [DAY])
    house = House3000(tmp_path / "home", warehouse)
    with serving(house.app) as url:
        yield Served(house, url)


def test_patterns_are_split_and_merged_by_forms_alone(browser: Browser, served: Served) -> None:
    page = served.signed_in(browser, java_script_enabled=False)
    cart, disk = served.ids()[6], served.ids()[1]
    page.goto(f"{served.url}/review/patterns/{cart}")
    page.get_by_label("This template gets a pattern of its own").select_option(index=1)
    page.get_by_label("Why?").last.fill("another bug")
    page.get_by_role("button", name="Split it off").click()
    assert page.get_by_role("status").inner_text().startswith("Split off.")
    assert sorted(served.ids()) == [1, 2, 4]
    page.goto(f"{served.url}/review/patterns/{disk}")
    page.get_by_label("Its errors count as those of").select_option(value=cart)
    page.get_by_label("Why?").first.fill("one cause")
    page.get_by_role("button", name="Merge into that one").click()
    page.wait_for_url(re.compile(f".*/review/patterns/{cart}.*"))
    assert sorted(served.ids()) == [2, 5]
    assert [one.action for one in served.house.store.audit()] == ["pattern_split", "pattern_merged"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_bars_nobody_and_fits_a_phone(browser: Browser, served: Served, scheme: str) -> None:
    cart = served.ids()[6]
    page = served.signed_in(browser, color_scheme=scheme)
    page.goto(f"{served.url}/review/patterns/{cart}")
    page.evaluate("document.querySelectorAll('details').forEach(hidden => hidden.open = true)")
    assert violations(page) == []
    phone = served.signed_in(browser, **PHONE)
    phone.goto(f"{served.url}/review/patterns/{cart}")
    assert phone.evaluate("document.documentElement.scrollWidth") <= PHONE["viewport"]["width"]
