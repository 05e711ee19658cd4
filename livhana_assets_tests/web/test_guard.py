"""The guard in front of a stand-in for the Dagster UI that writes down what reaches it: strangers and the wrong roles reach nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from livhana_assets.adapters.access_file import AccessFile
from livhana_assets.adapters.command_pass import seal_pass
from livhana_assets.loop.review.signatures import SIGNED, Signed, verify
from livhana_assets.web import signing_in
from livhana_assets.web.entrance import Entrance, Proxy
from livhana_assets.web.graphql_rules import LAUNCHES, NEEDED
from livhana_assets.web.guard import Guard, House
from livhana_assets.web.limits import RateLimit
from livhana_assets.web.people import Role

HOME = "http://127.0.0.1:3000"
SOCKET = "ws://127.0.0.1:3000/graphql"
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
LAUNCH = "mutation LaunchPipelineExecution($executionParams: ExecutionParams!) { launchPipelineExecution(executionParams: $executionParams) { __typename } }"
READ = "query { version }"


class Dagster:
    """What came through to the mounted UI."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []
        self.paths: list[str] = []
        self.heard: list[str] = []

    async def everything(self, request: Request) -> Response:
        self.paths.append(f"{request.method} {request.url.path}")
        if request.url.path == "/graphql" and request.method == "POST":
            self.bodies.append(await request.json())
        return JSONResponse({"data": {"version": "x"}})

    async def socket(self, socket: WebSocket) -> None:
        await socket.accept("graphql-ws")
        try:
            while True:
                self.heard.append(await socket.receive_text())
                await socket.send_text("{}")
        except WebSocketDisconnect:
            return

    @property
    def reached(self) -> bool:
        return bool(self.paths or self.heard)

    def app(self) -> Starlette:
        methods = ["GET", "POST", "PUT", "DELETE", "PATCH"]
        return Starlette(
            routes=[WebSocketRoute("/graphql", self.socket), Route("/{path:path}", self.everything, methods=methods)]
        )


class Door:
    """A guarded house with one token for each role."""

    def __init__(self, folder: Path, proxy: Proxy = Proxy(), peer: str = "127.0.0.1") -> None:  # noqa: B008
        self.now = NOW
        self.access = AccessFile(folder / "access")
        self.tokens = {role.name: self.access.add(f"{role.name}-person", role.name) for role in Role}
        self.dagster = Dagster()
        clock = lambda: self.now  # noqa: E731
        entrance = Entrance(self.access, self.access.key(), clock, proxy)
        house = House(frozenset({"127.0.0.1", "localhost"}), self.access.key(), clock, changes=RateLimit(50, 60))
        routes = [*signing_in.routes(entrance, house), Mount("/", self.dagster.app())]
        self.guard = Guard(Starlette(routes=routes), entrance, house)
        self.peer = peer

    def client(self) -> TestClient:
        return TestClient(self.guard, base_url=HOME, follow_redirects=False, client=(self.peer, 50000))

    def bearer(self, role: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.tokens[role]}"}

    def signed_in(self, role: str) -> TestClient:
        client = self.client()
        assert client.get("/sign-in", params={"token": self.tokens[role]}).status_code == 303
        return client

    def ask(self, role: str, query: str, variables: Any = None, **more: Any) -> Any:
        body = {"query": query, "variables": variables or {}, **more}
        return self.client().post("/graphql", json=body, headers=self.bearer(role))


@pytest.fixture
def door(tmp_path: Path) -> Door:
    return Door(tmp_path)


def launch_of_decision(proposal_id: str = "bugfix-1", answer: str = "APPROVE", tags: Any = ()) -> dict[str, Any]:
    config = (
        f"ops:\n  decision:\n    config:\n      decision: {answer}\n      digest: {'d' * 64}\n      comment: fine\n"
    )
    return {
        "executionParams": {
            "runConfigData": config,
            "selector": {"pipelineName": "__ASSET_JOB", "assetSelection": [{"path": ["decision"]}]},
            "executionMetadata": {
                "tags": [
                    {"key": "dagster/partition", "value": proposal_id},
                    {"key": "dagster/from_ui", "value": "true"},
                    *tags,
                ]
            },
        }
    }


def tags_that_came_through(door: Door) -> dict[str, str]:
    found = door.dagster.bodies[-1]["variables"]["executionParams"]["executionMetadata"]["tags"]
    return {tag["key"]: tag["value"] for tag in found}


# --- strangers -------------------------------------------------------------------------------------------------------

ROUTES = (
    "/", "/runs", "/assets/proposal", "/graphql", "/server_info", "/dagit_info", "/logs/x/stdout", "/notebook",
    "/download_debug/1", "/review", "/review/proposals/bugfix-1", "/api/improvements/metrics", "/api/improvements/health",
    "/api/improvements/proposals", "/api/improvements/openapi.json", "/metrics", "/report_asset_materialization/decision",
    "/report_asset_check/proposal", "/report_asset_observation/proposal", "/sign-in/..%2fruns", "/SIGN-IN/../graphql",
    "/livez/../graphql", "//graphql", "/%2e%2e/graphql", "/review-static/../graphql",
)  # fmt: skip


@pytest.mark.parametrize("path", ROUTES)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"])
def test_a_stranger_reaches_nothing(door: Door, path: str, method: str) -> None:
    answer = door.client().request(method, f"{HOME}{path}")
    assert answer.status_code in (303, 400, 401, 403, 404, 405, 429)
    assert not door.dagster.reached


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Bearer "},
        {"Authorization": "Bearer x"},
        {"Authorization": "Basic eDp4"},
        {"Cookie": "livhana_session=x.y"},
        {"Cookie": "livhana_session=eyJhIjoxfQ.AAAA"},
        {"Cookie": "livhana_session=" + "A" * 4000},
        {"X-Forwarded-User": "admin"},
        {"X-Goog-Authenticated-User-Email": "accounts.google.com:a@b.c"},
        {"X-Forwarded-For": "127.0.0.1", "X-Forwarded-Email": "a@b.c"},
    ],
)
def test_what_is_no_token_of_ours_opens_nothing(door: Door, headers: dict[str, str]) -> None:
    assert door.client().get("/graphql", params={"query": READ}, headers=headers).status_code == 401
    assert not door.dagster.reached


def test_a_stranger_is_led_to_the_sign_in_page_and_back(door: Door) -> None:
    client = door.client()
    answer = client.get("/runs", headers={"Accept": "text/html"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=/runs")
    answer = client.get("/sign-in", params={"token": door.tokens["viewer"], "next": "/runs"})
    assert answer.headers["location"] == "/runs"
    assert client.get("/runs").status_code == 200


@pytest.mark.parametrize(
    "elsewhere", ["//evil.example", "https://evil.example/", "/\\evil.example", "javascript:alert(1)"]
)
def test_signing_in_leads_nowhere_else(door: Door, elsewhere: str) -> None:
    answer = door.client().get("/sign-in", params={"token": door.tokens["viewer"], "next": elsewhere})
    assert answer.headers["location"] == "/review"


def test_a_session_cookie_is_for_this_server_alone(door: Door) -> None:
    cookie = door.client().get("/sign-in", params={"token": door.tokens["viewer"]}).headers["set-cookie"].lower()
    assert "httponly" in cookie and "samesite=lax" in cookie and "path=/" in cookie
    assert door.tokens["viewer"].lower() not in cookie


def test_a_session_ends_with_its_token_and_after_its_time(door: Door) -> None:
    viewer, admin = door.signed_in("viewer"), door.signed_in("admin")
    door.access.remove("viewer-person")
    assert viewer.get("/runs").status_code == 401 and admin.get("/runs").status_code == 200
    door.now = NOW + timedelta(days=15)
    assert admin.get("/runs").status_code == 401


def test_guessing_tokens_is_slowed_down(door: Door) -> None:
    client = door.client()
    guesses = [client.get("/sign-in", params={"token": f"guess{n}"}).status_code for n in range(12)]
    assert guesses.count(401) == 10 and guesses[-1] == 429
    assert client.get("/runs", headers=door.bearer("admin")).status_code == 429, "not even a good one, from there"


def test_tokens_are_kept_as_hashes_that_only_the_owner_reads(door: Door, tmp_path: Path) -> None:
    kept = (tmp_path / "access" / "tokens.json").read_text()
    assert not any(token in kept for token in door.tokens.values())
    assert {path.stat().st_mode & 0o077 for path in (tmp_path / "access").iterdir() if path.name != "lock"} == {0}


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "evil.example:3000", "[::1]"])
def test_a_foreign_name_is_not_answered(door: Door, host: str) -> None:
    """A page of another site cannot reach us under its own name (DNS rebinding)."""
    answer = door.client().get("/runs", headers={**door.bearer("admin"), "Host": host})
    assert answer.status_code == 400 and not door.dagster.reached


# --- other sites -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:3001"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {},
    ],
)
def test_another_sites_page_changes_nothing_with_our_cookie(door: Door, headers: dict[str, str]) -> None:
    client = door.signed_in("admin")
    answer = client.post("/graphql", json={"query": LAUNCH, "variables": launch_of_decision()}, headers=headers)
    assert answer.status_code == 403 and not door.dagster.reached


def test_our_own_page_may(door: Door) -> None:
    client = door.signed_in("reviewer")
    body = {"query": LAUNCH, "variables": launch_of_decision()}
    assert client.post("/graphql", json=body, headers={"Origin": HOME}).status_code == 200
    assert Signed.model_validate_json(tags_that_came_through(door)[SIGNED]).person == "reviewer-person"


# --- roles -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mutation", sorted(NEEDED))
def test_a_mutation_needs_its_role(door: Door, mutation: str) -> None:
    query = f"mutation M($a: A!) {{ {mutation}(a: $a) {{ __typename }} }}"
    allowed = {role: door.ask(role.name, query, {"a": {}}).status_code for role in Role}
    assert allowed == {role: 200 if role >= NEEDED[mutation] else 403 for role in Role}


@pytest.mark.parametrize(
    "mutation",
    ["reportRunlessAssetEvents", "reportAssetCheckEvaluations", "setAppManagedComponent", "aMutationOfTomorrow"],
)
def test_some_mutations_are_nobodys(door: Door, mutation: str) -> None:
    assert door.ask("admin", f"mutation {{ {mutation} {{ __typename }} }}").status_code == 403
    assert not door.dagster.reached


def test_every_mutation_of_the_installed_dagster_was_thought_of() -> None:
    from dagster_graphql.schema import create_schema

    nobodys = {
        "reportRunlessAssetEvents", "reportAssetCheckEvaluations", "setAppManagedComponent",
        "deleteAppManagedComponent", "refreshComponentState",
    }  # fmt: skip
    schema = create_schema().graphql_schema
    assert schema.mutation_type and set(schema.mutation_type.fields) == set(NEEDED) | nobodys


@pytest.mark.parametrize(
    "query",
    [
        "mutation { ...F } fragment F on Mutation { wipeAssets { __typename } }",
        "mutation { ... on Mutation { wipeAssets { __typename } } }",
        "mutation { harmless: wipeAssets { __typename } }",
        "query A { version } mutation B { wipeAssets { __typename } }",
        "mutation { ...F } fragment F on Mutation { ...G } fragment G on Mutation { ...F wipeAssets { __typename } }",
        "mutation { setNuxSeen wipeAssets { __typename } }",
        "mutation @skip(if: false) { wipeAssets { __typename } }",
        "\ufeffmutation{wipeAssets{__typename}}",
    ],
)
def test_no_way_of_writing_it_gets_a_viewer_past_a_role(door: Door, query: str) -> None:
    answers = [door.ask("viewer", query), door.ask("viewer", query, operationName="A")]
    assert {answer.status_code for answer in answers} <= {400, 403} and not door.dagster.reached


@pytest.mark.parametrize("query", ["mutation {", "", "[" * 9000, "query {" * 3000, 7, None, ["query { version }"]])
def test_what_cannot_be_judged_does_not_pass(door: Door, query: Any) -> None:
    assert door.client().post("/graphql", json={"query": query}, headers=door.bearer("admin")).status_code == 400
    assert not door.dagster.reached


def test_a_mutation_does_not_come_by_get_or_by_the_query_string(door: Door) -> None:
    client, mutation = door.client(), {"query": "mutation { wipeAssets { __typename } }"}
    admin = door.bearer("admin")
    assert client.get("/graphql", params=mutation, headers=admin).status_code == 405
    assert client.post("/graphql", params=mutation, headers=admin).status_code == 400
    form = client.post("/graphql", params=mutation, headers={**admin, "Content-Type": "text/plain"}, content=b"x")
    raw = client.post("/graphql", headers={**admin, "Content-Type": "application/graphql"}, content=mutation["query"])
    assert (form.status_code, raw.status_code) == (400, 400) and not door.dagster.reached


def test_what_was_judged_is_what_is_carried_out(door: Door) -> None:
    """Two `query` keys, two readers, two meanings: only what the guard read goes on."""
    body = '{"query": "mutation { wipeAssets { __typename } }", "query": "query { version }"}'
    headers = {**door.bearer("viewer"), "Content-Type": "application/json"}
    assert door.client().post("/graphql", content=body, headers=headers).status_code == 200
    assert door.dagster.bodies == [{"query": "query { version }", "variables": {}, "operationName": None}]


def test_a_batch_of_requests_does_not_pass(door: Door) -> None:
    body = [{"query": READ}, {"query": "mutation { wipeAssets { __typename } }"}]
    assert door.client().post("/graphql", json=body, headers=door.bearer("viewer")).status_code == 400


@pytest.mark.parametrize(
    "path", ["/report_asset_materialization/decision", "/report_asset_check/a", "/report_asset_observation/a", "/runs"]
)
def test_nobody_reports_events_by_hand(door: Door, path: str) -> None:
    for role in Role:
        assert door.client().post(path, json={}, headers=door.bearer(role.name)).status_code == 403
    assert not door.dagster.reached


def test_a_whole_run_for_download_is_the_admins(door: Door) -> None:
    seen = {
        role.name: door.client().get("/download_debug/1", headers=door.bearer(role.name)).status_code for role in Role
    }
    assert seen == {"viewer": 403, "reviewer": 403, "admin": 200}


# --- signed launches -------------------------------------------------------------------------------------------------


def test_a_decision_is_signed_with_who_asked_and_what_was_typed(door: Door) -> None:
    assert door.ask("reviewer", LAUNCH, launch_of_decision()).status_code == 200
    tags = tags_that_came_through(door)
    signed = verify(door.access.key(), tags, now=NOW)
    assert (signed.person, signed.partition, signed.decision) == ("reviewer-person", "bugfix-1", "APPROVE")
    assert (signed.digest, signed.comment) == ("d" * 64, "fine")
    assert tags["dagster/partition"] == "bugfix-1"


@pytest.mark.parametrize(
    "key", ["livhana/signed", "livhana/signature", "LIVHANA/person", " livhana/person", "livhana/x"]
)
def test_a_clients_own_tags_of_ours_are_taken_off(door: Door, key: str) -> None:
    forged = [{"key": key, "value": "boss"}]
    assert door.ask("reviewer", LAUNCH, launch_of_decision(tags=forged)).status_code == 200
    kept = door.dagster.bodies[-1]["variables"]["executionParams"]["executionMetadata"]["tags"]
    assert {"key": key, "value": "boss"} not in kept


@pytest.mark.parametrize("mutation", sorted(LAUNCHES - {"resumePartitionBackfill"}))
def test_no_launch_hides_its_parameters_in_literals_or_defaults(door: Door, mutation: str) -> None:
    literal = f'mutation {{ {mutation}(p: {{tags: [{{key: "livhana/person", value: "boss"}}]}}) {{ __typename }} }}'
    default = f'mutation M($p: P = {{tags: [{{key: "livhana/person", value: "x"}}]}}) {{ {mutation}(p: $p) {{ __typename }} }}'
    assert door.ask("admin", literal).status_code == 400
    assert door.ask("admin", default).status_code == 400
    assert not door.dagster.reached


@pytest.mark.parametrize(
    "mutation", ["launchMultipleRuns", "launchPartitionBackfill", "launchRunReexecution", "launchPipelineReexecution"]
)
def test_only_a_single_launch_is_ever_signed(door: Door, mutation: str) -> None:
    query = f"mutation M($executionParams: P!) {{ {mutation}(executionParams: $executionParams) {{ __typename }} }}"
    assert door.ask("reviewer", query, launch_of_decision()).status_code == 200
    assert not [key for key in tags_that_came_through(door) if key.startswith("livhana/")]


def test_a_launch_of_more_than_the_decision_is_not_signed(door: Door) -> None:
    launch = launch_of_decision()
    launch["executionParams"]["selector"]["assetSelection"].append({"path": ["execution"]})
    assert door.ask("reviewer", LAUNCH, launch).status_code == 200
    assert SIGNED not in tags_that_came_through(door)


# --- sockets ---------------------------------------------------------------------------------------------------------


def test_a_socket_is_for_whoever_is_signed_in_on_our_own_page(door: Door) -> None:
    for client, headers in (
        (door.client(), {"Origin": HOME}),
        (door.signed_in("viewer"), {"Origin": "https://evil.example"}),
        (door.signed_in("viewer"), {}),
    ):
        with pytest.raises(WebSocketDisconnect), client.websocket_connect(SOCKET, headers=headers):
            pass
    assert not door.dagster.reached
    with door.signed_in("viewer").websocket_connect(SOCKET, headers={"Origin": HOME}) as socket:
        socket.send_text(json.dumps({"type": "start", "id": "1", "payload": {"query": "subscription { x }"}}))
        assert socket.receive_text() == "{}"


@pytest.mark.parametrize(
    "message",
    [
        json.dumps({"type": "start", "id": "1", "payload": {"query": "mutation { wipeAssets { __typename } }"}}),
        json.dumps({"type": "start", "id": "1", "payload": {"query": "subscription { x } mutation { wipeAssets }"}}),
        json.dumps({"type": "start", "id": "1"}),
        "no json",
        json.dumps(["start"]),
    ],
)
def test_no_mutation_comes_by_a_socket(door: Door, message: str) -> None:
    with door.signed_in("admin").websocket_connect(SOCKET, headers={"Origin": HOME}) as socket:
        socket.send_text(message)
        with pytest.raises(WebSocketDisconnect):
            socket.receive_text()
    assert door.dagster.heard == []


# --- commands of the same home ---------------------------------------------------------------------------------------


def with_pass(door: Door, key: bytes, *, made: datetime = NOW) -> Any:
    shown = {"Authorization": seal_pass(key, "ada", now=made)}
    return door.client().post("/graphql", json={"query": LAUNCH, "variables": launch_of_decision()}, headers=shown)


def test_a_command_that_has_the_homes_key_starts_runs_in_its_users_name(door: Door) -> None:
    assert with_pass(door, door.access.key()).status_code == 200
    assert tags_that_came_through(door)["livhana/person"] == "ada"


def test_a_commands_word_is_no_admins(door: Door) -> None:
    shown = {"Authorization": seal_pass(door.access.key(), "ada", now=NOW)}
    body = {"query": "mutation X($a: String!) { wipeAssets(a: $a) { __typename } }", "variables": {"a": "x"}}
    assert door.client().post("/graphql", json=body, headers=shown).status_code == 403


@pytest.mark.parametrize("minutes", [-2, 5])
def test_a_commands_word_of_another_time_opens_nothing(door: Door, minutes: int) -> None:
    assert with_pass(door, door.access.key(), made=NOW + timedelta(minutes=minutes)).status_code == 401
    assert not door.dagster.reached


def test_a_commands_word_of_another_key_or_of_a_session_opens_nothing(door: Door) -> None:
    assert with_pass(door, b"k" * 32).status_code == 401
    session = door.signed_in("admin").cookies["livhana_session"]
    assert door.client().get("/runs", headers={"Authorization": f"Livhana {session}"}).status_code == 401
    word = seal_pass(door.access.key(), "ada", now=NOW).removeprefix("Livhana ")
    assert door.client().get("/runs", headers={"Cookie": f"livhana_session={word}"}).status_code == 401
    assert not door.dagster.reached


# --- behind a proxy --------------------------------------------------------------------------------------------------

PROXY = Proxy("X-Forwarded-Email", ("10.0.0.0/8",), {"ada@example.org": "reviewer", "*": "viewer"})


@pytest.fixture
def behind(tmp_path: Path) -> Iterator[Door]:
    yield Door(tmp_path, PROXY, peer="10.1.2.3")


def test_a_trusted_proxy_says_who_it_is(behind: Door) -> None:
    headers = {"X-Forwarded-Email": "ada@example.org", "X-Forwarded-For": "6.6.6.6, 203.0.113.9", "Origin": HOME}
    body = {"query": LAUNCH, "variables": launch_of_decision()}
    assert behind.client().post("/graphql", json=body, headers=headers).status_code == 200
    signed = Signed.model_validate_json(tags_that_came_through(behind)[SIGNED])
    assert (signed.person, signed.origin) == ("ada@example.org", "203.0.113.9")


def test_whom_the_proxy_lets_in_without_a_name_of_ours_only_reads(behind: Door) -> None:
    headers = {"X-Forwarded-Email": "bob@example.org", "Origin": HOME}
    assert behind.client().get("/runs", headers=headers).status_code == 200
    body = {"query": LAUNCH, "variables": launch_of_decision()}
    assert behind.client().post("/graphql", json=body, headers=headers).status_code == 403


def test_two_identities_in_one_request_are_none(behind: Door) -> None:
    headers = [("X-Forwarded-Email", "ada@example.org"), ("X-Forwarded-Email", "root@example.org")]
    assert behind.client().get("/runs", headers=headers).status_code == 401


def test_nobody_but_the_proxy_may_say_who_it_is(tmp_path: Path) -> None:
    door = Door(tmp_path, PROXY, peer="192.168.1.9")
    assert door.client().get("/runs", headers={"X-Forwarded-Email": "ada@example.org"}).status_code == 401
    assert not door.dagster.reached
