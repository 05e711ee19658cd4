"""Where `livhana up` listens, under which names, whom it believes, and what it refuses to begin with."""

from __future__ import annotations

import json
import os
import signal
import socket
import threading
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from livhana_assets.adapters.access_file import AccessFile
from livhana_assets.adapters.running_up import AlreadyUp, running_up, stop_up, the_only_up
from livhana_assets.settings import Settings
from livhana_assets.web.server import (
    CannotListen,
    is_loopback,
    listening,
    local_url,
    names,
    proxy_of,
    published,
    serving,
)
from livhana_assets.wiring import NotConfigured
from livhana_assets_tests.cli.a_shop import Terminal

PROXY = {"IMPROVEMENT_PROXY_HEADER": "X-Auth-Request-Email", "IMPROVEMENT_PROXY_ADDRESSES": "10.0.0.0/24"}


def settings(monkeypatch: pytest.MonkeyPatch, **given: str) -> Settings:
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    return Settings()


# --- the address -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("host", "inside"), [("127.0.0.1", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("10.1.2.3", False), ("", False)])  # fmt: skip
def test_what_is_only_this_machine(host: str, inside: bool) -> None:
    assert is_loopback(host) is inside


def test_it_answers_under_its_own_names_and_the_public_one() -> None:
    assert names("127.0.0.1", "https://Improve.example.com/x") == {
        "127.0.0.1",
        "localhost",
        "::1",
        "improve.example.com",
    }
    assert names("0.0.0.0", "") > {"127.0.0.1", socket.gethostname().lower()}
    assert "" not in names("0.0.0.0", "")


def test_the_address_that_is_printed_can_be_opened_here() -> None:
    assert [local_url(host, 1) for host in ("0.0.0.0", "::1", "127.0.0.1")] == [
        "http://127.0.0.1:1",
        "http://[::1]:1",
        "http://127.0.0.1:1",
    ]


def test_a_taken_port_is_said_in_one_sentence() -> None:
    with listening("127.0.0.1", 0) as taken, pytest.raises(CannotListen) as refused:  # noqa: SIM117
        with listening("127.0.0.1", taken.getsockname()[1]):
            raise AssertionError
    assert str(refused.value).endswith("cannot be used (Address already in use): choose another with --port.")


def test_an_address_that_is_not_this_machines_is_said_in_one_sentence() -> None:
    with pytest.raises(CannotListen, match="Port 1 of 192"), listening("192.0.2.1", 1):
        raise AssertionError


def scheme(request: Request) -> PlainTextResponse:
    return PlainTextResponse(f"{request.url.scheme} {request.client and request.client.host}")


SCHEME = Starlette(routes=[Route("/", scheme)])


def test_behind_https_the_public_name_is_https_and_the_local_one_is_not() -> None:
    client = TestClient(published(SCHEME, "https://improve.example.com"))
    assert client.get("http://improve.example.com/").text.startswith("https ")
    assert client.get("http://127.0.0.1:3000/").text.startswith("http ")


def test_what_a_visitor_says_about_where_it_comes_from_is_not_believed_by_the_server() -> None:
    stop = threading.Event()
    with listening("127.0.0.1", 0) as bound, serving(SCHEME, bound, stop):
        url = f"http://127.0.0.1:{bound.getsockname()[1]}/"
        answer = httpx.get(url, headers={"X-Forwarded-For": "6.6.6.6", "X-Forwarded-Proto": "https"})
    assert (answer.text, "server" in answer.headers) == ("http 127.0.0.1", False)
    assert stop.is_set()


# --- the proxy -------------------------------------------------------------------------------------------------------


def test_a_proxy_is_believed_where_all_of_it_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = proxy_of(settings(monkeypatch, **PROXY, IMPROVEMENT_PROXY_ROLES=json.dumps({"ada@x.org": "reviewer"})))
    assert proxy.trusts("10.0.0.7")
    assert not proxy.trusts("10.0.1.7")
    assert proxy.role_of("eve@x.org") is None


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({}, "together"),
        ({"IMPROVEMENT_PROXY_ROLES": '{"*": "boss"}'}, "no role"),
        ({"IMPROVEMENT_PROXY_ROLES": '{"*": "viewer"}', "IMPROVEMENT_PROXY_ADDRESSES": "0.0.0.0/0"}, "anybody"),
        ({"IMPROVEMENT_PROXY_ROLES": '{"*": "viewer"}', "IMPROVEMENT_PROXY_ADDRESSES": "proxy"}, "no address"),
    ],
)
def test_a_proxy_that_is_set_by_half_or_too_wide_is_refused(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, str], why: str
) -> None:
    with pytest.raises(NotConfigured, match=why):
        proxy_of(settings(monkeypatch, **{**PROXY, **given}))


# --- one per home ----------------------------------------------------------------------------------------------------


ASSERTION = {
    "IMPROVEMENT_PROXY_ASSERTION": "X-Goog-IAP-JWT-Assertion",
    "IMPROVEMENT_PROXY_AUDIENCE": "/projects/1",
    "IMPROVEMENT_PROXY_ISSUER": "https://cloud.google.com/iap",
    "IMPROVEMENT_PROXY_KEYS": "https://keys.example.org/jwks",
    "IMPROVEMENT_PROXY_ROLES": '{"*": "viewer"}',
}


def test_an_assertion_takes_the_place_of_the_plain_header(monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = proxy_of(settings(monkeypatch, **ASSERTION, **PROXY))
    assert (proxy.header, proxy.assertions is None) == ("X-Goog-IAP-JWT-Assertion", False)


@pytest.mark.parametrize("missing", ASSERTION)
def test_an_assertion_that_is_set_by_half_is_refused(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    given = {name: value for name, value in ASSERTION.items() if name != missing}
    with pytest.raises(NotConfigured, match=f"without {missing}: set it"):
        proxy_of(settings(monkeypatch, **given))


def test_keys_that_anybody_could_replace_on_the_way_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NotConfigured, match=r"IMPROVEMENT_PROXY_KEYS: http://keys\.example\.org is no https address"):
        proxy_of(settings(monkeypatch, **{**ASSERTION, "IMPROVEMENT_PROXY_KEYS": "http://keys.example.org"}))


def test_only_one_at_a_time_has_a_home(tmp_path: Path) -> None:
    with the_only_up(tmp_path) as is_at:
        is_at("http://127.0.0.1:3000")
        with pytest.raises(AlreadyUp, match=r"at http://127\.0\.0\.1:3000 \(process"), the_only_up(tmp_path):
            raise AssertionError
    assert running_up(tmp_path) is None
    with the_only_up(tmp_path):
        pass


def test_what_a_dead_one_left_behind_stops_nobody(tmp_path: Path) -> None:
    """The process that has its number now is somebody else's."""
    told: dict[str, Any] = {"pid": os.getpid(), "host": socket.gethostname(), "url": "http://127.0.0.1:3000"}
    (tmp_path / "up.lock").write_text(json.dumps(told))
    reached: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _: reached.append(number))
    try:
        assert stop_up(tmp_path) is False
    finally:
        signal.signal(signal.SIGTERM, before)
    assert reached == []


def test_settings_of_the_clock_and_the_web_change_no_runs_and_others_do(monkeypatch: pytest.MonkeyPatch) -> None:
    word = settings(monkeypatch).work
    assert settings(monkeypatch, ENABLE_SELF_IMPROVEMENT="true", IMPROVEMENT_PUBLIC_URL="https://x.org").work == word
    assert settings(monkeypatch, IMPROVEMENT_LAND="fast_forward").work != word


# --- at a prompt -----------------------------------------------------------------------------------------------------


@pytest.fixture
def prompt(tmp_path: Path) -> Terminal:
    return Terminal(tmp_path, tmp_path / "home")


def test_beyond_this_machine_only_with_a_sign_in(prompt: Terminal) -> None:
    assert prompt("up", "--host", "0.0.0.0", "--port", "0").ended(2, "Nobody could sign in", "livhana token add")


def test_a_taken_port_ends_up_with_exit_2(prompt: Terminal) -> None:
    with listening("127.0.0.1", 0) as taken:
        assert prompt("up", "--port", taken.getsockname()[1]).ended(2, "--port")
    assert not (prompt.home / "redis").exists()


def test_a_half_set_proxy_ends_up_with_exit_2(prompt: Terminal) -> None:
    assert prompt("up", "--port", "0", IMPROVEMENT_PROXY_HEADER="X-Email").ended(2, "together")


def test_tokens_are_given_listed_and_taken_back(prompt: Terminal) -> None:
    given = prompt("token", "add", "ada", "--role", "reviewer")
    access = AccessFile(prompt.home / "access")
    found = access.of(given.out.strip())
    assert found is not None
    assert (found.name, found.role) == ("ada", "reviewer")
    assert prompt.json("token", "list") == [{"name": "ada", "role": "reviewer"}]
    assert prompt("token", "remove", "ada").ended(0, "ada may come in no more")
    assert access.of(given.out.strip()) is None
    assert prompt("token", "remove", "ada").ended(2, "Nobody has a token under the name ada")
    assert prompt("token", "add", "ada", "--role", "boss").ended(2, "viewer, reviewer or admin")


def test_machines_that_share_a_secret_sign_alike(tmp_path: Path) -> None:
    one, other = AccessFile(tmp_path / "one", "s" * 32), AccessFile(tmp_path / "other", "s" * 32)
    assert one.key() == other.key() != AccessFile(tmp_path / "alone").key()
    assert not (tmp_path / "one").exists()


def test_a_short_secret_is_refused(prompt: Terminal) -> None:
    assert prompt("token", "list", IMPROVEMENT_SECRET_KEY="short").ended(2, "IMPROVEMENT_SECRET_KEY")
