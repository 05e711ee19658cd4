"""One proved proposal for all: made once by the real commands, and copied for each test that moves it on."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from livhana_assets_tests.cli.a_shop import FILES, Terminal, at_a_prompt, log
from livhana_assets_tests.repositories import bare_repository


@pytest.fixture(scope="session")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Terminal:
    """A home whose folder has a space and an umlaut, with one proposed fix; its Redis is down."""
    folder = tmp_path_factory.mktemp("a user's wörk place")
    target = bare_repository(folder / "shop.git", FILES)
    for terminal in at_a_prompt(folder, target):
        errors = log(folder / "errors.jsonl", datetime.now(UTC))
        assert terminal("ingest", "errors", errors).code == 0
        assert terminal("run", "daily").ended(0, "for you: `livhana proposals")
    return Terminal(folder, folder / "home", target)


@pytest.fixture(scope="module")
def shared(made_once: Terminal) -> Iterator[Terminal]:
    """For tests that change nothing."""
    yield from at_a_prompt(made_once.folder, made_once.target)


@pytest.fixture
def shop(made_once: Terminal, tmp_path: Path) -> Iterator[Terminal]:
    """A home and a target of the test's own, with the proposal in them. The target keeps its path, which is in what was approved."""
    assert made_once.target
    home, kept = tmp_path / "home", tmp_path / "shop.git"
    shutil.copytree(made_once.home, home)
    shutil.copytree(made_once.target, kept)
    yield from at_a_prompt(tmp_path, made_once.target, home)
    shutil.rmtree(made_once.target)
    shutil.copytree(kept, made_once.target)


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Terminal]:
    """A home that nothing was done in, without a target."""
    yield from at_a_prompt(tmp_path)
