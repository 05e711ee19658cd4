"""`IMPROVEMENT_LAND=pull_request` from the approval to the merge, the close or a colleague's push, by the real command against GitHub's routes on the loopback interface."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from livhana_assets.adapters.embedded_redis import open_embedded_redis
from livhana_assets.adapters.git_target import GitTarget
from livhana_assets.adapters.redis_store import RedisProposalStore
from livhana_assets.settings import Settings
from livhana_assets.wiring import Loop
from livhana_assets_tests.cli.a_shop import Terminal, at_a_prompt
from livhana_assets_tests.dagster_project.a_clock import tick
from livhana_assets_tests.github_server import NAME, TOKEN, Github, serving
from livhana_assets_tests.loop.execution.an_approved_change import (
    BUGGY,
    QUICK_SUITE,
    a_change,
    add_buggy_shop,
    ground_of,
)
from livhana_assets_tests.repositories import bare_repository, git, write

pytestmark = pytest.mark.drill


@dataclass
class Desk:
    """Somebody at a prompt whose approved fix stands in an open pull request."""

    terminal: Terminal
    github: Github
    settings: Mapping[str, str]
    fix: str

    def shown(self) -> dict[str, Any]:
        return next(one for one in self.terminal.json("proposals") if one["id"] == self.fix)

    def approve(self) -> str:
        """The digest that was approved."""
        digest: str = self.shown()["digest"]
        assert self.terminal("approve", self.fix, "--digest", digest).ended(0)
        return digest

    def look(self) -> str:
        """What the next command hears of the pull request."""
        answer = self.terminal("run", "daily", "--dry-run", columns=200)
        assert answer.code == 0, answer.err
        return answer.err

    def push(self, old: str, new: str) -> str:
        """A colleague changes the fix in its branch; the branch's new commit."""
        [pull] = self.github.pulls
        work = self.github.repository.with_name("colleague")
        git(work.parent, "clone", "--quiet", "--branch", pull["branch"], str(self.github.repository), str(work))
        text = (work / "shop/price.py").read_text()
        assert old in text, text
        write(work, {"shop/price.py": text.replace(old, new)})
        git(work, "commit", "--quiet", "--all", "--message", "Say it shorter")
        git(work, "push", "--quiet", "origin", f"HEAD:{pull['branch']}")
        return git(work, "rev-parse", "HEAD")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    repository = bare_repository(tmp_path / "shop.git")
    add_buggy_shop(repository)
    with serving(repository) as github:
        settings = {
            "IMPROVEMENT_TARGET_REPO": f"file://{repository}", "IMPROVEMENT_LAND": "pull_request",
            "IMPROVEMENT_GITHUB_URL": github.url, "IMPROVEMENT_GITHUB_REPOSITORY": NAME, "IMPROVEMENT_GITHUB_TOKEN": TOKEN,
            "IMPROVEMENT_TEST_COMMAND": f'"{QUICK_SUITE}"',
        }  # fmt: skip
        (tmp_path / ".env").write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
        for terminal in at_a_prompt(tmp_path):
            store = RedisProposalStore.at(open_embedded_redis(terminal.home / "redis"))
            ground = ground_of(GitTarget(settings["IMPROVEMENT_TARGET_REPO"], terminal.home), QUICK_SUITE)
            change = store.add(a_change(ground, 1, "pull_request"), actor="analyst:test", operation="proposed")
            made = Desk(terminal, github, settings, change.id)
            made.approve()
            assert terminal("execute", made.fix).ended(0, "is approved", f"{github.url}/{NAME}/pull/1")
            yield made


def test_an_approved_fix_is_published_with_its_evidence_and_landed_by_the_merge(desk: Desk) -> None:
    [pull] = desk.github.pulls
    assert desk.shown()["digest"] in pull["body"] and "### Proof" in pull["body"]
    assert git(desk.github.repository, "show", "main:shop/price.py") == BUGGY.strip()
    assert desk.terminal("execute", desk.fix).ended(3, "waits to be merged")
    desk.github.merge(1, "grace")
    assert "was merged by github:grace" in desk.look()
    assert desk.shown()["status"] == "implemented"
    assert desk.terminal("audit", "verify").code == 0


def test_a_push_to_it_is_a_revision_that_nobody_has_approved(desk: Desk) -> None:
    before = desk.shown()["digest"]
    pushed = desk.push("item.get('price', 0)", "(item.get('price') or 0)")
    assert f"{desk.fix} is proposed: {pushed[:12]} was pushed" in desk.look()
    assert (desk.shown()["status"], desk.shown()["revision"]) == ("proposed", 2)
    assert desk.terminal("execute", desk.fix).ended(3, "is proposed, not approved")
    assert desk.terminal("approve", desk.fix, "--digest", before).ended(3, "is not what you saw any more")
    assert desk.approve() != before
    assert desk.terminal("execute", desk.fix).ended(0, "pull request 1 into main")
    desk.github.merge(1, "grace")
    assert "was merged by github:grace" in desk.look()
    assert desk.shown()["status"] == "implemented"
    assert "item.get('price') or 0" in git(desk.github.repository, "show", "main:shop/price.py")


def test_a_close_there_is_a_rejection_here_as_the_clock_sees_it(desk: Desk, tmp_path: Path) -> None:
    desk.github.close(1, "grace")
    said: dict[str, Any] = {**desk.settings, "LIVHANA_HOME": desk.terminal.home, "ENABLE_SELF_IMPROVEMENT": True}
    (tmp_path / "instance").mkdir()
    with dg.DagsterInstance.local_temp(str(tmp_path / "instance")) as instance:
        found = tick("stale_claims", instance, Loop(Settings(_env_file=None, **said)))
    assert f"{desk.fix} is rejected now" in found.skip_message
    last = desk.shown()["history"][-1]
    assert (last["action"], last["actor"], last["detail"]) == ("rejected", "github:grace", "pull request 1 was closed")
    assert desk.terminal("execute", desk.fix).ended(3, "is rejected, not approved")
    assert desk.terminal("audit", "verify").code == 0
