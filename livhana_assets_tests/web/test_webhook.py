"""Announcements to a real server on a loopback socket: each event once, through restarts, outages and several announcers."""

from __future__ import annotations

import json
import logging
import random
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from livhana_assets.adapters.memory_store import MemoryProposalStore
from livhana_assets.adapters.redis_store import RedisProposalStore
from livhana_assets.adapters.webhook import BadAddress, Webhook
from livhana_assets.loop.proposals.model import Proposal, Status, Verdict
from livhana_assets.loop.proposals.ports import ProposalStore
from livhana_assets.loop.review.announcements import ATTEMPTS, LONGEST_WAIT, Announced, NotSent, announce
from livhana_assets_tests.a_proposal import NOON, a_proposal, moved
from livhana_assets_tests.redis_server import running_redis

URL = "https://desk.example.com/"
SECRET = "T0SECRET"


class Channel:
    """A server that writes down what it is sent, and answers as it is told."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.statuses: list[int] = []
        self.location = ""
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/services/{SECRET}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        channel = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                assert self.headers["content-type"] == "application/json"
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                status = channel.statuses.pop(0) if channel.statuses else 200
                if status == 200:
                    channel.texts.append(body["text"])
                self.send_response(status)
                if channel.location:
                    self.send_header("Location", channel.location)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Says nothing."""

        return Handler


@pytest.fixture
def channel() -> Iterator[Channel]:
    channel = Channel()
    yield channel
    channel.close()


@pytest.fixture
def store() -> MemoryProposalStore:
    return MemoryProposalStore()


def now() -> datetime:
    return datetime.now(UTC)


def quick(channel: Channel) -> Webhook:
    return Webhook(channel.url, timeout=2, pause=lambda _: None)


def tell(store: ProposalStore, channel: Channel, after: int = 0, at: datetime | None = None) -> Announced:
    return announce(store, quick(channel), public_url=URL, now=at or now(), after=after)


def add(store: ProposalStore, number: int = 1, **changes: Any) -> Proposal:
    return store.add(a_proposal(number, **changes), actor="analyst:rules", operation=f"add:{number}")


def go(store: ProposalStore, proposal: Proposal, *statuses: Status, **changes: Any) -> Proposal:
    for status in statuses:
        proposal = store.save(
            moved(proposal, status, **changes),
            expected_version=proposal.version,
            actor="jesse",
            action=str(status),
            operation=f"{proposal.id}:{proposal.version}",
        )
    return proposal


def test_each_of_the_four_events_is_told_once_with_a_link(store: MemoryProposalStore, channel: Channel) -> None:
    verdict = Verdict(result="not_improved", reason="Seen 9 times since.", measured_at=NOON)
    landing = (Status.APPROVED, Status.EXECUTING)
    one = add(store, 1)
    assert tell(store, channel).sent == 1
    one = go(store, one, *landing, Status.IMPLEMENTED)
    go(store, add(store, 2), *landing, Status.ROLLED_BACK)
    tell(store, channel)
    go(store, one, Status.NOT_IMPROVED, verdict=verdict)
    tell(store, channel)
    assert tell(store, channel).sent == 0
    assert [text.split(":")[0] for text in channel.texts] == [
        "*Waiting for you*",
        "*Landed*",
        "*Rolled back*",
        "*Not improved*",
    ]
    assert all(f"{URL}review/proposals/bugfix-000000000" in text for text in channel.texts)
    assert "Seen 9 times since." in channel.texts[-1]


def fail(
    store: ProposalStore, job: str = "daily_improvement", proposal_id: str = "", why: str = "No room left."
) -> None:
    store.record(
        actor="dagster", action="run_failed", operation=f"run_failed:{job}", proposal_id=proposal_id,
        details={"job": job, "run": "a1b2", "partition": proposal_id or "2026-11-20", "why": why},
    )  # fmt: skip


def test_a_run_that_failed_is_told_once_with_its_reason_and_a_link(
    store: MemoryProposalStore, channel: Channel
) -> None:
    fail(store, why="<!here> No room left.\npassword=hunter2secret")
    assert (tell(store, channel).sent, tell(store, channel).sent) == (1, 0)
    said, where = channel.texts[0].split("\n")
    assert said.startswith("*A run failed*: daily_improvement of `2026-11-20`: &lt;!here&gt; No room left.")
    assert "hunter2secret" not in said and where == f"{URL}runs/a1b2"


@pytest.mark.parametrize(
    ("status", "texts"), [(Status.ROLLED_BACK, ["*Rolled back*"]), (Status.APPROVED, ["*A run failed*"])]
)
def test_an_execution_that_was_rolled_back_is_not_told_twice(
    store: MemoryProposalStore, channel: Channel, status: Status, texts: list[str]
) -> None:
    one = go(store, add(store), Status.APPROVED, Status.EXECUTING, status)
    fail(store, "execute_proposal", one.id)
    tell(store, channel)
    assert [text.split(":")[0] for text in channel.texts] == texts


def test_what_was_decided_before_anybody_was_told_waits_for_nobody(
    store: MemoryProposalStore, channel: Channel
) -> None:
    go(store, add(store), Status.APPROVED)
    assert (tell(store, channel).sent, channel.texts) == (0, [])


def test_old_news_are_not_told(store: MemoryProposalStore, channel: Channel) -> None:
    add(store)
    assert tell(store, channel, at=now() + timedelta(days=4)) == Announced(0, 1)


def test_an_outage_loses_nothing_and_doubles_nothing(store: MemoryProposalStore, channel: Channel) -> None:
    add(store, 1)
    add(store, 2)
    channel.statuses = [503, 503, 503]
    failed = tell(store, channel)
    assert (failed.sent, failed.through) == (0, 0)
    assert "503" in failed.why
    assert tell(store, channel).sent == 0, "an attempt that may be at work is not overtaken"
    later = tell(store, channel, after=failed.through, at=now() + timedelta(minutes=3))
    assert (later.sent, len(channel.texts)) == (2, 2)


def test_what_is_never_taken_is_given_up_and_the_rest_goes_on(store: MemoryProposalStore, channel: Channel) -> None:
    add(store, 1)
    for _ in range(ATTEMPTS):
        channel.statuses = [400]
        tell(store, channel, at=now() + LONGEST_WAIT)
    add(store, 2)
    assert tell(store, channel).sent == 1
    assert "bugfix-0000000002" in channel.texts[0]


def test_a_crash_between_sending_and_noting_tells_it_again_and_loses_nothing(
    store: MemoryProposalStore, channel: Channel
) -> None:
    class Dies:
        def send(self, text: str) -> None:
            quick(channel).send(text)
            raise KeyboardInterrupt

    add(store)
    with pytest.raises(KeyboardInterrupt):
        announce(store, Dies(), public_url=URL, now=now())
    assert tell(store, channel, at=now() + timedelta(minutes=3)).sent == 1
    assert tell(store, channel, at=now() + timedelta(hours=3)).sent == 0
    assert len(channel.texts) == 2


def test_restarts_at_random_with_or_without_the_cursor_tell_each_event_once(
    store: MemoryProposalStore, channel: Channel
) -> None:
    choose, cursor = random.Random(7), 0
    for number in range(60):
        add(store, number)
        if choose.random() < 0.4:
            cursor = tell(store, channel, after=choose.choice((0, cursor))).through
    tell(store, channel)
    told = [text.split("`")[1] for text in channel.texts]
    assert told == [a_proposal(number).id for number in range(60)]


def test_announcers_at_the_same_time_tell_each_event_once(tmp_path: Path, channel: Channel) -> None:
    with running_redis(tmp_path / "redis") as url:
        for number in range(12):
            add(RedisProposalStore.at(url), number)
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda _: tell(RedisProposalStore.at(url), channel), range(4)))
        tell(RedisProposalStore.at(url), channel, at=now() + timedelta(minutes=3))
    assert len(channel.texts) == len(set(channel.texts)) == 12


def test_a_title_cannot_mention_anybody_nor_tell_a_secret(store: MemoryProposalStore, channel: Channel) -> None:
    add(store, title="<!channel> @here\n<https://evil.example|click> password=hunter2secret a&b")
    tell(store, channel)
    assert "<" not in channel.texts[0]
    assert "@here" not in channel.texts[0]
    assert "hunter2secret" not in channel.texts[0]
    assert channel.texts[0].count("\n") == 1


def test_without_a_public_address_the_command_is_named(store: MemoryProposalStore, channel: Channel) -> None:
    proposal = add(store)
    announce(store, quick(channel), public_url="", now=now())
    assert channel.texts[0].endswith(f"`livhana show {proposal.id}`")


def test_a_redirect_is_not_followed(channel: Channel) -> None:
    elsewhere = Channel()
    channel.location, channel.statuses = elsewhere.url, [307]
    with pytest.raises(NotSent, match="307"):
        quick(channel).send("x")
    elsewhere.close()
    assert elsewhere.texts == []


def test_attempts_are_bounded_and_only_for_what_may_pass(channel: Channel) -> None:
    channel.statuses = [503, 200]
    quick(channel).send("x")
    channel.statuses = [503] * 9
    with pytest.raises(NotSent):
        quick(channel).send("x")
    assert len(channel.statuses) == 6
    channel.statuses = [404, 200]
    with pytest.raises(NotSent):
        quick(channel).send("x")
    assert channel.statuses == [200]


def test_no_word_and_no_log_line_holds_the_address(channel: Channel, caplog: pytest.LogCaptureFixture) -> None:
    channel.statuses = [404]
    with caplog.at_level(logging.DEBUG), pytest.raises(NotSent) as refused:
        quick(channel).send("x")
    closed = channel.url
    channel.close()
    with caplog.at_level(logging.DEBUG), pytest.raises(NotSent) as unreachable:
        Webhook(closed, timeout=1, pause=lambda _: None).send("x")
    assert SECRET not in f"{refused.value} {unreachable.value} {caplog.text}"


@pytest.mark.parametrize(
    "url",
    ["http://hooks.example.com/x", "ftp://127.0.0.1/x", "file:///etc/passwd", "", "https://", "https://[x", "http://127.0.0.1.evil.example/"],
)  # fmt: skip
def test_only_https_or_this_machine_is_an_address(url: str) -> None:
    with pytest.raises(BadAddress) as refused:
        Webhook(url)
    assert not url or url not in str(refused.value)
