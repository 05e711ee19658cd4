"""Two people in chromium press on the same proposal: it ends once, and nobody is told what is not so. `bench/interleavings.py` asks more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from livhana_assets_tests.browser.interleavings import on_pages, two_people

if TYPE_CHECKING:
    from playwright.sync_api import Browser

SEEDS = range(2)

pytestmark = pytest.mark.browser


def test_a_proposal_has_exactly_one_outcome_whoever_presses(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with two_people(tmp_path_factory.mktemp("two"), browser) as two:
        judged = {seed: on_pages(seed, two) for seed in SEEDS}
    assert {seed: why for seed, (why, _) in judged.items() if why} == {}
    assert all(counts["yes"] + counts["no"] >= 2 for _, counts in judged.values()), "both people were told something"
