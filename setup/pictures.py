"""Takes README's pictures of both UIs from what a demo left.

    python setup/pictures.py [--env .livhana/demo/env]

Starts `livhana up` on the demo's home, looks at it with chromium, writes docs/pictures/ and stops it again. Nothing is decided.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from livhana_assets.loop.proposals.model import Proposal, Status
from livhana_assets_tests.web.a_running_up import RunningUp, running

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ROOT = Path(__file__).resolve().parents[1]
PICTURES = ROOT / "docs" / "pictures"
LARGEST = 300_000
EXPORT = re.compile(r"^export (\w+)='(.*)'$", re.MULTILINE)
DESK = {"viewport": {"width": 1200, "height": 1200}}
PHONE = {
    "viewport": {"width": 390, "height": 780},
    "color_scheme": "dark",
    "is_mobile": True,
    "device_scale_factor": 1.5,
}
WIDE = {"viewport": {"width": 1600, "height": 900}}
ROOMS = ("sources", "patterns", "proposals", "review", "execution", "outcomes")
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update")


@contextmanager
def opened(browser: Browser, up: RunningUp, **options: Any) -> Iterator[Page]:
    page = browser.new_page(**options)
    page.goto(up.link)
    yield page
    page.close()


def taken(page: Page, name: str, **options: Any) -> None:
    """The picture, no larger than a README should load."""
    file = PICTURES / f"{name}.png"
    page.screenshot(path=file, animations="disabled", **options)
    size = file.stat().st_size
    print(f"{file.relative_to(ROOT)}  {size // 1000} kB")
    if size > LARGEST:
        raise SystemExit(f"{file.name} is larger than {LARGEST // 1000} kB: show less of the page.")


def chosen(up: RunningUp) -> tuple[Proposal, Proposal]:
    """One to decide on, and one that helped. The shortest patch fits a picture best."""
    all_of_them = up.store.proposals()
    proved = sorted((p for p in all_of_them if p.status is Status.PROPOSED), key=lambda p: len(p.implementation.patch))
    helped = [p for p in all_of_them if p.status is Status.IMPROVED]
    if not (proved and helped):
        raise SystemExit("The demo left nothing to show: run `livhana demo` again.")
    return proved[0], helped[0]


def review_pages(browser: Browser, up: RunningUp, waiting: Proposal, improved: Proposal) -> None:
    with opened(browser, up, **DESK) as page:
        page.goto(f"{up.url}/review/proposals/{waiting.id}")
        page.locator("[data-part=counts]:not(:has([data-counting]))").wait_for()
        taken(page, "review")
        page.goto(f"{up.url}/review/outcomes/{improved.id}")
        page.locator("[data-part=counts]:not(:has([data-counting]))").wait_for()
        page.set_viewport_size({"width": 1200, "height": 700})
        taken(page, "outcome")
    with opened(browser, up, **PHONE) as page:
        page.goto(f"{up.url}/review/proposals/{waiting.id}")
        taken(page, "phone")


def dagster_pages(browser: Browser, up: RunningUp, waiting: Proposal) -> None:
    with opened(browser, up, **WIDE) as page:
        groups = ",".join(f"global@global:{room}" for room in ROOMS)
        page.goto(f"{up.url}/asset-groups?expanded={groups}")
        page.locator("svg [class*=AssetNode_assetName]").first.wait_for()
        page.wait_for_timeout(3000)
        taken(page, "lineage")
        page.goto(f"{up.url}/assets/proposal?view=partitions&partition={waiting.id}")
        page.locator("code:has(.hljs-addition)").wait_for()
        taken(page, "diff")
        page.get_by_text("[Show Markdown]").first.click()
        page.get_by_role("dialog").get_by_role("heading").first.scroll_into_view_if_needed()
        taken(page, "proposal")
        page.goto(f"{up.url}/assets/decision")
        launchpad(page, waiting)
        taken(page, "decision")


def launchpad(page: Page, waiting: Proposal) -> None:
    """What a person types; it is not sent."""
    page.get_by_role("button", name="Materialize").first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_placeholder("Partition").click()
    page.keyboard.type(waiting.id)
    page.get_by_text(waiting.id, exact=True).last.click()
    dialog.locator(".CodeMirror").first.click()
    page.keyboard.press("Control+A")
    page.keyboard.insert_text(
        f"ops:\n  decision:\n    config:\n      decision: APPROVE\n      digest: {waiting.digest}\n      comment: Read, and right.\n"
    )
    dialog.get_by_text("No errors").wait_for()


def main() -> None:
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--env", type=Path, default=ROOT / ".livhana/demo/env")
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    asked = parser.parse_args()
    settings = dict(EXPORT.findall(asked.env.read_text()))
    home = Path(settings.pop("LIVHANA_HOME"))
    with running(home.parent, home, **settings) as up, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=asked.chromium, args=list(FLAGS))
        waiting, improved = chosen(up)
        review_pages(browser, up, waiting, improved)
        dagster_pages(browser, up, waiting)
        browser.close()


if __name__ == "__main__":
    main()
