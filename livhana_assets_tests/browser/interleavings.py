"""Two people in a real browser who decide on one proposal at once, on a real `livhana up` that is started anew in between.

Beside them others decide by REST and at a prompt, and the loop revises, carries out and lets expire."""

from __future__ import annotations

import random
import shutil
import signal
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from livhana_assets.adapters.access_file import AccessFile
from livhana_assets_tests.browser.conftest import FLAGS
from livhana_assets_tests.cli.interleavings import PEOPLE, Terminals, asked_at_prompt, terminals
from livhana_assets_tests.web.a_running_up import printed_link, started
from livhana_assets_tests.web.interleaved_doors import ACTIONS, Interleaving, Told

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

SPAN_SECONDS = 2.0
"""Within which things happen: about as long as a command takes, so that all of it meets."""
PATIENCE_SECONDS = 180.0
BUTTONS = {"approve": "Approve", "accept": "Accept the specification", "reject": "Reject"}
PRESS = """([name, wait]) => { const field = document.querySelector("#reason"); if (field) field.value = "no";
  const found = [...document.querySelectorAll("form button")].find((one) => one.textContent.trim() === name);
  setTimeout(() => found.click(), wait); }"""
SAID = "() => { const told = document.querySelector('p.told'); return told && [told.getAttribute('role'), told.textContent]; }"


class Upstairs:
    """A `livhana up` at one address, however often it is started anew; people stay signed in."""

    def __init__(self, there: Terminals) -> None:
        self._there = there
        access = AccessFile(there.home / "access")
        self.tokens: Mapping[str, str] = {who: access.add(who, "reviewer") for who in PEOPLE}
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self._port}"
        self._process: subprocess.Popen[str] | None = None
        self.start()

    def start(self) -> None:
        words = ("--no-daemon", "--port", str(self._port))
        self._process = started(
            self._there.home.parent, self._there.home, *words, IMPROVEMENT_TARGET_REPO=str(self._there.target)
        )
        printed_link(self._process)

    def end(self, how: signal.Signals = signal.SIGTERM) -> None:
        assert self._process is not None
        self._process.send_signal(how)
        self._process.communicate(timeout=PATIENCE_SECONDS)


@dataclass(frozen=True)
class TwoPeople:
    """Each at a page of a browser context of their own."""

    there: Terminals
    up: Upstairs
    pages: Mapping[str, Page]

    def open(self, proposal_id: str) -> None:
        for page in self.pages.values():
            page.goto(f"{self.up.url}/review/proposals/{proposal_id}")


@contextmanager
def two_people(folder: Path, browser: Browser | None = None) -> Iterator[TwoPeople]:
    """Signed in by their own tokens. Without a browser it is started, and closed at the end."""
    from contextlib import ExitStack

    with ExitStack() as opened:
        browser = browser or opened.enter_context(_chromium())
        there = opened.enter_context(terminals(folder))
        up = Upstairs(there)
        opened.callback(lambda: up.end())
        pages = {who: browser.new_context().new_page() for who in PEOPLE}
        for who, page in pages.items():
            page.set_default_timeout(PATIENCE_SECONDS * 1000)
            page.goto(f"{up.url}/sign-in?token={up.tokens[who]}")
        yield TwoPeople(there, up, pages)
        for page in pages.values():
            page.context.close()


@contextmanager
def _chromium() -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), headless=True, args=list(FLAGS))
        yield browser
        browser.close()


def on_pages(seed: int, two: TwoPeople) -> tuple[str, Counter[str]]:
    """One interleaving; why it went wrong, empty where it did not, and how many people were told what."""
    choose = random.Random(seed)
    one = Interleaving(two.there.world(seed, choose), choose)
    two.open(one.world.id)
    restart = choose.choice(("", "", "", "between", "amid"))
    if choose.random() < 0.3:
        one.world.edit()  # so that both look at what is over
    if restart == "between":
        two.up.end()
        two.up.start()
    _pressed(one, two, amid=restart == "amid")
    return one.wrong(), one.counts()


def _pressed(one: Interleaving, two: TwoPeople, *, amid: bool) -> None:
    """Both press, others decide, the loop goes on, and `up` may be killed, all within the same moments."""
    choose = one.choose
    first = one.world.head()
    happening = [one.later(one.world.moves(choose), SPAN_SECONDS) for _ in range(choose.randint(1, 3))]
    seen = one.world.now().digest
    if choose.random() < 0.6:
        happening.append(asked_at_prompt(one, two.there, choose.choice(PEOPLE), choose.choice(tuple(ACTIONS)), seen))
    happening += [one.later(lambda: _asked_by_rest(one, two, seen), SPAN_SECONDS) for _ in range(choose.randint(0, 2))]
    pressed = {who: _press(page, choose) for who, page in two.pages.items()}
    if amid:
        happening.append(one.later(lambda: two.up.end(signal.SIGKILL), SPAN_SECONDS))
    for who, (verb, digest) in pressed.items():
        said, text = _told_on(two.pages[who])
        one.answers.append(Told("pages", who, verb, digest, said, text, first, one.world.head()))
    for thread in happening:
        thread.join()
    if amid:
        two.up.start()


def _press(page: Page, choose: random.Random) -> tuple[str, str]:
    """Press one of the buttons that are there, at a random moment; which, and what the person had on the screen."""
    there = [verb for verb, name in BUTTONS.items() if page.get_by_role("button", name=name, exact=True).count()]
    verb = choose.choice([verb for verb in ("approve", "approve", "accept", "accept", "reject") if verb in there])
    digest = page.locator("code.digest").inner_text()
    page.evaluate(PRESS, [BUTTONS[verb], choose.uniform(0, SPAN_SECONDS * 1000)])
    return verb, digest


def _told_on(page: Page) -> tuple[str, str]:
    """What the person reads then; nothing where the server was gone."""
    from playwright.sync_api import Error

    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        try:
            if page.url.startswith("chrome-error:"):
                return "nothing", "the browser cannot reach it"
            if told := page.evaluate(SAID):
                return ("yes" if told[0] == "status" else "no"), str(told[1])
        except Error:
            pass  # the page is being left
        page.wait_for_timeout(20)
    raise AssertionError(f"nobody was told anything at {page.url}")


def _asked_by_rest(one: Interleaving, two: TwoPeople, digest: str) -> None:
    who, verb = one.choose.choice(PEOPLE), one.choose.choice(tuple(ACTIONS))
    body = {"digest": digest, **({"reason": "no"} if verb == "reject" else {})}
    headers = {"Authorization": f"Bearer {two.up.tokens[who]}"}

    def ask() -> tuple[str, str]:
        path = f"{two.up.url}/api/improvements/proposals/{one.world.id}/{verb}"
        try:
            answer = httpx.post(path, json=body, headers=headers, timeout=PATIENCE_SECONDS)
        except httpx.TransportError as error:
            return "nothing", str(error)
        if answer.status_code not in (200, 409):
            raise AssertionError(f"REST answered {answer.status_code} {answer.text}")
        return ("yes" if answer.status_code == 200 else "no"), answer.json().get("detail", "")

    one.asked("REST", who, verb, digest, ask)
