"""What a person sees: the Dagster UI in a real chromium, on a real webserver, with one proposal logged by the product itself."""

from __future__ import annotations

import importlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg
import pytest

from livhana_assets.loop.proposals.assets import log_page
from livhana_assets.loop.proposals.model import Implementation, Proposal

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

MODULE = "livhana_assets.definitions"
ROOMS = ("sources", "patterns", "proposals", "review", "execution", "outcomes")
PATCH = """\
--- a/shop/customers.py
+++ b/shop/customers.py
@@ -1,2 +1,2 @@
 def display_name(profile):
-    return profile.name.title()
+    return profile.name.title() if profile.name is not None else ""
"""
PROPOSAL = Proposal(
    id="bugfix-1234567890",
    type="bugfix",
    status="proposed",
    title="A customer without a name has a page",
    description="`display_name` met None 12 times.",
    pattern_id="pattern-1",
    implementation=Implementation(file="shop/customers.py", patch=PATCH),
    created_at=datetime(2026, 1, 5, tzinfo=UTC),
)

PATIENCE = 120
"""Seconds before a page or the webserver counts as gone: two busy cores are slow, never this slow."""

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A LIVHANA_HOME whose Dagster instance knows one proposal."""
    home = tmp_path_factory.mktemp("home")
    instance = home / "dagster"
    instance.mkdir()
    shutil.copy(Path(__file__).parents[2] / "dagster.yaml", instance)
    with dg.DagsterInstance.from_config(str(instance)) as opened:
        log_page(opened, PROPOSAL)
    return home


@pytest.fixture(scope="module")
def address(chromium: str, home: Path) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = home / "webserver.log"
    command = (sys.executable, "-m", "dagster_webserver", "-h", "127.0.0.1", "-p", str(port), "-m", MODULE)
    environment = {**os.environ, "LIVHANA_HOME": str(home), "DAGSTER_HOME": str(home / "dagster")}
    with log.open("w") as output:
        server = subprocess.Popen(
            command, env=environment, cwd=home, stdout=output, stderr=output, start_new_session=True
        )
    try:
        yield _answering(f"http://127.0.0.1:{port}", server, log)
    finally:
        _end(server)


def _answering(address: str, server: subprocess.Popen[bytes], log: Path) -> str:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urllib.request.urlopen(f"{address}/server_info", timeout=5):
                return address
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise AssertionError(f"dagster-webserver did not answer:\n{log.read_text()[-4000:]}")


def _end(server: subprocess.Popen[bytes]) -> None:
    server.terminate()
    try:
        server.wait(20)
    except subprocess.TimeoutExpired:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()


@pytest.fixture
def page(browser: Browser, tmp_path: Path) -> Iterator[Page]:
    """A new page; what it shows at the end is kept as a picture in the test's folder."""
    page = browser.new_page(viewport={"width": 1600, "height": 1000})
    page.set_default_timeout(PATIENCE * 1000)
    yield page
    page.screenshot(path=tmp_path / "page.png")
    page.close()


def _lineage(page: Page, address: str, *, expanded: bool) -> None:
    groups = ",".join(f"global@global:{room}" for room in ROOMS) if expanded else ""
    page.goto(f"{address}/asset-groups?expanded={groups}")
    page.get_by_text("Global asset lineage").wait_for()


def test_the_lineage_shows_the_six_rooms_in_the_order_of_the_loop(page: Page, address: str) -> None:
    _lineage(page, address, expanded=False)
    left = []
    for room in ROOMS:
        name = page.locator("svg").get_by_text(room, exact=True).first
        name.wait_for()
        box = name.bounding_box()
        assert box is not None, f"the group {room} is not drawn"
        left.append(box["x"])
    assert left == sorted(left)


def test_the_lineage_shows_every_asset_inside_its_room(page: Page, address: str) -> None:
    specs = list(importlib.import_module(MODULE).defs.resolve_all_asset_specs())
    assert {spec.group_name for spec in specs} == set(ROOMS)
    _lineage(page, address, expanded=True)
    drawn = page.locator("svg [class*=AssetNode_assetName]")
    drawn.nth(len(specs) - 1).wait_for()
    shown = drawn.all_text_contents()
    assert [spec.key.path[-1] for spec in specs if not any(_names(text, spec.key.path[-1]) for text in shown)] == []


def _names(shown: str, asset: str) -> bool:
    """A long name is drawn with its middle left out: `cust…_interactions`."""
    head, cut, tail = shown.partition("…")
    return asset.startswith(head) and asset.endswith(tail) if cut else asset == shown


def test_the_page_of_a_proposal_shows_its_diff_in_colour(page: Page, address: str) -> None:
    page.goto(f"{address}/assets/proposal?view=partitions&partition={PROPOSAL.id}")
    page.get_by_role("heading", name=PROPOSAL.title).wait_for()
    shown = page.locator("code:has(.hljs-addition)")
    assert shown.inner_text().strip() == PATCH.strip()
    assert "return profile.name.title() if profile.name" in page.locator(".hljs-addition").inner_text()
    assert "-    return profile.name.title()" in page.locator(".hljs-deletion").inner_text()


def test_no_sign_up_window_covers_the_first_visit(page: Page, address: str) -> None:
    page.goto(address)
    page.get_by_text("Lineage", exact=True).first.wait_for()
    assert page.get_by_role("dialog").count() == 0
