"""A person's patch for an accepted specification: proved like any other, or refused with the reason. Real git, a real sandbox."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from livhana_assets.adapters.bubblewrap_sandbox import BubblewrapSandbox
from livhana_assets.adapters.git_target import GitTarget
from livhana_assets.adapters.memory_store import MemoryProposalStore
from livhana_assets.adapters.rules_analyst import RulesAnalyst
from livhana_assets.adapters.test_runners import PytestRunner
from livhana_assets.loop.execution.carry_out import Landed, carry_out
from livhana_assets.loop.execution.reproof import prove_patch
from livhana_assets.loop.patterns.model import ErrorPattern, Frame
from livhana_assets.loop.proposals.attaching import attach
from livhana_assets.loop.proposals.crashes import Unproved
from livhana_assets.loop.proposals.drafting import draft_bugfix
from livhana_assets.loop.proposals.lifecycle import IllegalTransition
from livhana_assets.loop.proposals.model import Effect, Proposal, Status
from livhana_assets.loop.proposals.policy import Policy
from livhana_assets.loop.proposals.proof import ProvingGround
from livhana_assets.loop.review.decisions import accept, approve
from livhana_assets_tests.loop.proposals.test_drafting import AT, FILES, SHOP, a_pattern
from livhana_assets_tests.repositories import clean_repository, git, write

pytestmark = pytest.mark.doors

POLICY = Policy(min_errors=5)
UNFIT = a_pattern("TypeError", "'NoneType' object is not subscriptable", 4, "rate", {})
"""A crash without logged variables: no test can be rebuilt from it."""
GUARDED = SHOP.replace(
    '    return band["rate"] * 2', '    if band is None:\n        return 0\n    return band["rate"] * 2'
)
TEST = "from shop.rates import rate\n\n\ndef test_heavier_than_every_band():\n    assert rate(50, []) == 0\n"
TEST_PATH = "tests/test_heavy.py"
ALSO_PASSES = TEST + "\n\ndef test_in_a_band():\n    assert rate(5, [{'limit': 10, 'rate': 3}]) == 6\n"


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> ProvingGround:
    folder = tmp_path_factory.mktemp("attaching")
    target = GitTarget(str(clean_repository(folder / "target", FILES)), folder / "home")
    target.refresh()
    sandbox = BubblewrapSandbox()
    return ProvingGround(target, (PytestRunner(sandbox, Path(sys.executable)),), sandbox.level)


def head(ground: ProvingGround) -> str:
    found = ground.target.head()
    assert found
    return found


def effect_of(ground: ProvingGround) -> Effect:
    return Effect(repository=ground.target.location, branch="main", land="branch")


def specified(ground: ProvingGround, pattern: ErrorPattern = UNFIT) -> tuple[MemoryProposalStore, Proposal]:
    store = MemoryProposalStore()
    made = draft_bugfix(
        pattern, analyst=RulesAnalyst(), ground=ground, policy=POLICY, effect=effect_of(ground), base=head(ground), now=AT
    )  # fmt: skip
    assert made.status is Status.SPECIFIED
    return store, store.add(made, actor="analyst:rules", operation="made")


def accepted(ground: ProvingGround, pattern: ErrorPattern = UNFIT) -> tuple[MemoryProposalStore, Proposal]:
    store, made = specified(ground, pattern)
    return store, accept(store, made.id, by="ada", now=AT)


def patch_of(ground: ProvingGround, tmp_path: Path, files: dict[str, str]) -> str:
    """What `git diff` prints in a checkout of the person's own."""
    work = tmp_path / "work"
    git(tmp_path, "clone", "--quiet", ground.target.location, str(work))
    write(work, files)
    git(work, "add", "--all")
    git(work, "diff", "--cached", "--output=the.patch")
    return (work / "the.patch").read_text()


def attached(
    store: MemoryProposalStore,
    proposal: Proposal,
    patch: str,
    ground: ProvingGround,
    pattern: ErrorPattern | None = UNFIT,
) -> Proposal | Unproved:
    return attach(
        store, proposal.id, patch, pattern=pattern, ground=ground, policy=POLICY, effect=effect_of(ground),
        base=head(ground), by="ada", now=AT,
    )  # fmt: skip


def test_a_persons_patch_is_proved_approved_and_landed(ground: ProvingGround, tmp_path: Path) -> None:
    store, proposal = accepted(ground)
    made = attached(
        store, proposal, patch_of(ground, tmp_path, {"shop/rates.py": GUARDED, TEST_PATH: ALSO_PASSES}), ground
    )
    assert isinstance(made, Proposal) and made == store.get(proposal.id)
    assert (made.status, made.revision, made.unproved_reason) == (Status.PROPOSED, 2, "")
    assert made.proof and made.proof.holds and made.proof.tests == (f"{TEST_PATH}::test_heavier_than_every_band",)
    assert str(made.proof.reason) == "TypeError in rate (shop/rates.py)"
    assert not made.auto_fix_eligible and made.requires_approval
    assert "No patch is offered" not in made.specification and made.title.startswith("Fix ")
    assert [entry.action for entry in store.audit()][-2:] == ["drafting", "attached"]
    assert all(step.passed for step in prove_patch(ground, made))
    approve(store, made.id, digest=made.digest, by="ada", now=AT, policy=POLICY, door="cli")
    done = carry_out(store, ground, made.id, run_id="run", policy=POLICY, now=AT)
    assert isinstance(done, Landed)
    landed = git(Path(ground.target.location), "show", f"improvement/{made.id}:shop/rates.py")
    assert "if band is None" in landed


SWALLOWS = SHOP.replace(
    '    return band["rate"] * 2', '    try:\n        return band["rate"] * 2\n    except Exception:\n        return 0'
)
BREAKS = SHOP.replace('    return band["rate"] * 2', '    return band["rate"] if band else 0')


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({"shop/rates.py": SWALLOWS, TEST_PATH: TEST}, "refused by a gate: no swallowed exceptions"),
        ({"shop/rates.py": GUARDED}, "refused by a gate: a regression test is added"),
        ({"shop/rates.py": GUARDED, TEST_PATH: TEST, "conftest.py": "x = 1\n"}, "decides how tests run"),
        ({"shop/rates.py": GUARDED, TEST_PATH: "def test_nothing():\n    assert True\n"}, "no new test of the patch fails on the base"),
        ({"shop/rates.py": GUARDED, TEST_PATH: TEST.replace("rate(50, [])", "rate(50)")}, "no new test of the patch fails on the base"),
        ({"shop/rates.py": SHOP + "\n# nothing\n", TEST_PATH: TEST}, "patched 1: expected that it passes"),
        ({"shop/rates.py": BREAKS, TEST_PATH: TEST}, "whole suite"),
        (
            {"shop/rates.py": GUARDED, TEST_PATH: TEST + "\n\ndef test_wrong():\n    assert rate(5, []) == 7\n"},
            "patched 1: expected that it passes",
        ),
        (
            {"shop/rates.py": GUARDED, TEST_PATH: "import pytest\n" + TEST + "\n\n@pytest.mark.skip\ndef test_later():\n    pass\n"},
            "every new test",
        ),
    ],
    ids=["swallows", "no test", "conftest", "proves nothing", "other reason", "no fix", "breaks", "wrong test", "skips"],
)  # fmt: skip
def test_a_patch_that_is_not_proved_is_refused_and_changes_nothing(
    ground: ProvingGround, tmp_path: Path, files: dict[str, str], why: str
) -> None:
    store, proposal = accepted(ground)
    refs = git(Path(ground.target.location), "for-each-ref")
    refused = attached(store, proposal, patch_of(ground, tmp_path, files), ground)
    assert isinstance(refused, Unproved) and why in refused.reason, refused
    assert store.get(proposal.id) == proposal
    assert git(Path(ground.target.location), "for-each-ref") == refs


@pytest.mark.parametrize(
    "patch", ["", "not a patch\n", "--- a/shop/none.py\n+++ b/shop/none.py\n@@ -1 +1 @@\n-a\n+b\n"]
)
def test_what_does_not_apply_is_refused_with_the_reason(ground: ProvingGround, patch: str) -> None:
    store, proposal = accepted(ground)
    refused = attached(store, proposal, patch, ground)
    assert isinstance(refused, Unproved) and "does not apply" in refused.reason, refused


def test_a_specification_is_accepted_before_a_patch_is_attached(ground: ProvingGround) -> None:
    store, proposal = specified(ground)
    with pytest.raises(IllegalTransition, match="`livhana accept"):
        attached(store, proposal, "", ground)


def test_without_its_pattern_nothing_says_what_must_be_fixed(ground: ProvingGround) -> None:
    store, proposal = accepted(ground)
    refused = attached(store, proposal, "", ground, pattern=None)
    assert isinstance(refused, Unproved) and "is not in the warehouse" in refused.reason


def test_where_the_trace_is_not_of_the_repository_the_exception_itself_has_to_be_seen(
    ground: ProvingGround, tmp_path: Path
) -> None:
    elsewhere = (Frame(file="/srv/other/thing.py", function="f", line=1),)
    exemplars = tuple(one.model_copy(update={"frames": elsewhere}) for one in UNFIT.exemplars)
    pattern = UNFIT.model_copy(update={"exemplars": exemplars})
    store, proposal = accepted(ground, pattern)
    patch = patch_of(ground, tmp_path, {"shop/rates.py": GUARDED, TEST_PATH: TEST})
    other = pattern.model_copy(update={"error_type": "KeyError"})
    refused = attached(store, proposal, patch, ground, other)
    assert isinstance(refused, Unproved) and "fails on the base with KeyError: failed TypeError" in refused.reason
    made = attached(store, proposal, patch, ground, pattern)
    assert isinstance(made, Proposal) and made.proof and str(made.proof.reason) == "TypeError in rate (shop/rates.py)"
