"""The Dagster UI as an ASGI application, and starting jobs through it. What is used of Dagster's inside is imported here and nowhere else."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from dagster import DagsterInstance
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import WorkspaceFileTarget
from dagster_webserver.app import create_app_from_workspace_process_context
from dagster_webserver.version import __version__
from starlette.types import ASGIApp

from livhana_assets.adapters.dagster_services import LOCATION
from livhana_assets.web.desk import LaunchFailed

REPOSITORY = "__repository__"
STATEMENT_MS, RECYCLE_SECONDS, OVERFLOW = 15_000, 3_600, 20
"""For a database server behind Dagster's storage; what `dagster-webserver` takes by itself."""

LAUNCH = """mutation Launch($executionParams: ExecutionParams!) {
  launchPipelineExecution(executionParams: $executionParams) {
    __typename
    ... on LaunchRunSuccess { run { runId } }
    ... on PythonError { message }
    ... on RunConfigValidationInvalid { errors { message } }
    ... on InvalidSubsetError { message }
    ... on PipelineNotFoundError { message }
    ... on UnauthorizedError { message }
  }
}"""


@dataclass(frozen=True)
class DagsterUI:
    """The application, which lets everybody do everything: it stands behind the guard, and the launcher beside it."""

    app: ASGIApp
    launcher: DagsterLauncher


@contextmanager
def dagster_ui(dagster_home: Path, workspace: Path) -> Iterator[DagsterUI]:
    """Over the instance in `dagster_home` and the code servers that the workspace file names; it follows them when they start anew."""
    with DagsterInstance.from_config(str(dagster_home)) as instance:
        instance.optimize_for_webserver(STATEMENT_MS, RECYCLE_SECONDS, OVERFLOW)
        target = WorkspaceFileTarget(paths=[str(workspace)])
        with WorkspaceProcessContext(instance, target, version=__version__) as context:
            app = create_app_from_workspace_process_context(context)
            yield DagsterUI(app, DagsterLauncher(app))


class DagsterLauncher:
    """Starts jobs by the GraphQL of the mounted UI, without going through the network. Safe between threads, also within a running event loop."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    def launch(self, job: str, tags: Mapping[str, str]) -> str:
        """The id of the run, which is queued by then. Raises LaunchFailed."""
        selector = {"pipelineName": job, "repositoryName": REPOSITORY, "repositoryLocationName": LOCATION}
        told = [{"key": key, "value": value} for key, value in tags.items()]
        asked = {"selector": selector, "mode": "default", "executionMetadata": {"tags": told}}
        with ThreadPoolExecutor(1) as apart:
            answer = apart.submit(asyncio.run, self._ask(LAUNCH, {"executionParams": asked})).result()
        launched: Mapping[str, Any] = (answer.get("data") or {}).get("launchPipelineExecution") or {}
        if "run" not in launched:
            raise LaunchFailed(f"Dagster did not start {job}: {_reason(answer, launched)}")
        return str(launched["run"]["runId"])

    async def _ask(self, query: str, variables: Mapping[str, Any]) -> Mapping[str, Any]:
        inside = httpx.ASGITransport(app=self._app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=inside, base_url="http://dagster") as client:
            answer = await client.post("/graphql", json={"query": query, "variables": variables})
        try:
            told = answer.json()
        except ValueError:
            told = {"errors": [{"message": f"its answer was {answer.status_code} {answer.text[:200]}"}]}
        return told if isinstance(told, dict) else {}


def _reason(answer: Mapping[str, Any], launched: Mapping[str, Any]) -> str:
    given = [launched, *(launched.get("errors") or ()), *(answer.get("errors") or ())]
    said = [str(one["message"]).strip() for one in given if one.get("message")]
    return said[0] if said else str(launched.get("__typename", "it gave no reason"))
