"""What an earlier state of the loop stored is opened by this one; `livhana migrate` brings it up to date once, and refuses what is newer."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from livhana_assets.adapters.embedded_redis import stop_embedded_redis
from livhana_assets.cli import commands
from livhana_assets_tests.deploy.earlier_data import (
    PROPOSAL,
    client,
    columns,
    document,
    lay_out,
    rewrite,
    with_column,
    without_column,
)


@dataclass(frozen=True)
class Earlier:
    """A home that an earlier state of the loop left behind, and the command on it, in this process."""

    home: Path
    capture: pytest.CaptureFixture[str]

    def __call__(self, *words: str) -> tuple[int, str, str]:
        """Exit code, output, and what was said."""
        sys.argv[1:] = words
        code = commands.run()
        return code, *self.capture.readouterr()

    def json(self, *words: str) -> Any:
        code, out, said = self(*words, "--json")
        assert code == 0, said
        return json.loads(out)

    def says(self, *words: str, code: int = 0) -> str:
        """The last sentence, where the command ends with that code."""
        ended, _, said = self(*words)
        assert ended == code, said
        return said.strip().splitlines()[-1]

    def actions(self) -> list[str]:
        return [line["action"] for line in self.json("audit")]


@pytest.fixture
def earlier(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Earlier]:
    monkeypatch.setenv("LIVHANA_HOME", str(tmp_path))
    monkeypatch.setattr(sys, "argv", ["livhana"])
    lay_out(tmp_path)
    yield Earlier(tmp_path, capsys)
    stop_embedded_redis(tmp_path / "redis")


def test_what_an_earlier_state_stored_is_read_whole_and_its_approval_is_still_of_what_it_was(earlier: Earlier) -> None:
    shown = earlier.json("show", PROPOSAL)
    assert (shown["status"], shown["approval"]["by"]) == ("approved", "jesse")
    assert shown["approval"]["digest"] == shown["digest"]
    assert "2 lines hold" in earlier.says("audit", "verify")
    counted = earlier.json("query", "SELECT count(*) AS n FROM logs.error_logs WHERE DATE(occurred_at) = '2026-11-20'")
    assert counted == [{"n": 6}]
    assert earlier.says("migrate").startswith("Nothing to do")


def test_a_document_that_says_no_version_is_brought_up_to_date_once_with_its_digest(earlier: Earlier) -> None:
    before = document(earlier.home)
    rewrite(earlier.home, schemaVersion=None)
    planned = earlier.json("migrate", "--dry-run")
    assert [(row["what"], row["change"]) for row in planned] == [(PROPOSAL, "schemaVersion 0 to 1")]
    assert "schemaVersion" not in document(earlier.home) and earlier.actions() == ["added", "approved"]
    assert [row["state"] for row in earlier.json("migrate")] == ["done"]
    assert (earlier.home / "dagster" / "dagster.yaml").is_file()
    assert document(earlier.home) == before
    assert earlier.says("migrate").startswith("Nothing to do")
    assert earlier.actions() == ["added", "approved", "migrated"]
    assert "3 lines hold" in earlier.says("audit", "verify")


def test_a_table_gets_the_columns_it_lacks_and_keeps_its_rows(earlier: Earlier) -> None:
    errors = earlier.home / "warehouse" / "logs" / "error_logs"
    without_column(errors, "release")
    assert earlier.json("migrate", "--dry-run")[0]["change"] == "new columns release"
    assert "release" not in columns(errors)
    assert earlier.json("migrate")[0]["what"] == "logs.error_logs"
    assert "release" in columns(errors)
    assert earlier.says("migrate").startswith("Nothing to do")
    counted = earlier.json("query", "SELECT count(*) AS n, count(release) AS known FROM logs.error_logs")
    assert counted == [{"n": 6, "known": 0}]


def test_data_of_a_newer_release_is_refused_whole_and_nothing_is_changed(earlier: Earlier) -> None:
    without_column(earlier.home / "warehouse" / "logs" / "error_logs", "release")
    rewrite(earlier.home, schemaVersion=2)
    assert earlier.says("migrate", code=1).startswith(f"{PROPOSAL} has schemaVersion 2")
    assert "release" not in columns(earlier.home / "warehouse" / "logs" / "error_logs")
    rewrite(earlier.home, schemaVersion=1)
    with_column(earlier.home / "warehouse" / "ai_learning" / "error_patterns", "mood")
    assert earlier.says("migrate", code=1).startswith("ai_learning.error_patterns has the columns mood")


def test_a_proposal_of_a_newer_release_is_not_read_so_that_nothing_of_it_is_lost_by_writing(earlier: Earlier) -> None:
    rewrite(earlier.home, schemaVersion=2, somethingNew="kept")
    assert "schemaVersion 2" in earlier.says("show", PROPOSAL, code=1)
    assert "schemaVersion 2" in earlier.says("reject", PROPOSAL, "--reason", "no", "--by", "jesse", code=1)
    assert document(earlier.home)["somethingNew"] == "kept"


def test_what_is_no_document_at_all_is_said_and_left(earlier: Earlier) -> None:
    with client(earlier.home) as store:
        store.set(f"improvement:proposal:{PROPOSAL}", "no JSON")
    assert "restore the store from a backup" in earlier.says("migrate", code=1)
