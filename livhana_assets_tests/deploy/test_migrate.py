"""What an earlier state of the loop stored is opened by this one; `livhana migrate` brings it up to date once, and refuses what is newer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from livhana_assets_tests.cli.a_shop import Terminal, at_a_prompt
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


@pytest.fixture
def earlier(tmp_path: Path) -> Iterator[Terminal]:
    """A home that an earlier state of the loop left behind."""
    for terminal in at_a_prompt(tmp_path):
        lay_out(terminal.home)
        yield terminal


def actions(terminal: Terminal) -> list[str]:
    return [line["what"] for line in _audit(terminal)]


def _audit(terminal: Terminal) -> list[dict[str, str]]:
    return [{"what": line["action"], **line} for line in terminal.json("audit")]


def test_what_an_earlier_state_stored_is_read_whole_and_its_approval_is_still_of_what_it_was(earlier: Terminal) -> None:
    shown = json.loads(earlier("show", PROPOSAL, "--json").out)
    assert (shown["status"], shown["approval"]["by"]) == ("approved", "jesse")
    assert shown["approval"]["digest"] == shown["digest"]
    assert earlier("audit", "verify").ended(0, "2 lines hold")
    counted = earlier(
        "query", "SELECT count(*) AS n FROM logs.error_logs WHERE DATE(occurred_at) = '2026-11-20'", "--json"
    )
    assert json.loads(counted.out) == [{"n": 6}]
    assert earlier("migrate").ended(0, "Nothing to do")


def test_a_document_that_says_no_version_is_brought_up_to_date_once_with_its_digest(earlier: Terminal) -> None:
    before = document(earlier.home)
    rewrite(earlier.home, schemaVersion=None)
    planned = earlier.json("migrate", "--dry-run")
    assert [(row["what"], row["change"]) for row in planned] == [(PROPOSAL, "schemaVersion 0 to 1")]
    assert "schemaVersion" not in document(earlier.home) and actions(earlier) == ["added", "approved"]
    assert [row["state"] for row in earlier.json("migrate")] == ["done"]
    assert document(earlier.home) == before
    assert earlier("migrate").ended(0, "Nothing to do")
    assert actions(earlier) == ["added", "approved", "migrated"]
    assert earlier("audit", "verify").ended(0, "3 lines hold")


def test_a_table_gets_the_columns_it_lacks_and_keeps_its_rows(earlier: Terminal) -> None:
    errors = earlier.home / "warehouse" / "logs" / "error_logs"
    without_column(errors, "release")
    assert earlier.json("migrate", "--dry-run")[0]["change"] == "new columns release"
    assert "release" not in columns(errors)
    assert earlier.json("migrate")[0]["what"] == "logs.error_logs"
    assert "release" in columns(errors)
    assert earlier("migrate").ended(0, "Nothing to do")
    counted = earlier("query", "SELECT count(*) AS n, count(release) AS known FROM logs.error_logs", "--json")
    assert json.loads(counted.out) == [{"n": 6, "known": 0}]


def test_data_of_a_newer_release_is_refused_whole_and_nothing_is_changed(earlier: Terminal) -> None:
    without_column(earlier.home / "warehouse" / "logs" / "error_logs", "release")
    rewrite(earlier.home, schemaVersion=2)
    assert earlier("migrate").ended(1, f"{PROPOSAL} has schemaVersion 2", "install the release that wrote it")
    assert "release" not in columns(earlier.home / "warehouse" / "logs" / "error_logs")
    rewrite(earlier.home, schemaVersion=1)
    with_column(earlier.home / "warehouse" / "ai_learning" / "error_patterns", "mood")
    assert earlier("migrate").ended(1, "ai_learning.error_patterns has the columns mood")


def test_a_proposal_of_a_newer_release_is_not_read_so_that_nothing_of_it_is_lost_by_writing(earlier: Terminal) -> None:
    rewrite(earlier.home, schemaVersion=2, somethingNew="kept")
    assert earlier("show", PROPOSAL).ended(1, "schemaVersion 2")
    assert earlier("reject", PROPOSAL, "--reason", "no", "--by", "jesse").ended(1, "schemaVersion 2")
    assert document(earlier.home)["somethingNew"] == "kept"


def test_what_is_no_document_at_all_is_said_and_left(earlier: Terminal) -> None:
    with client(earlier.home) as store:
        store.set(f"improvement:proposal:{PROPOSAL}", "no JSON")
    assert earlier("migrate").ended(1, "is no JSON", "restore the store from a backup")
