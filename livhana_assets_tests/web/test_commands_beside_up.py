"""Commands beside a running `livhana up` of the same home: their runs are the up's own, in its queue and in its list."""

from __future__ import annotations

import itertools
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from livhana_assets.loop.execution.carry_out import landing_branch
from livhana_assets.loop.proposals.model import Proposal, Status
from livhana_assets_tests.cli.a_shop import Answer, Terminal
from livhana_assets_tests.loop.execution.a_target_at_work import TargetAtWork, a_target_at_work
from livhana_assets_tests.loop.execution.an_approved_change import QUICK_SUITE
from livhana_assets_tests.loop.execution.processes import children_of, ref_updates_in, until
from livhana_assets_tests.loop.execution.test_recovery import ref_held
from livhana_assets_tests.repositories import difference, git, snapshot
from livhana_assets_tests.web.a_running_up import REVIEWER, RunningUp, running

pytestmark = pytest.mark.drill

WHEN = """query When($filter: RunsFilter) { runsOrError(filter: $filter) {
  ... on Runs { results { runId status startTime endTime } } } }"""


@dataclass
class Beside:
    """Somebody at a prompt in the folder in which `livhana up` was started."""

    up: RunningUp
    terminal: Terminal
    at_work: TargetAtWork
    made: int = 0

    def approved(self) -> Proposal:
        self.made += 1
        return self.at_work.approved(self.up.store, self.made)

    def execute(self, change: Proposal, **settings: str) -> Answer:
        return self.terminal("execute", change.id, columns=200, **settings)

    def runs(self, change: Proposal) -> list[str]:
        return [run["status"] for run in self.up.runs({"dagster/partition": change.id})]

    def times(self) -> list[tuple[float, float]]:
        """From when to when each execution was at work, in order."""
        asked = {"filter": {"pipelineName": "execute_proposal"}}
        found = self.up.ask(REVIEWER, WHEN, asked).json()["data"]["runsOrError"]["results"]
        return sorted((run["startTime"], run["endTime"]) for run in found if run["startTime"])


@pytest.fixture(scope="module")
def beside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Beside]:
    yield from begun(tmp_path_factory.mktemp("beside"))


def begun(folder: Path) -> Iterator[Beside]:
    home, at_work = folder / "home", a_target_at_work(folder, folder / "home", "branch")
    git(at_work.repository, "config", "core.filesRefLockTimeout", "60000")
    settings = {
        "IMPROVEMENT_TARGET_REPO": str(at_work.repository), "IMPROVEMENT_TARGET_BRANCH": "main", "IMPROVEMENT_LAND": "branch",
        "IMPROVEMENT_TEST_COMMAND": f'"{QUICK_SUITE}"',
    }  # fmt: skip
    (folder / ".env").write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
    with running(folder, home) as up:
        yield Beside(up, Terminal(folder, home), at_work)


def test_an_execution_is_a_run_in_the_ups_list_and_its_words_are_told(beside: Beside) -> None:
    change = beside.approved()
    answer = beside.execute(change)
    assert answer.ended(0, f"{change.id} is implemented")
    assert f"execute_proposal runs in `livhana up`: {beside.up.url}/runs/" in answer.err
    assert beside.runs(change) == ["SUCCESS"]
    assert beside.at_work.head(change)


def test_executions_by_several_commands_wait_for_each_other(beside: Beside) -> None:
    changes = [beside.approved() for _ in range(3)]
    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(beside.execute, changes))
    assert [answer.code for answer in answers] == [0, 0, 0], [answer.err for answer in answers]
    times = beside.times()
    assert len(times) >= 3
    assert all(ended <= began for (_, ended), (began, _) in itertools.pairwise(times)), times


def test_what_fails_there_fails_here_with_its_reason_and_its_exit_code(beside: Beside) -> None:
    """Somebody else has a branch where it would land."""
    change = beside.approved()
    git(beside.at_work.repository, "branch", landing_branch(change), "main")
    answer = beside.execute(change)
    assert answer.ended(1, "moved while the change was being proved", f"The run's log is {beside.up.url}/runs/")
    assert beside.runs(change) == ["FAILURE"]
    assert beside.up.store.get(change.id).status is Status.APPROVED


def test_ctrl_c_ends_the_run_which_leaves_no_trace(beside: Beside) -> None:
    change, before = beside.approved(), snapshot(beside.at_work.repository)
    with ref_held(beside.at_work, change) as let_go, beside.terminal.started("execute", change.id) as (process, answer):
        until(lambda: ref_updates_in(beside.at_work.git_dir))
        process.send_signal(signal.SIGINT)
        process.wait(60)
        let_go()
    assert answer().code == 130
    assert beside.runs(change) == ["CANCELED"]
    assert beside.up.store.get(change.id).status is Status.APPROVED
    assert difference(before, snapshot(beside.at_work.repository)) <= {".git/refs/heads/improvement"}


def test_with_other_settings_it_runs_in_a_process_of_its_own(beside: Beside) -> None:
    change = beside.approved()
    answer = beside.execute(change, IMPROVEMENT_LAND="fast_forward")
    assert answer.ended(0, "is implemented")
    assert "`livhana up` runs with other settings" in answer.err
    assert f"{beside.up.url}/runs/" not in answer.err


@pytest.fixture
def doomed(tmp_path: Path) -> Iterator[Beside]:
    yield from begun(tmp_path)


def test_an_up_that_dies_does_not_take_the_command_with_it(doomed: Beside) -> None:
    change = doomed.approved()
    with ref_held(doomed.at_work, change) as let_go, doomed.terminal.started("execute", change.id) as (process, answer):
        until(lambda: ref_updates_in(doomed.at_work.git_dir))
        doomed.up.process.kill()
        until(lambda: children_of(process.pid) or process.poll() is not None)
        let_go()
    assert answer().ended(0, f"{change.id} is implemented")
    assert "`livhana up` ended while it carried out execute_proposal. It is begun again." in answer().err
    assert doomed.at_work.head(change)
