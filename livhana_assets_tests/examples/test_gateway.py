"""The Express gateway and the loop keep their contract: a real Redis, the real web application and a real Node process."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import pytest
import redis

from livhana_assets.adapters.redis_store import RedisProposalStore
from livhana_assets.loop.proposals.model import Proposal
from livhana_assets.web.app import create_app
from livhana_assets.web.desk import Desk, Shelf
from livhana_assets.web.entrance import Entrance
from livhana_assets.web.guard import House
from livhana_assets_tests.a_proposal import NOON
from livhana_assets_tests.examples.a_gateway import (
    EXAMPLE,
    Seen,
    approved_by_node,
    as_json,
    installed,
    kept_by_node,
    nobody,
    running_gateway,
    serving,
)
from livhana_assets_tests.redis_server import running_redis
from livhana_assets_tests.web.an_api import Api, proved

KEYS = {"ada": "ada-at-the-gateway", "vera": "vera-at-the-gateway"}
PROPOSALS = "/api/improvements/proposals"
ACL = re.compile(r"`ACL SETUSER gateway on >SECRET (.+)`")


@dataclass
class Both:
    """Both sides at work: Ada has a token of her own at the loop, Vera has none."""

    api: Api
    seen: Seen
    loop: str
    gateway: str
    redis_url: str

    def client(self, user: str = "ada", **headers: str) -> httpx.Client:
        key = {"Authorization": f"Bearer {KEYS[user]}"} if user else {}
        return httpx.Client(base_url=self.gateway, headers={**key, **headers}, timeout=10)

    def ask(self, method: str, path: str, user: str = "ada", headers: dict[str, str] | None = None, **more: Any) -> Any:
        with self.client(user, **(headers or {})) as client:
            return client.request(method, path, **more)

    def approve(self, proposal: Proposal, digest: str = "", **more: Any) -> Any:
        return self.ask(
            "POST", f"{PROPOSALS}/{proposal.id}/approve", json={"digest": digest or proposal.digest}, **more
        )


def for_the_gateway(redis_url: str) -> str:
    """The address of a Redis user with exactly the rights that the example's README gives to Node."""
    found = ACL.search((EXAMPLE / "README.md").read_text())
    assert found
    with redis.Redis.from_url(redis_url) as client:
        client.execute_command("ACL", "SETUSER", "gateway", "on", ">secret", *found[1].split())
    return redis_url.replace("unix://", "unix://gateway:secret@")


@pytest.fixture(scope="module")
def example() -> Iterator[Path]:
    with TemporaryDirectory() as folder:
        yield installed(Path(folder))


@pytest.fixture(scope="module")
def both(example: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    folder = tmp_path_factory.mktemp("loop")
    with running_redis(folder / "redis") as redis_url:
        api = Api(folder, RedisProposalStore.at(redis_url))
        clock = lambda: api.now  # noqa: E731
        desk = Desk(api.loop, api.launches, clock, Shelf(api.store))
        house = House(frozenset({"127.0.0.1"}), api.access.key(), clock)
        seen = Seen(create_app(desk, Entrance(api.access, api.access.key(), clock), house))
        settings = {
            "LIVHANA_TOKEN": api.tokens["viewer"],
            "LIVHANA_TOKENS": as_json({"ada": api.tokens["reviewer"]}),
            "GATEWAY_KEYS": as_json(KEYS),
            "REDIS_URL": for_the_gateway(redis_url),
        }
        with serving(seen) as url, running_gateway(example, LIVHANA_URL=url, **settings) as gateway:
            yield Both(api, seen, url, gateway, redis_url)


def is_problem(answer: httpx.Response, status: int) -> str:
    """Its sentence, once it was seen to be one."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    assert (answer.status_code, answer.json()["status"]) == (status, status), answer.text
    return str(answer.json()["detail"])


# --- the API through the gateway -------------------------------------------------------------------------------------


def test_proposals_are_listed_through_the_gateway_as_the_loop_lists_them(both: Both) -> None:
    proposal = both.api.add(proved(1))
    listed = both.ask("GET", f"{PROPOSALS}?status=proposed&limit=200", "vera")
    assert listed.status_code == 200
    assert proposal.id in [one["id"] for one in listed.json()["proposals"]]
    assert listed.json() == both.api.get("/proposals?status=proposed&limit=200").json()


def test_a_reviewer_approves_the_digest_that_was_read_and_is_named(both: Both) -> None:
    proposal = both.api.add(proved(2))
    shown = both.ask("GET", f"{PROPOSALS}/{proposal.id}")
    approved = both.approve(proposal, shown.json()["digest"])
    assert (approved.status_code, approved.json()["decidedBy"]) == (200, "reviewer-person")
    approval = both.api.store.get(proposal.id).approval
    assert approval and (approval.by, approval.digest) == ("reviewer-person", proposal.digest)


def test_a_stale_digest_is_refused_through_the_gateway_and_changes_nothing(both: Both) -> None:
    proposal = both.api.add(proved(3))
    refused = is_problem(both.approve(proposal, "0" * 64), 409)
    assert refused == both.api.post(f"/proposals/{proposal.id}/approve", {"digest": "0" * 64}).json()["detail"]
    assert both.api.store.get(proposal.id) == proposal


def test_the_same_key_gets_the_first_answer_again_and_another_request_does_not(both: Both) -> None:
    proposal = both.api.add(proved(4))
    key = {"Idempotency-Key": "one-click"}
    first, again = (both.approve(proposal, headers=key) for _ in range(2))
    assert (first.status_code, again.json()) == (200, first.json())
    is_problem(both.approve(proposal, "0" * 64, headers=key), 422)


def test_what_is_known_already_is_not_sent_again(both: Both) -> None:
    path = f"{PROPOSALS}/{both.api.add(proved(5)).id}"
    etag = both.ask("GET", path).headers["etag"]
    assert both.ask("GET", path, headers={"If-None-Match": etag}).status_code == 304


# --- who it is -------------------------------------------------------------------------------------------------------


def test_nothing_that_the_caller_says_of_themselves_reaches_the_loop(both: Both) -> None:
    forged = {"Cookie": "livhana=forged", "X-Forwarded-For": "10.0.0.1", "X-Auth-Request-Email": "admin@example.com"}
    before = len(both.seen.headers)
    assert both.ask("GET", PROPOSALS, "vera", headers=forged).status_code == 200
    ((_, headers),) = both.seen.headers[before:]
    assert headers["authorization"] == f"Bearer {both.api.tokens['viewer']}"
    assert not {"cookie", "x-forwarded-for", "x-auth-request-email"} & set(headers)
    assert KEYS["vera"] not in str(headers)


def test_a_token_of_the_loop_is_no_key_to_the_gateway(both: Both) -> None:
    before = len(both.seen.headers)
    is_problem(both.ask("GET", PROPOSALS, "", headers={"Authorization": f"Bearer {both.api.tokens['admin']}"}), 401)
    is_problem(both.ask("GET", PROPOSALS, ""), 401)
    assert len(both.seen.headers) == before


def test_whoever_has_no_token_of_their_own_decides_nothing(both: Both) -> None:
    proposal = both.api.add(proved(6))
    assert "livhana token add" in is_problem(both.approve(proposal, user="vera"), 403)
    assert both.api.store.get(proposal.id) == proposal


@pytest.mark.parametrize(("number", "name", "value"), [(10, "Origin", "https://evil.example"), (11, "Sec-Fetch-Site", "cross-site"), (12, "Cookie", "session=1")])  # fmt: skip
def test_a_form_on_another_site_decides_nothing(both: Both, number: int, name: str, value: str) -> None:
    proposal = both.api.add(proved(number))
    assert "another site" in is_problem(both.approve(proposal, headers={name: value}), 403)
    assert both.api.store.get(proposal.id) == proposal


def test_a_page_of_the_gateways_own_site_may_decide(both: Both) -> None:
    proposal = both.api.add(proved(7))
    assert both.approve(proposal, headers={"Origin": both.gateway, "Cookie": "session=1"}).status_code == 200


def test_a_gateway_that_has_read_the_json_itself_passes_it_on(both: Both, example: Path) -> None:
    proposal = both.api.add(proved(8))
    path = f"{PROPOSALS}/{proposal.id}/approve"
    body = json.dumps({"digest": proposal.digest, "comment": "read before"})
    assert approved_by_node(example, both.loop, both.api.tokens["reviewer"], path, body) == 200
    approval = both.api.store.get(proposal.id).approval
    assert approval and (approval.digest, approval.comment) == (proposal.digest, "read before")


# --- limits ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", ["/%2e%2e/%2e%2e/graphql", "/..%2f..%2fgraphql", "//evil.example/x", "/a\\..\\graphql"]
)
def test_no_path_leads_out_of_the_api(both: Both, path: str) -> None:
    before = len(both.seen.headers)
    with both.client() as client:
        target = httpx.URL(both.gateway).copy_with(raw_path=b"/api/improvements" + path.encode())
        is_problem(client.get(target), 404)
    assert len(both.seen.headers) == before


def test_a_body_that_is_too_long_stops_at_the_gateway(both: Both) -> None:
    before = len(both.seen.headers)
    is_problem(both.ask("POST", "/api/improvements/analyze", content=b" " * 70_000), 413)
    assert len(both.seen.headers) == before


def test_only_reading_and_deciding_pass(both: Both) -> None:
    before = len(both.seen.headers)
    is_problem(both.ask("DELETE", f"{PROPOSALS}/bugfix-1"), 405)
    assert len(both.seen.headers) == before


def test_a_loop_that_is_down_is_a_bad_gateway(example: Path) -> None:
    with nobody(listening=False) as url:
        answer = asked_of(example, LIVHANA_URL=url)
    assert "`livhana up`" in is_problem(answer, 502)


def test_a_loop_that_does_not_answer_in_time_is_a_gateway_timeout(example: Path) -> None:
    with nobody(listening=True) as url:
        answer = asked_of(example, LIVHANA_URL=url, LIVHANA_TIMEOUT_MS="200")
    assert "same Idempotency-Key" in is_problem(answer, 504)


def test_a_token_that_the_loop_does_not_know_is_the_gateways_fault(example: Path, both: Both) -> None:
    answer = asked_of(example, LIVHANA_URL=both.loop)
    assert "renew" in is_problem(answer, 502)


def asked_of(example: Path, **settings: str) -> httpx.Response:
    """What a gateway with these settings answers to Ada's decision."""
    known = {"LIVHANA_TOKENS": as_json({"ada": "unknown"}), "GATEWAY_KEYS": as_json(KEYS)}
    with running_gateway(example, **known, **settings) as gateway:
        headers = {"Authorization": f"Bearer {KEYS['ada']}"}
        return httpx.post(f"{gateway}{PROPOSALS}/bugfix-1/execute", headers=headers, timeout=10)


def test_every_locked_package_has_a_hash_and_names_no_host() -> None:
    packages = json.loads((EXAMPLE / "package-lock.json").read_text())["packages"]
    ours = packages.pop("")
    assert set(ours["dependencies"]) == {"express", "redis"}
    assert [name for name, one in packages.items() if not one["integrity"].startswith("sha512-")] == []
    assert [name for name, one in packages.items() if "resolved" in one] == []


# --- knowledge -------------------------------------------------------------------------------------------------------

AWKWARD = {"z": 1, "é": "ü 🌿", "10": [None, True, 1.5], "2": {"\uffff": 0, "\U0001f33f": 1}, "text": 'q" \\ \n'}


def test_what_node_learned_the_loop_reads(both: Both) -> None:
    written = both.ask("POST", "/api/knowledge/gateway", json=AWKWARD)
    assert written.status_code == 201, written.text
    (entry,) = both.api.store.knowledge("gateway")
    assert {name: entry[name] for name in AWKWARD} == AWKWARD
    assert (entry["by"], len(entry)) == ("ada", len(AWKWARD) + 2)
    assert re.fullmatch(r"knowledge:gateway:\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{6}Z", written.json()["key"])


def test_what_the_loop_learned_node_reads_oldest_first(both: Both) -> None:
    for number in (2, 1):
        both.api.store.remember("refusal", NOON + timedelta(seconds=number), {**AWKWARD, "number": number})
    assert both.ask("GET", "/api/knowledge/refusal").json() == [{**AWKWARD, "number": number} for number in (1, 2)]


def test_both_sides_write_the_same_entry_once_and_another_beside_it(both: Both, example: Path) -> None:
    at = NOON.replace(microsecond=123_000)
    key = both.api.store.remember("shared", at, AWKWARD)
    assert kept_by_node(example, both.redis_url, at.isoformat(), [AWKWARD, {"other": 1}]) == [
        key,
        key.replace("123000", "123001"),
    ]
    assert both.api.store.knowledge("shared") == (AWKWARD, {"other": 1})
    assert both.api.store.remember("shared", at, {"other": 1}) == key.replace("123000", "123001")


def test_what_decides_over_proposals_is_written_by_the_loop_alone(both: Both) -> None:
    before = both.api.store.knowledge("bugfix")
    is_problem(both.ask("POST", "/api/knowledge/bugfix", json={"result": "reverted"}), 403)
    assert both.api.store.knowledge("bugfix") == before


@pytest.mark.parametrize("body", [[1], None])
def test_knowledge_that_is_no_object_is_refused(both: Both, body: Any) -> None:
    is_problem(both.ask("POST", "/api/knowledge/refused", json=body), 422)
    assert both.api.store.knowledge("refused") == ()


def test_the_redis_user_of_the_readme_reads_no_proposal_and_approves_none(both: Both) -> None:
    with redis.Redis.from_url(for_the_gateway(both.redis_url)) as client:
        for command in (
            ("GET", "improvement:proposal:x"),
            ("SETNX", "improvement:proposal:x", "{}"),
            ("EVAL", "", "0"),
        ):
            with pytest.raises(redis.exceptions.NoPermissionError):
                client.execute_command(*command)


def test_without_redis_the_knowledge_is_away_and_the_loop_is_not(both: Both, example: Path) -> None:
    settings = {"LIVHANA_TOKENS": as_json({"ada": both.api.tokens["reviewer"]}), "GATEWAY_KEYS": as_json(KEYS)}
    with nobody(listening=False) as url:
        redis_url = url.replace("http:", "redis:")
        with running_gateway(example, LIVHANA_URL=both.loop, REDIS_URL=redis_url, **settings) as gateway:
            headers = {"Authorization": f"Bearer {KEYS['ada']}"}
            is_problem(httpx.get(f"{gateway}/api/knowledge/refusal", headers=headers, timeout=10), 503)
            assert httpx.get(f"{gateway}{PROPOSALS}", headers=headers, timeout=10).status_code == 200
