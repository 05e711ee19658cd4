"""A real chromium, and a desk to look at."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from livhana_assets_tests.browser.a_desk import AReviewDesk, a_review_desk

if TYPE_CHECKING:
    from playwright.sync_api import Browser

REQUIRED = "LIVHANA_REQUIRE_BROWSER"
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip


@pytest.fixture(scope="session")
def chromium() -> str:
    """Where it is installed."""
    found = shutil.which("chromium")
    if found is None:
        told = "not run: chromium is missing, so nobody looked at the pages; install it with `apt-get install chromium`"
        pytest.fail(told) if os.environ.get(REQUIRED) else pytest.skip(told)
    return found


@pytest.fixture(scope="session")
def desk(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AReviewDesk]:
    """One running `livhana up` with its target for all that look at the review pages."""
    with a_review_desk(tmp_path_factory.mktemp("desk")) as desk:
        yield desk


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    """For one file: while it is open this process has a running event loop, which tests of other files must not find."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, headless=True, args=list(FLAGS))
        yield browser
        browser.close()
