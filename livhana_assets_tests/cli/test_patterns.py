"""Patterns at the terminal, with the real command: shown with which rule joined what, merged, split, and put back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from livhana_assets.adapters.delta_warehouse import DeltaWarehouse
from livhana_assets.loop.patterns.regrouping import regroup
from livhana_assets_tests.cli.a_shop import Terminal, at_a_prompt, crash

pytestmark = pytest.mark.drill

TODAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Terminal]:
    """Today's six crashes with a trace, by two messages and in two releases, and three without a trace; no target."""
    for terminal in at_a_prompt(tmp_path):
        rows = []
        for number in range(9):
            row = crash(number, TODAY + timedelta(seconds=number)) | {"release": f"v{number % 2}"}
            said = "no coupon" if number % 3 else "no percent"
            rows.append(
                {**row, "message": said} if number < 6 else {**row, "message": "disk full", "stack_trace": None}
            )
        log = tmp_path / "errors.jsonl"
        log.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
        assert terminal("ingest", "errors", log).code == 0
        regroup(DeltaWarehouse(terminal.home / "warehouse"), [TODAY.date()])
        yield terminal


def by_count(shop: Terminal) -> dict[int, str]:
    return {int(row["occurrences"]): row["pattern"] for row in shop.json("analyze", "bugs", "--dry-run")}


def test_a_pattern_is_shown_merged_split_and_put_back(shop: Terminal) -> None:
    before = by_count(shop)
    trace, disk = before[6], before[3]
    shown = shop("show", trace, columns=160).out
    for words in (trace, "new", "6 occurrences", "suspect release", "v0", "frames", "no coupon", "no percent"):
        assert words in shown, shown

    assert shop("merge", disk, trace, "--reason", "one cause", "--by", "ada").ended(0, f"{disk} counts as {trace} now")
    assert by_count(shop) == {9: trace}
    sheet = json.loads(shop("show", trace, "--json").out)
    assert sheet["state"]["state"] == "new" and sheet["suspectRelease"]["name"] == "v0"
    assert {one["rule"] for one in sheet["explanation"]["templates"]} == {
        "frames",
        f"person: merged from {disk} (message)",
    }
    assert shop("show", disk).ended(2, f"{disk} counts as {trace} now: show that one.")
    assert shop("merge", trace, disk, "--reason", "other way").ended(3, "circle")

    number = next(one["number"] for one in sheet["explanation"]["templates"] if one["template"] == "no percent")
    assert shop("split", trace, "--template", number, "--reason", "another bug", "--by", "bob").ended(0, "stands apart")
    assert sorted(by_count(shop)) == [2, 7]

    rows = shop.json("corrections")
    assert [(row["kind"], row["decidedBy"], row["reason"]) for row in rows] == [
        ("merge", "ada", "one cause"),
        ("split", "bob", "another bug"),
    ]
    for row in rows:
        assert shop("uncorrect", row["correctionId"], "--reason", "was wrong").ended(0, "is taken back")
    assert by_count(shop) == before
    audited = [line["action"] for line in shop.json("audit")]
    assert audited == ["pattern_merged", "pattern_split", "correction_undone", "correction_undone"]


def test_what_cannot_be_corrected_is_one_sentence(shop: Terminal) -> None:
    trace, disk = by_count(shop)[6], by_count(shop)[3]
    assert shop("show", "error-000000000000").ended(2, "There is no pattern")
    assert shop("merge", disk, "error-000000000000", "--reason", "r").ended(2, "There is no pattern")
    assert shop("merge", disk, trace).ended(2, "Missing option '--reason'")
    assert shop("split", disk, "--template", "1", "--reason", "r").ended(3, "nothing to split off")
    assert shop("split", trace, "--template", "99", "--reason", "r").ended(2, "has no template 99")
    assert shop("uncorrect", "correction-0", "--reason", "r").ended(3, "There is no correction")
    assert shop.json("corrections") == []
