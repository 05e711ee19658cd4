"""A patch's tests cannot change how tests are run: configuration, plugins, conftest, runner and existing tests come from the base;
skip, xfail, deselection, fewer collected tests, or a missing runner count as failure."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from livhana_assets.adapters.git_target import GitTarget
from livhana_assets.loop.execution.carry_out import RolledBack
from livhana_assets.loop.proposals.fixing import vet_commit
from livhana_assets.loop.proposals.gates import refusal, vet
from livhana_assets.loop.proposals.model import Proposal, Step
from livhana_assets.loop.proposals.ports import FileChange
from livhana_assets.loop.proposals.proof import ProvingGround, keeps_the_suite, passes
from livhana_assets_tests.a_proposal import NOON
from livhana_assets_tests.invariants.a_shop import Shop
from livhana_assets_tests.loop.execution.an_approved_change import (
    FIXED,
    POLICY,
    REGRESSION,
    SUITE,
    TEST_ID,
    TEST_PATH,
    approved,
    ground_of,
)

SOUND = {"shop/price.py": FIXED, TEST_PATH: REGRESSION}
CONFIGURATION = (
    "conftest.py", "tests/conftest.py", "pytest.ini", "tests/pytest.ini", ".pytest.ini", "pyproject.toml", "setup.cfg", "tox.ini",
    "sitecustomize.py", "shop/usercustomize.py", "evil.pth", "package.json", "web/package.json", "jest.config.ts", ".mocharc.json",
    "Makefile", "requirements.txt", "requirements-dev.txt", "uv.lock", ".github/workflows/test.yml", ".gitlab-ci.yml",
)  # fmt: skip


def built(target: GitTarget, files: dict[str, str | None]) -> tuple[str, str]:
    """The base, and a commit on it."""
    target.refresh()
    base = target.head("main")
    assert base
    edits = {path: None if text is None else text.encode() for path, text in files.items()}
    return base, target.build(base, edits, "Change", NOON)


def refused(target: GitTarget, files: dict[str, str | None]) -> str:
    base, commit = built(target, files)
    return refusal(vet_commit(target, base, commit, POLICY))


# --- before anything runs --------------------------------------------------------------------------------------------


def test_a_sound_change_passes_every_gate(shop: Shop) -> None:
    assert refused(shop.target, dict(SOUND)) == ""


def test_no_file_that_decides_how_tests_run_may_come_with_a_patch(shop: Shop) -> None:
    assert "test configuration untouched" in refused(shop.target, {**SOUND, "conftest.py": "x = 1\n"})
    told = {name: refusal(vet([added(name)], before=nothing, after=nothing, policy=POLICY)) for name in CONFIGURATION}
    assert [name for name, why in told.items() if "test configuration untouched" not in why] == []


def added(path: str) -> FileChange:
    return FileChange(path, "A", "000000", "100644", "0" * 40, "1" * 40, 1, 0, False)


def nothing(path: str) -> None:
    return None


def test_no_existing_test_may_be_changed_or_removed(shop: Shop) -> None:
    for content in ("def test_a_price_is_doubled():\n    pass\n", None):
        assert "existing tests untouched: tests/test_price.py" in refused(
            shop.target, {**SOUND, "tests/test_price.py": content}
        )


def test_an_approved_change_that_brings_configuration_does_not_land(shop: Shop) -> None:
    base, commit = built(shop.target, {**SOUND, "conftest.py": "collect_ignore = ['tests']\n"})
    change = shop.proposed()
    patch = shop.target.diff(base, commit)
    forged = change.model_copy(
        update={
            "implementation": change.implementation.model_copy(update={"patch": patch}),
            "proof": change.proof and change.proof.model_copy(update={"tree": shop.target.tree(commit)}),
        }
    )
    assert "refused by a gate: test configuration untouched" in landing_refused(
        shop, forged.model_copy(update={"id": "bugfix-0000000002", "pattern_id": "error-000000000002"})
    )


def landing_refused(shop: Shop, forged: Proposal) -> str:
    change = approved(shop.store, forged)
    before = shop.refs()
    result = shop.carry_out(change.id)
    assert shop.refs() == before
    return result.why if isinstance(result, RolledBack) else type(result).__name__


# --- while it runs ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pytest_ground(tmp_path_factory: pytest.TempPathFactory, shop_made_once: object) -> Iterator[ProvingGround]:
    home = tmp_path_factory.mktemp("pytest-home")
    yield ground_of(GitTarget(str(shop_made_once), home), "pytest")


DEMANDED = frozenset({"tests/test_price.py::test_a_price_is_doubled"})
SKIPS = "import pytest\npytest.skip('not now', allow_module_level=True)\n"
LEAVES = "import os\n\n\ndef test_zz():\n    os._exit(0)\n"
XFAILS = REGRESSION.replace("def test_", "import pytest\n\n\n@pytest.mark.xfail\ndef test_").replace("== 0", "== 1")
SKIPPED = REGRESSION.replace("def test_", "import pytest\n\n\n@pytest.mark.skip\ndef test_")


def suite(ground: ProvingGround, files: dict[str, str | None]) -> Step:
    target = ground.target
    assert isinstance(target, GitTarget)
    return keeps_the_suite(ground, ground.runners[0], built(target, files)[1], DEMANDED)


def test_a_sound_change_keeps_the_suite(pytest_ground: ProvingGround) -> None:
    step = suite(pytest_ground, dict(SOUND))
    assert (step.passed, step.observed) == (True, "1 of 1 pass")


def test_a_test_that_is_skipped_now_counts_as_failed(pytest_ground: ProvingGround) -> None:
    step = suite(pytest_ground, {**SOUND, "shop/price.py": SKIPS + FIXED})
    assert (step.passed, "no longer pass" in step.observed) == (False, True)


def test_a_test_that_is_gone_counts_as_failed(pytest_ground: ProvingGround) -> None:
    step = suite(pytest_ground, {**SOUND, "tests/test_price.py": SUITE.replace("doubled", "tripled")})
    assert (step.passed, "test_a_price_is_doubled" in step.observed) == (False, True)


def test_a_run_that_a_test_ended_early_counts_as_failed(pytest_ground: ProvingGround) -> None:
    step = suite(pytest_ground, {**SOUND, "tests/test_zz.py": LEAVES})
    assert (step.passed, "stopped without finishing" in step.observed) == (False, True)


@pytest.mark.parametrize("test", [XFAILS, SKIPPED], ids=["xfail", "skip"])
def test_a_new_test_that_is_expected_to_fail_or_skipped_proves_nothing(pytest_ground: ProvingGround, test: str) -> None:
    target = pytest_ground.target
    assert isinstance(target, GitTarget)
    commit = built(target, {**SOUND, TEST_PATH: test})[1]
    step = passes(pytest_ground, pytest_ground.runners[0], commit, (TEST_ID,), "patched")
    assert (step.passed, step.observed.partition(":")[0]) == (False, "xfailed" if test == XFAILS else "skipped")


def test_a_missing_runner_is_no_success(shop: Shop) -> None:
    change, before = shop.approved(), shop.refs()
    result = shop.proving_by().carry_out(change.id)
    assert isinstance(result, RolledBack)
    assert "the proof was made with" in result.why
    assert shop.refs() == before
