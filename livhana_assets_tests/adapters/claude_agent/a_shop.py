"""A small shop whose rate crashes, for an agent to work on: real git, a real sandbox, an accepted specification."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from livhana_assets.adapters.bubblewrap_sandbox import BubblewrapSandbox
from livhana_assets.adapters.claude_analyst.draft_files import DraftFiles
from livhana_assets.adapters.claude_analyst.tools import Toolbox
from livhana_assets.adapters.git_target import GitTarget
from livhana_assets.adapters.memory_store import MemoryProposalStore
from livhana_assets.adapters.test_runners import PytestRunner
from livhana_assets.loop.proposals.model import Effect, Proposal, Status
from livhana_assets.loop.proposals.policy import Policy
from livhana_assets.loop.proposals.proof import ProvingGround
from livhana_assets.loop.review.decisions import accept
from livhana_assets_tests.a_proposal import a_proposal
from livhana_assets_tests.loop.proposals.test_drafting import AT, FILES, a_pattern
from livhana_assets_tests.repositories import clean_repository, git

SECRET = "-".join(("sk", "ant", "api03", "a1B2c3D4" * 4))
SHOP_FILES: dict[str, str | bytes] = {
    **FILES,
    "shop/settings.py": f'PAYMENT = "{SECRET}"\nLIMIT = 3\n',
    "shop/logo.bin": b"\0\1",
    "infra/deploy.sh": "echo deploy\n",
    "conftest.py": "LOADED = True\n",
    "package.json": "{}\n",
    ".github/workflows/ci.yml": "on: push\n",
}
POLICY = Policy(min_errors=5, max_files=3, max_lines_per_file=20, protected_paths=("infra/**",))
PATTERN = a_pattern("TypeError", "'NoneType' object is not subscriptable", 4, "rate", {})


def a_shop(folder: Path) -> ProvingGround:
    repository = clean_repository(folder / "target", SHOP_FILES)
    (repository / "shop/passwords").symlink_to("/etc/passwd")
    git(repository, "add", "--all")
    git(repository, "commit", "--quiet", "--message", "Link")
    target = GitTarget(str(repository), folder / "home")
    target.refresh()
    sandbox = BubblewrapSandbox()
    return ProvingGround(target, (PytestRunner(sandbox, Path(sys.executable)),), sandbox.level)


def head(ground: ProvingGround) -> str:
    found = ground.target.head()
    assert found
    return found


def effect_of(ground: ProvingGround) -> Effect:
    return Effect(repository=ground.target.location, branch="main", land="branch")


def a_draft(ground: ProvingGround, policy: Policy = POLICY) -> DraftFiles:
    return DraftFiles(ground.target, head(ground), policy, AT)


def a_toolbox(ground: ProvingGround, *, bytes_left: int = 500_000, policy: Policy = POLICY) -> Toolbox:
    def hand_in(summary: str) -> dict[str, Any]:
        return {"proved": False}

    return Toolbox(a_draft(ground, policy), ground, {"title": "Look into it"}, hand_in, bytes_left)


def accepted(**more: Any) -> tuple[MemoryProposalStore, Proposal]:
    store = MemoryProposalStore()
    said = {
        "pattern_id": PATTERN.pattern_id, "title": "Look into TypeError in rate (shop/rates.py)",
        "unproved_reason": "its variables were not logged",
    }  # fmt: skip
    store.add(a_proposal(2, status=Status.SPECIFIED, **{**said, **more}), actor="analyst:rules", operation="made")
    made = store.proposals()[0]
    return store, accept(store, made.id, by="ada", now=AT)
