"""A landed commit goes live: a real command, a store in memory."""

from __future__ import annotations

import json
import os
import shlex
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from livhana_assets.adapters.deploy_command import BadCommand, DeployCommandLine, needs_shell
from livhana_assets.adapters.memory_store import MemoryProposalStore
from livhana_assets.loop.execution.deploy import DeployCommand, Deployment, DeployRan, approval_digest, deploy
from livhana_assets.loop.proposals.audit import verify
from livhana_assets.loop.proposals.lifecycle import advance
from livhana_assets.loop.proposals.model import Claim, Landing, Proposal, Status
from livhana_assets.loop.review.decisions import Refused
from livhana_assets_tests.a_proposal import a_proposal

pytestmark = pytest.mark.doors

NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
COMMIT = "c0ffee" + "0" * 34
HIDDEN = frozenset({"ANTHROPIC_API_KEY", "REDIS_URL", "IMPROVEMENT_SECRET_KEY"})


@dataclass
class Counted:
    """A deploy command that only counts; `during` happens while it runs."""

    text: str = "ship it"
    succeeds: bool = True
    runs: list[Mapping[str, str]] = field(default_factory=list)

    def run(self, name: str, told: Mapping[str, str]) -> DeployRan:
        self.runs.append(told)
        return DeployRan(self.succeeds, "exit code 0" if self.succeeds else "exit code 3", "said so", f"/kept/{name}")


class Dying(Counted):
    """The loop's process is killed while the command runs."""

    def run(self, name: str, told: Mapping[str, str]) -> DeployRan:
        super().run(name, told)
        raise KeyboardInterrupt


class Platform:
    """A store with one landed change."""

    def __init__(self) -> None:
        self.store = MemoryProposalStore()
        landed = a_proposal().model_copy(
            update={
                "status": Status.IMPLEMENTED,
                "landing": Landing(commit=COMMIT, branch="main", previous="b" * 40, landed_at=NOW),
            }
        )
        self.change = self.store.add(landed, actor="test", operation="add")
        self.alive = True

    def deploy(self, command: DeployCommand | None, **otherwise: object) -> Deployment:
        told: dict[str, object] = {
            "commit": COMMIT[:12],
            "by": "ada",
            "allowed": True,
            "again": False,
            "run_id": "run-1",
        }
        return deploy(
            self.store, command, self.change.id, is_alive=self.is_alive, clock=lambda: NOW, **{**told, **otherwise}
        )  # type: ignore[arg-type]

    def is_alive(self, claim: Claim) -> bool:
        return self.alive

    def audited(self) -> list[str]:
        assert verify(self.store.audit())
        return [entry.action for entry in self.store.audit()][1:]


@pytest.fixture
def platform() -> Platform:
    return Platform()


def test_a_named_persons_yes_to_the_landed_commit_runs_the_command_once(platform: Platform) -> None:
    command = Counted()
    done = platform.deploy(command)
    assert done.ran and done.ran.succeeded
    assert command.runs == [{"LIVHANA_COMMIT": COMMIT, "LIVHANA_PROPOSAL": platform.change.id}]
    assert platform.audited() == ["deploy_approved", "deploying", "deployed"]
    approved, _, deployed = list(platform.store.audit())[1:]
    assert approved.actor == "ada"
    assert approved.details["digest"] == approval_digest(platform.change.id, COMMIT, "ship it")
    assert (deployed.details["commit"], deployed.details["at"]) == (COMMIT, NOW.isoformat())
    assert deployed.details["by"] == "ada" and deployed.details["output"] == "said so"


def test_what_is_approved_is_this_commit_by_this_command() -> None:
    digests = {approval_digest(*said) for said in (("a", "b", "c"), ("a", "b", "d"), ("a", "e", "c"), ("f", "b", "c"))}
    assert len(digests) == 4


@pytest.mark.parametrize(
    ("otherwise", "why"),
    [
        ({"allowed": False}, "IMPROVEMENT_ALLOW_PRODUCTION_DEPLOY"),
        ({"commit": "abcdef0123"}, "landed as c0ffee000000, which is not what you named"),
        ({"commit": "c0ffee0"}, "not what you named"),
        ({"commit": ""}, "not what you named"),
        ({"by": " "}, "name of a person"),
        ({"by": "ada\nroot"}, "name of a person"),
    ],
    ids=["off", "another commit", "too short", "no commit", "nobody", "two lines"],
)
def test_without_leave_name_and_commit_nothing_runs(platform: Platform, otherwise: dict[str, object], why: str) -> None:
    command = Counted()
    with pytest.raises(Refused, match=why):
        platform.deploy(command, **otherwise)
    assert command.runs == [] and platform.audited() == []


def test_without_a_command_and_while_paused_nothing_runs(platform: Platform) -> None:
    with pytest.raises(Refused, match="set IMPROVEMENT_DEPLOY_COMMAND"):
        platform.deploy(None)
    platform.store.pause(True, actor="jesse")
    command = Counted()
    with pytest.raises(Refused, match="paused"):
        platform.deploy(command)
    assert command.runs == []


def moved(platform: Platform, to: Status) -> Proposal:
    after = advance(platform.change, to, at=NOW, actor="test", action=str(to), detail="bugfix-2 landed")
    return platform.store.save(
        after, expected_version=platform.change.version, actor="test", action=str(to), operation=str(to)
    )


def test_what_is_taken_back_is_not_deployed(platform: Platform) -> None:
    moved(platform, Status.REVERTED)
    with pytest.raises(Refused, match="is taken back: bugfix-2 landed"):
        platform.deploy(Counted())


def test_what_has_not_landed_is_not_deployed() -> None:
    platform = Platform()
    waiting = a_proposal(2)
    platform.store.add(waiting, actor="test", operation="add-2")
    platform.change = waiting
    with pytest.raises(Refused, match="only what has landed"):
        platform.deploy(Counted())


def test_a_second_deployment_of_a_commit_says_when_it_was_done(platform: Platform) -> None:
    command = Counted()
    platform.deploy(command)
    second = platform.deploy(command, by="jesse")
    assert second.ran is None and second.done_before == f"{NOW.isoformat()} by ada"
    assert len(command.runs) == 1
    assert platform.deploy(command, again=True, run_id="run-2").ran
    assert len(command.runs) == 2


def test_a_failed_deployment_is_taken_down_and_may_be_tried_again(platform: Platform) -> None:
    failed = platform.deploy(Counted(succeeds=False))
    assert failed.ran and not failed.ran.succeeded
    assert platform.audited() == ["deploy_approved", "deploying", "deploy_failed"]
    again = platform.deploy(Counted(), run_id="run-2")
    assert again.ran and again.ran.succeeded and again.done_before == ""
    assert platform.audited()[-1] == "deployed"


def test_a_commit_is_deployed_by_one_process_at_a_time(platform: Platform) -> None:
    with pytest.raises(KeyboardInterrupt):
        platform.deploy(Dying())
    other = Counted()
    with pytest.raises(Refused, match="being deployed by another process"):
        platform.deploy(other, run_id="run-2")
    assert other.runs == []


def test_a_deployment_whose_process_died_is_a_failed_one(platform: Platform) -> None:
    with pytest.raises(KeyboardInterrupt):
        platform.deploy(Dying())
    platform.alive = False
    assert platform.deploy(Counted(), run_id="run-2").ran
    assert platform.audited() == [
        "deploy_approved", "deploying", "deploy_failed", "deploy_approved", "deploying", "deployed",
    ]  # fmt: skip


# --- the command itself ----------------------------------------------------------------------------------------------

SHOW = "import json, os; print(json.dumps(dict(os.environ)))"


def line(folder: Path, text: str, seconds: float = 20) -> DeployCommandLine:
    return DeployCommandLine(text, folder / "kept", hidden=HIDDEN, seconds=seconds)


def test_the_command_sees_the_operators_environment_without_the_loops_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "ANTHROPIC_API_KEY": "hush", "REDIS_URL": "redis://:hush@h", "improvement_secret_key": "hush", "KUBECONFIG": "/k",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    ran = line(tmp_path, f"{shlex.quote(sys.executable)} -c '{SHOW}'").run("one", {"LIVHANA_COMMIT": COMMIT})
    seen = json.loads(ran.output)
    assert "hush" not in ran.output
    assert seen["KUBECONFIG"] == "/k" and seen["LIVHANA_COMMIT"] == COMMIT and "PATH" in seen


def test_what_it_printed_is_kept_for_its_owner_only(tmp_path: Path) -> None:
    ran = line(tmp_path, "echo shipped").run("one", {})
    assert ran == DeployRan(True, "exit code 0", "shipped\n", str(tmp_path / "kept" / "one.log"))
    kept = Path(ran.kept)
    assert kept.read_text() == "shipped\n" and kept.stat().st_mode & 0o077 == 0


def test_a_flood_of_output_is_read_to_its_end_and_kept_in_part(tmp_path: Path) -> None:
    flood = "import sys; sys.stdout.write('x' * 30_000_000); print('end')"
    ran = line(tmp_path, f'{shlex.quote(sys.executable)} -c "{flood}"').run("one", {})
    assert ran.succeeded and ran.output.endswith("end\n")
    assert Path(ran.kept).stat().st_size < 1_200_000


def test_a_command_that_takes_too_long_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    ran = line(tmp_path, f"sh -c 'sleep 60 & echo $! > {tmp_path}/pid; wait'", seconds=0.5).run("one", {})
    assert not ran.succeeded and ran.how == "it took more than 0.5 s and was ended"
    assert _gone(int((tmp_path / "pid").read_text()))


def _gone(pid: int) -> bool:
    for _ in range(100):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return True
        if state == "Z":
            return True
        time.sleep(0.02)
    return False


def test_what_it_leaves_running_on_purpose_stays_and_is_not_waited_for(tmp_path: Path) -> None:
    ran = line(tmp_path, f"sleep 30 & echo $! > {tmp_path}/pid").run("one", {})
    pid = int((tmp_path / "pid").read_text())
    assert ran.succeeded and not _ended_already(pid)
    os.kill(pid, 9)


def _ended_already(pid: int) -> bool:
    return not Path(f"/proc/{pid}").exists()


def test_how_it_failed_is_told(tmp_path: Path) -> None:

    assert line(tmp_path, "sh -c 'exit 7'").run("two", {}).how == "exit code 7"
    assert line(tmp_path, "sh -c 'kill -9 $$'").run("three", {}).how == "ended by signal 9"
    assert "cannot be started: No such file" in line(tmp_path, "no-such-program --now").run("four", {}).how


@pytest.mark.parametrize(
    ("text", "shell"),
    [
        ("./deploy.sh production", False),
        ("gcloud run deploy --image 'a b'", False),
        ("sh -c 'echo $HOME | wc'", False),
        ('./deploy.sh "$LIVHANA_COMMIT"', True),
        ("build && ship", True),
        ("REGION=eu ./deploy.sh", True),
        ("cat *.yaml", True),
    ],
)
def test_a_shell_runs_it_only_where_the_words_need_one(text: str, shell: bool) -> None:
    assert needs_shell(text) is shell


def test_a_command_with_open_quotes_is_refused_by_name() -> None:
    with pytest.raises(BadCommand, match="close its quotes"):
        DeployCommandLine("ship 'it", Path(), hidden=frozenset(), seconds=1)
