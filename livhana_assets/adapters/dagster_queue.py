"""Starts jobs in the queue of the running `livhana up`, through its guarded GraphQL: there all runs wait for each other, and the UI lists them.

What it shows at the guard is a word sealed with the home's key, so nobody comes in who could not read that anyway.
"""

from __future__ import annotations

import getpass
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from livhana_assets.adapters.command_pass import seal_pass
from livhana_assets.adapters.dagster_runs import COMMAND, ENDING_SECONDS, FAILURE, JobRun, NotQueued, UpGone
from livhana_assets.adapters.dagster_services import LOCATION
from livhana_assets.adapters.running_up import running_up

ANSWER_SECONDS = 60.0
"""An `up` that is still starting answers when its code server serves."""
LOOK_SECONDS, WAITS_SECONDS = 0.3, 5.0
EVENTS = 1000
OVER = frozenset({"SUCCESS", "FAILURE", "CANCELED"})

LAUNCH = """mutation Launch($executionParams: ExecutionParams!) {
  launchPipelineExecution(executionParams: $executionParams) {
    __typename ... on LaunchRunSuccess { run { runId } } ... on Error { message }
  }
}"""
FIND = """query Find($filter: RunsFilter!) {
  runsOrError(filter: $filter, limit: 1) { ... on Runs { results { runId } } }
}"""
LOOK = """query Look($runId: ID!, $after: String, $limit: Int) {
  runOrError(runId: $runId) { ... on Run { status } }
  logsForRun(runId: $runId, afterCursor: $after, limit: $limit) {
    ... on EventConnection {
      cursor hasMore
      events {
        __typename
        ... on MessageEvent { message level }
        ... on ErrorEvent { error { message causes { message } } }
      }
    }
  }
}"""
END = """mutation End($runId: String!) {
  terminateRun(runId: $runId) { __typename }
}"""


class _Silent(Exception):
    """The `up` did not answer."""


@dataclass(frozen=True)
class QueueOfUp:
    """The queue of the `up` that serves at `url` for this home. `key` gives the home's key."""

    home: Path
    url: str
    key: Callable[[], bytes]
    client: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=ANSWER_SECONDS, trust_env=False))

    def start(self, job: str, tags: Mapping[str, str], told: Callable[[str], None]) -> JobRun:
        """Queue the job and follow its run to the end. Raises NotQueued, UpGone. Whoever interrupts us ends the run."""
        command = uuid.uuid4().hex
        run = self._launched(job, {**tags, COMMAND: command})
        told(f"{job} runs in `livhana up`: {self._page(run)}")
        try:
            return self._followed(job, run, told)
        except _Silent:
            raise UpGone(command) from None
        except BaseException:
            with suppress(_Silent, NotQueued):
                self._end(run)
            raise

    def _launched(self, job: str, tags: Mapping[str, str]) -> str:
        """The run's id. Where no answer came the run may be there all the same."""
        selector = {"pipelineName": job, "repositoryName": "__repository__", "repositoryLocationName": LOCATION}
        said = [{"key": key, "value": value} for key, value in tags.items()]
        asked = {"selector": selector, "mode": "default", "executionMetadata": {"tags": said}}
        try:
            answer = self._ask(LAUNCH, {"executionParams": asked})["launchPipelineExecution"]
        except _Silent:
            return self._found(tags[COMMAND])
        if "run" not in answer:
            raise NotQueued(str(answer.get("message") or answer["__typename"]).strip())
        return str(answer["run"]["runId"])

    def _found(self, command: str) -> str:
        try:
            asked = {"filter": {"tags": [{"key": COMMAND, "value": command}]}}
            found = self._patiently(FIND, asked)["runsOrError"]["results"]
        except _Silent:
            raise UpGone(command) from None
        if not found:
            raise NotQueued("it does not answer")
        return str(found[0]["runId"])

    def _followed(self, job: str, run: str, told: Callable[[str], None]) -> JobRun:
        why = kind = ""
        for status, event in self._events(run, told):
            if event.get("__typename") == "LogMessageEvent" and event["level"] == "INFO":
                told(str(event["message"]))
            for line in _reasons(event):
                if failed := FAILURE.search(line):
                    why, kind = failed["why"].strip(), failed["dagster"] or failed["kind"]
            if status in OVER:
                break
        why = why or (f"The run of {job} was canceled." if status == "CANCELED" else "")
        page = self._page(run)
        return JobRun(job, True, page) if status == "SUCCESS" else JobRun(job, False, page, why, kind)

    def _events(self, run: str, told: Callable[[str], None]) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Each event of the run, and at the end the status that it came to."""
        after, began, waits = None, time.monotonic(), False
        while True:
            seen = self._patiently(LOOK, {"runId": run, "after": after, "limit": EVENTS})
            status, page = seen["runOrError"].get("status", "CANCELED"), seen["logsForRun"]
            yield from (("", event) for event in page.get("events", ()))
            after = page.get("cursor", after)
            if status in OVER and not page.get("hasMore"):
                yield status, {}
                return
            if status == "QUEUED" and not waits and time.monotonic() - began > WAITS_SECONDS:
                waits = True
                told("It waits in the queue for another run to end.")
            time.sleep(0 if page.get("hasMore") else LOOK_SECONDS)

    def _end(self, run: str) -> None:
        """Ask for the run's end, and wait until it has put back what it had begun."""
        self._ask(END, {"runId": run})
        deadline = time.monotonic() + ENDING_SECONDS
        while time.monotonic() < deadline:
            if self._ask(LOOK, {"runId": run, "limit": 1})["runOrError"].get("status", "CANCELED") in OVER:
                return
            time.sleep(LOOK_SECONDS)

    def _patiently(self, query: str, variables: Mapping[str, Any]) -> Mapping[str, Any]:
        """The answer, however often it must be asked for, as long as the `up` lives: its code server may be starting anew."""
        patience = time.monotonic() + ANSWER_SECONDS
        while True:
            try:
                return self._ask(query, variables)
            except NotQueued:
                if time.monotonic() > patience:
                    raise
            except _Silent:
                there = running_up(self.home)
                if there is None or there.url != self.url:
                    raise
            time.sleep(LOOK_SECONDS)

    def _ask(self, query: str, variables: Mapping[str, Any]) -> Mapping[str, Any]:
        """What GraphQL says. Raises _Silent where nothing answers, NotQueued where we are not let in or not understood."""
        shown = {"Authorization": seal_pass(self.key(), _user(), now=datetime.now(UTC))}
        try:
            answer = self.client.post(
                f"{self.url}/graphql", json={"query": query, "variables": variables}, headers=shown
            )
        except httpx.HTTPError:
            raise _Silent from None
        try:
            told = answer.json()
            data = told.get("data")
        except (ValueError, AttributeError):
            raise NotQueued(f"it answered {answer.status_code}") from None
        if not isinstance(data, dict):
            raise NotQueued(str(told.get("detail") or told.get("errors") or answer.status_code)[:300])
        return data

    def _page(self, run: str) -> str:
        return f"{self.url}/runs/{run}"


def _reasons(event: Mapping[str, Any]) -> Iterator[str]:
    """The lines of an event's error, from the outermost to what was behind it."""
    error = event.get("error") or {}
    for one in (error, *(error.get("causes") or ())):
        yield from str(one.get("message") or "").splitlines()


def _user() -> str:
    try:
        name = getpass.getuser()
    except (OSError, KeyError):
        return "operator"
    return name if name.isprintable() else "operator"
