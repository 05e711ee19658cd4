"""An approved change in a pull request: a real remote, a real sandbox, GitHub's routes on the loopback interface."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from livhana_assets.adapters.git_target import GitTarget
from livhana_assets.adapters.github_pull_requests import GithubPullRequests, repository_of
from livhana_assets.adapters.memory_store import MemoryProposalStore
from livhana_assets.loop.execution import checks
from livhana_assets.loop.execution.carry_out import Landed, Published, PutBack, Result, carry_out
from livhana_assets.loop.execution.due import why_not_now
from livhana_assets.loop.execution.pull_requests import (
    LONGEST_BODY,
    Follower,
    PullRequestsUnavailable,
    follow_pull_requests,
    page_body,
)
from livhana_assets.loop.execution.recovery import recover
from livhana_assets.loop.execution.reproof import prove_pushed
from livhana_assets.loop.proposals.audit import verify
from livhana_assets.loop.proposals.lifecycle import advance
from livhana_assets.loop.proposals.model import Claim, Proposal, Status
from livhana_assets.loop.proposals.proof import ProvingGround
from livhana_assets.loop.review.decisions import Refused, approve, expire, reject
from livhana_assets_tests.github_server import NAME, TOKEN, Github, serving
from livhana_assets_tests.loop.execution.an_approved_change import (
    BUGGY,
    FIXED,
    POLICY,
    QUICK_SUITE,
    a_change,
    add_buggy_shop,
    approved,
    ground_of,
)
from livhana_assets_tests.repositories import bare_repository, git, write

NOW = datetime(2026, 11, 21, tzinfo=UTC)


class Shop:
    """A remote with a crash, an approved fix that goes into a pull request, and the server with its pull requests."""

    def __init__(self, folder: Path, github: Github, suite: str = QUICK_SUITE) -> None:
        self.folder, self.github, self.suite = folder, github, suite
        self.target = GitTarget(f"file://{github.repository}", folder / "home")
        self.store = MemoryProposalStore()
        self.fix = approved(self.store, a_change(self.ground(), 1, land="pull_request"), now=NOW)
        self.branch = f"improvement/{self.fix.id}"
        self.server = GithubPullRequests(NAME, token=TOKEN, url=github.url)

    def ground(self) -> ProvingGround:
        return ground_of(self.target, self.suite)

    def execute(self) -> Result:
        return carry_out(
            self.store, self.ground(), self.fix.id, run_id="run", policy=POLICY, now=NOW, pull_requests=self.server
        )

    def follow(self) -> list[str]:
        told: list[str] = []

        def reprove(proposal: Proposal, base: str, pushed: str) -> dict[str, object]:
            return prove_pushed(self.ground(), proposal, base, pushed, POLICY)

        follow_pull_requests(
            self.store,
            lambda: Follower(self.store, self.target, self.server, reprove, POLICY, "run-2", NOW),
            told.append,
        )
        assert verify(self.store.audit())
        return told

    def now(self) -> Proposal:
        return self.store.get(self.fix.id)

    def refs(self) -> str:
        return git(self.github.repository, "for-each-ref")

    def at(self, branch: str) -> str:
        return git(self.github.repository, "rev-parse", branch)

    def push(self, files: Mapping[str, str | bytes | None], branch: str) -> str:
        """Somebody's commit on a branch of the remote."""
        work = self.folder / f"theirs-{len(list(self.folder.iterdir()))}"
        git(self.folder, "clone", "--quiet", "--branch", branch, str(self.github.repository), str(work))
        write(work, files)
        git(work, "add", "--all")
        git(work, "commit", "--quiet", "--message", "Theirs")
        git(work, "push", "--quiet", "origin", f"HEAD:{branch}")
        return self.at(branch)


def made(folder: Path, suite: str) -> Iterator[Shop]:
    repository = bare_repository(folder / "remote.git")
    add_buggy_shop(repository)
    with serving(repository) as github:
        yield Shop(folder, github, suite)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    yield from made(tmp_path, QUICK_SUITE)


@pytest.fixture
def proved(tmp_path: Path) -> Iterator[Shop]:
    yield from made(tmp_path, "pytest")


def test_an_approved_change_is_pushed_and_waits_in_one_pull_request_with_its_evidence(proved: Shop) -> None:
    main = proved.at("main")
    result = proved.execute()
    assert isinstance(result, Published)
    (pull,) = proved.github.pulls
    assert (pull["branch"], pull["into"], pull["title"]) == (proved.branch, "main", proved.fix.title)
    assert proved.fix.digest in pull["body"] and "### Proof" in pull["body"]
    assert proved.at("main") == main
    assert proved.fix.proof and proved.target.tree(proved.at(proved.branch)) == proved.fix.proof.tree
    waiting = proved.now()
    assert waiting.status is Status.APPROVED and waiting.claim is None and waiting.landing is None
    assert waiting.digest == proved.fix.digest
    assert waiting.pull_request and waiting.pull_request.commit == proved.at(proved.branch)


def test_while_it_waits_it_is_not_carried_out_again_and_does_not_expire(shop: Shop) -> None:
    shop.execute()
    with pytest.raises(Refused, match=r"waits to be merged at http://127\.0\.0\.1"):
        shop.execute()
    assert why_not_now(shop.now(), NOW) == f"{shop.fix.id} waits in a pull request"
    assert expire(shop.store, now=NOW + timedelta(days=400), policy=POLICY) == ()
    assert shop.follow() == [] and len(shop.github.pulls) == 1


@pytest.mark.parametrize("squash", [False, True], ids=["merge", "squash"])
def test_a_merge_counts_as_landed(shop: Shop, squash: bool) -> None:
    shop.execute()
    commit = shop.github.merge(1, "grace", squash=squash)
    (told,) = shop.follow()
    assert "was merged by github:grace" in told
    landed = shop.now()
    assert landed.status is Status.IMPLEMENTED and landed.landing
    assert landed.pull_request and landed.pull_request.merge_commit == commit
    assert shop.target.contains(shop.at("main"), landed.landing.commit)
    assert shop.follow() == []
    shop.target.refresh()
    found = checks.target_untouched([landed], checks.announced(shop.store.audit()), shop.target)
    assert not found.amiss and not checks.landed_is_approved([landed], shop.target).amiss


def test_a_close_counts_as_rejected_and_is_remembered(shop: Shop) -> None:
    shop.execute()
    shop.github.close(1, "grace")
    shop.follow()
    assert shop.now().status is Status.REJECTED
    last = shop.now().history[-1]
    assert (last.actor, last.detail) == ("github:grace", "pull request 1 was closed")
    assert [entry["proposalId"] for entry in shop.store.knowledge("refusal")] == [shop.fix.id]
    assert shop.follow() == []


def test_a_push_to_it_is_a_new_revision_that_needs_its_own_approval(proved: Shop) -> None:
    proved.execute()
    other = FIXED.replace("item.get('price', 0)", "(item.get('price') or 0)")
    pushed = proved.push({"shop/price.py": other}, proved.branch)
    proved.follow()
    revision = proved.now()
    assert revision.status is Status.PROPOSED and revision.revision == 2 and revision.approval is None
    assert revision.proof and revision.proof.holds and "item.get('price') or 0" in revision.implementation.patch
    assert revision.digest != proved.fix.digest
    assert proved.follow() == []
    approve(proved.store, revision.id, digest=revision.digest, by="ada", now=NOW, policy=POLICY, door="cli")
    assert isinstance(proved.execute(), Published)
    assert proved.at(proved.branch) == pushed and len(proved.github.pulls) == 1
    proved.github.merge(1, "grace")
    proved.follow()
    assert proved.now().status is Status.IMPLEMENTED
    proved.target.refresh()
    assert not checks.landed_is_approved([proved.now()], proved.target).amiss


def test_a_pushed_revision_that_is_merged_at_once_is_approved_by_who_merged_it(proved: Shop) -> None:
    proved.execute()
    proved.push({"shop/price.py": FIXED.replace(".get('price', 0)", ".get('price') or 0")}, proved.branch)
    proved.push({"shop/price.py": FIXED.replace("item.get('price', 0)", "(item.get('price') or 0)")}, proved.branch)
    proved.github.merge(1, "grace")
    proved.follow()
    landed = proved.now()
    assert landed.status is Status.IMPLEMENTED and landed.revision == 2
    assert landed.approval and (landed.approval.by, landed.approval.door) == ("github:grace", "github")
    assert landed.approval.digest == landed.digest


def test_a_push_that_breaks_the_fix_cannot_be_approved(proved: Shop) -> None:
    proved.execute()
    proved.push({"shop/price.py": BUGGY + "\n\nX = 1\n"}, proved.branch)
    proved.follow()
    revision = proved.now()
    assert revision.status is Status.PROPOSED and revision.proof and not revision.proof.holds
    with pytest.raises(Refused, match="no proof that holds"):
        approve(proved.store, revision.id, digest=revision.digest, by="ada", now=NOW, policy=POLICY, door="cli")
    proved.github.merge(1, "grace")
    proved.follow()
    assert proved.now().status is Status.REJECTED
    assert "whose proof does not hold" in proved.now().history[-1].detail


def test_a_push_that_changes_how_tests_run_is_never_run(shop: Shop) -> None:
    shop.execute()
    shop.push({"conftest.py": "raise SystemExit\n"}, shop.branch)
    shop.follow()
    revision = shop.now()
    assert revision.proof and [step.name for step in revision.proof.steps] == ["gates"]
    assert "conftest.py decides how tests run" in revision.proof.steps[0].observed


def test_the_base_merged_into_the_branch_is_no_change_of_ours(shop: Shop) -> None:
    shop.execute()
    shop.push({"README.md": "# Meanwhile\n"}, "main")
    work = shop.folder / "updating"
    git(shop.folder, "clone", "--quiet", "--branch", shop.branch, str(shop.github.repository), str(work))
    git(work, "merge", "--quiet", "-m", "Update branch", "origin/main")
    git(work, "push", "--quiet", "origin", f"HEAD:{shop.branch}")
    shop.follow()
    revision = shop.now()
    assert revision.implementation.base_commit == shop.at("main")
    assert revision.implementation.patch == shop.fix.implementation.patch


def test_what_is_refused_here_is_closed_there(shop: Shop) -> None:
    shop.execute()
    reject(shop.store, shop.fix.id, by="ada", reason="the profile must never be null", now=NOW)
    shop.follow()
    assert shop.github.pulls[0]["state"] == "closed"
    assert shop.github.comments == [f"{shop.fix.id} is rejected: the profile must never be null"]
    asked = len(shop.github.asked)
    assert shop.follow() == [] and len(shop.github.asked) == asked


def test_without_an_answer_nothing_is_left_behind_and_the_approval_stands(shop: Shop) -> None:
    before = shop.refs()
    shop.github.broken = True
    result = shop.execute()
    assert isinstance(result, PutBack) and "refused (500)" in result.why and TOKEN not in result.why
    assert shop.refs() == before and shop.now().status is Status.APPROVED
    shop.github.broken = False
    assert isinstance(shop.execute(), Published)


def test_a_process_that_died_after_the_pull_request_was_opened_opens_no_second_one(shop: Shop) -> None:
    shop.execute()
    waiting = shop.now()
    dead = advance(
        waiting, Status.EXECUTING, at=NOW, actor="execution", action="executing", pull_request=None,
        claim=Claim(run_id="dead", claimed_at=NOW, fence=waiting.version + 1),
    )  # fmt: skip
    shop.store.save(dead, expected_version=waiting.version, actor="execution", action="executing", operation="dead")
    (settled,) = recover(shop.store, shop.target, is_alive=lambda claim: False, now=NOW)
    assert settled.status is Status.APPROVED
    assert isinstance(shop.execute(), Published)
    assert len(shop.github.pulls) == 1


def test_a_branch_of_somebody_elses_is_left_alone(shop: Shop) -> None:
    git(shop.github.repository, "branch", shop.branch, "main")
    before = shop.refs()
    result = shop.execute()
    assert not isinstance(result, Landed | Published) and "holds something else" in result.why  # type: ignore[union-attr]
    assert shop.refs() == before and shop.github.pulls == []


def test_while_paused_nothing_is_followed(shop: Shop) -> None:
    shop.execute()
    shop.github.merge(1, "grace")
    shop.store.pause(True, actor="jesse")
    assert shop.follow() == [] and shop.now().status is Status.APPROVED
    shop.store.pause(False, actor="jesse")
    assert len(shop.follow()) == 1


def test_a_wrong_token_and_a_silent_server_are_one_sentence(shop: Shop) -> None:
    wrong = GithubPullRequests(NAME, token="ghp_wrong", url=shop.github.url)
    with pytest.raises(
        PullRequestsUnavailable, match=r"refused \(401\).*Bad credentials; check IMPROVEMENT_GITHUB_TOKEN"
    ):
        wrong.look(1)
    silent = GithubPullRequests(NAME, token=TOKEN, url="http://127.0.0.1:9")
    with pytest.raises(PullRequestsUnavailable, match="does not answer"):
        silent.look(1)


def test_a_page_that_is_too_long_is_cut_and_says_so(shop: Shop) -> None:
    long = shop.fix.model_copy(update={"description": "x" * 100_000})
    body = page_body(long)
    assert len(body) == LONGEST_BODY and body.endswith(f"`livhana show {shop.fix.id}` tells all of it.")


@pytest.mark.parametrize(
    ("location", "name"),
    [
        ("https://github.com/livhana/shop.git", "livhana/shop"),
        ("https://github.com/livhana/shop", "livhana/shop"),
        ("git@github.com:livhana/shop.git", "livhana/shop"),
        ("ssh://git@ghe.example.org/livhana/shop.js.git", "livhana/shop.js"),
        ("/srv/git/livhana/shop.git", None),
        ("file:///srv/git/livhana/shop.git", None),
    ],
)
def test_the_repositorys_name_is_the_end_of_its_url(location: str, name: str | None) -> None:
    assert repository_of(location) == name
