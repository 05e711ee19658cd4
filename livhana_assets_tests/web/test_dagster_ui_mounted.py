"""What is used of Dagster's inside is there and does what we count on: read this first when Dagster's minor version moves."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Iterator
from pathlib import Path

import dagster
import pytest
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import WorkspaceFileTarget
from dagster_webserver.app import create_app_from_workspace_process_context
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from livhana_assets.adapters.dagster_runs import DagsterRuns
from livhana_assets.web.dagster_ui import DagsterUI, dagster_ui
from livhana_assets.web.desk import LaunchFailed
from livhana_assets.web.graphql_rules import LAUNCHES, NEEDED

INSTANCE = Path(__file__).parent.parent.parent / "dagster.yaml"
MUTATIONS = "{ __schema { mutationType { fields { name } } } }"
NOBODYS = {
    "reportRunlessAssetEvents", "reportAssetCheckEvaluations", "setAppManagedComponent", "deleteAppManagedComponent",
    "refreshComponentState",
}  # fmt: skip
"""Events reported by hand, and definitions changed from the outside."""


@pytest.fixture(scope="module")
def ui(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DagsterUI]:
    """Over an instance of its own, with no code location."""
    home = tmp_path_factory.mktemp("home")
    DagsterRuns(home, INSTANCE).prepare()
    workspace = home / "dagster" / "workspace.yaml"
    workspace.write_text("load_from: []\n")
    with dagster_ui(home / "dagster", workspace) as opened:
        yield opened


@pytest.fixture
def client(ui: DagsterUI) -> TestClient:
    return TestClient(Starlette(routes=[Mount("/", ui.app)]))


def test_the_names_that_we_import_take_what_we_give_them() -> None:
    assert {"instance", "workspace_load_target", "version"} <= set(
        inspect.signature(WorkspaceProcessContext).parameters
    )
    assert list(WorkspaceFileTarget(paths=["a.yaml"]).paths) == ["a.yaml"]
    assert "workspace_process_context" in inspect.signature(create_app_from_workspace_process_context).parameters
    optimize = inspect.signature(dagster.DagsterInstance.optimize_for_webserver)
    assert list(optimize.parameters) == ["self", "statement_timeout", "pool_recycle", "max_overflow"]


def test_the_mounted_ui_answers(client: TestClient) -> None:
    page = client.get("/", headers={"Accept": "text/html"})
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert 'id="root"' in page.text
    assert client.post("/graphql", json={"query": "{ version }"}).json() == {"data": {"version": dagster.__version__}}


def test_subscriptions_come_through_the_mount(client: TestClient) -> None:
    with client.websocket_connect("/graphql", subprotocols=["graphql-ws"]) as socket:
        socket.send_json({"type": "connection_init"})
        assert socket.receive_json() == {"type": "connection_ack"}


def test_each_mutation_of_this_dagster_is_somebodys_or_known_to_be_nobodys(client: TestClient) -> None:
    """A new one is refused until it is written down, and this says so."""
    fields = client.post("/graphql", json={"query": MUTATIONS}).json()["data"]["__schema"]["mutationType"]["fields"]
    known = {field["name"] for field in fields}
    assert known - set(NEEDED) == NOBODYS
    assert known >= LAUNCHES


def test_a_job_that_cannot_be_started_is_said_with_dagsters_reason(ui: DagsterUI) -> None:
    with pytest.raises(LaunchFailed, match=r"execute_proposal: .*livhana_assets\.definitions"):
        ui.launcher.launch("execute_proposal", {"dagster/partition": "bugfix-1"})


def test_the_launcher_works_while_an_event_loop_runs(ui: DagsterUI) -> None:
    async def within() -> None:
        ui.launcher.launch("execute_proposal", {})

    with pytest.raises(LaunchFailed):
        asyncio.run(within())
