"""Traces as users have them: half written, of another kind, not there."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from livhana_assets.adapters.delta_warehouse import DeltaWarehouse
from livhana_assets_tests.cli.a_shop import Terminal, crash, log

NOW = datetime.now(UTC)


def errors_in(terminal: Terminal) -> int:
    warehouse = DeltaWarehouse(terminal.home / "warehouse")
    return int(warehouse.query("SELECT COUNT(*) AS n FROM logs.error_logs").to_pylist()[0]["n"])


def test_good_lines_are_kept_and_bad_ones_set_aside_with_number_and_reason(empty: Terminal, tmp_path: Path) -> None:
    good = json.dumps({**crash(1, NOW), "colour": "red"})
    (tmp_path / "mixed.jsonl").write_text(
        f'{good}\n{{"error_id": "half\n[1]\n{json.dumps({**crash(2, NOW), "occurred_at": "soon"})}\n'
    )
    answer = empty("ingest", "errors", "mixed.jsonl", "--json")
    told = json.loads(answer.out)[0]
    assert (answer.code, told["read"], told["added"], told["rejected"]) == (0, 1, 1, 3)
    assert "colour (1)" in answer.sentence and told["rejects"] in answer.err
    rejects = [json.loads(line) for line in Path(told["rejects"]).read_text().splitlines()]
    assert [reject["line"] for reject in rejects] == [2, 3, 4]
    assert all(reject["reason"] and reject["text"] for reject in rejects)
    assert errors_in(empty) == 1


def test_rejects_of_two_files_of_one_name_are_both_kept(empty: Terminal, tmp_path: Path) -> None:
    files = [tmp_path / place / "errors.jsonl" for place in ("monday", "tuesday")]
    for file in files:
        file.parent.mkdir()
        file.write_text(f"not a row of {file.parent.name}\n")
    assert empty("ingest", "errors", *files).ended(1, "No line of", "rejects.jsonl")
    kept = "".join(path.read_text() for path in (empty.home / "rejects").iterdir())
    assert "monday" in kept and "tuesday" in kept


@pytest.mark.parametrize("name", ["noise.jsonl", "noise.csv", "noise.parquet"])
def test_a_binary_file_is_told_as_such_and_adds_nothing(empty: Terminal, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(bytes(range(256)) * 20)
    assert empty("ingest", "errors", name).ended(1, f"No line of {name}", "rejects.jsonl")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("ingest", "faults", "x.jsonl"), "say errors, interactions or metrics"),
        (("ingest", "errors", "missing.jsonl"), "missing.jsonl is no file"),
        (("ingest", "errors", "."), "is no file"),
        (("ingest", "errors"), "Missing argument"),
        (("query", "DROP TABLE logs.error_logs"), "Only one SELECT"),
        (("query", "SELEC 1"), "Write one SELECT"),
        (("query", "SELECT * FROM logs.nowhere"), "There is no table logs.nowhere; there are logs.error_logs"),
        (("query", "SELECT colour FROM logs.error_logs"), 'Referenced column "colour" not found'),
        (("nonsense",), "No such command"),
    ],
)
def test_wrong_usage_is_one_sentence(empty: Terminal, words: tuple[str, ...], said: str) -> None:
    answer = empty(*words)
    assert answer.ended(2, said)
    assert answer.out == "" and len(answer.err.strip().splitlines()) == 1


def test_a_full_disk_loses_nothing_and_the_same_command_goes_on(empty: Terminal, tmp_path: Path) -> None:
    first, second = log(tmp_path / "first.jsonl", NOW, 3), tmp_path / "second.jsonl"
    second.write_text("".join(json.dumps(crash(n, NOW)) + "\n" for n in range(100, 400)))
    assert empty("ingest", "errors", first).code == 0
    assert empty("ingest", "errors", second, limit=4000).ended(1, "cannot be written", "free disk space")
    assert errors_in(empty) == 3
    assert empty("ingest", "errors", second).code == 0
    assert errors_in(empty) == 303


@pytest.mark.parametrize("after", [0.3, 1.2])
def test_ctrl_c_leaves_whole_files_or_none(empty: Terminal, tmp_path: Path, after: float) -> None:
    file = tmp_path / "errors.jsonl"
    file.write_text("".join(json.dumps(crash(n, NOW)) + "\n" for n in range(5000)))
    answer = empty.interrupted("ingest", "errors", file, after=after)
    assert answer.code == 0 or answer.ended(130, "Stopped. Nothing is lost")
    assert errors_in(empty) in (0, 5000)
    assert empty("ingest", "errors", file).code == 0
    assert errors_in(empty) == 5000
