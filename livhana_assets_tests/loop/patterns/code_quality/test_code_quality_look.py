"""A whole look at real repositories: what is found, with its lines and commits, and what a second look costs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from livhana_assets.adapters.delta_warehouse import DeltaWarehouse
from livhana_assets.adapters.git_target import GitTarget
from livhana_assets.loop.patterns.code_quality.analysis import look_at_code
from livhana_assets.loop.patterns.code_quality.checks import minimum_evidence, no_secrets
from livhana_assets.loop.patterns.code_quality.model import CodeQualityPattern
from livhana_assets.loop.patterns.code_quality.page import plot_of, table_of, told_of
from livhana_assets.loop.patterns.code_quality.storing import (
    Stored,
    load_code_quality_look,
    load_code_quality_patterns,
    look_when_new,
)
from livhana_assets_tests.repositories import add_commit, clean_repository, git

pytestmark = pytest.mark.doors

DAY = date(2026, 11, 30)
BEGAN = 1_790_000_000
MONTH = 86_400 * 30
BRANCHES = "".join(f"    if kind == {n}:\n        return {n}\n" for n in range(12))
PRICE = f"def price(kind):\n{BRANCHES}    return 0\n"
TESTS = "from shop.price import price\n\n\ndef test_price():\n    price(1)\n"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    made = clean_repository(tmp_path / "t", {"shop/price.py": PRICE, "tests/test_price.py": TESTS})
    for turn in range(1, 4):
        text = PRICE.replace("return 0", f"return {turn}")
        add_commit(made, {"shop/price.py": text}, f"Change {turn}", at=BEGAN + turn * 100)
    return made


@pytest.fixture
def target(repository: Path, tmp_path: Path) -> GitTarget:
    return opened(repository, tmp_path)


@pytest.fixture
def warehouse(tmp_path: Path) -> DeltaWarehouse:
    return DeltaWarehouse(tmp_path / "warehouse")


def opened(repository: Path, tmp_path: Path) -> GitTarget:
    made = GitTarget(str(repository), tmp_path / "home")
    made.refresh()
    return made


def head_of(target: GitTarget) -> str:
    head = target.head()
    assert head
    return head


def report(path: str, ran: Sequence[int], missing: Sequence[int]) -> tuple[str, bytes]:
    summary = {"num_statements": len(ran) + len(missing), "covered_lines": len(ran)}
    entry = {"summary": summary, "executed_lines": list(ran), "missing_lines": list(missing)}
    return "coverage.json", json.dumps({"files": {path: entry}}).encode()


def by_kind(patterns: Sequence[CodeQualityPattern]) -> dict[str, list[CodeQualityPattern]]:
    return {kind: [one for one in patterns if one.kind == kind] for kind in {one.kind for one in patterns}}


def test_a_complex_function_that_changes_often_names_its_lines_and_the_last_commit(target: GitTarget) -> None:
    [hot] = by_kind(look_at_code(target, head_of(target), [], DAY).patterns)["hotspot"]
    assert hot.title == "price has 13 paths, and 3 commits changed its file"
    assert (hot.places[0].told, hot.commit, hot.rank) == ("shop/price.py:1-26", head_of(target), 1)
    assert hot.committed_at == datetime.fromtimestamp(BEGAN + 300, UTC)


def test_a_test_without_an_assertion_is_found_with_its_commit(target: GitTarget) -> None:
    [test] = by_kind(look_at_code(target, head_of(target), [], DAY).patterns)["test_never_fails"]
    assert "asserts nothing" in test.title and test.places[0].told == "tests/test_price.py:4-5" and test.commit


def test_only_lines_that_changed_lately_and_that_no_test_runs_are_told(repository: Path, tmp_path: Path) -> None:
    more = "\n\ndef tax(kind):\n    found = kind\n    found += 1\n    return found\n"
    add_commit(repository, {"shop/price.py": PRICE + more}, "Tax", at=BEGAN + 3 * MONTH)
    target = opened(repository, tmp_path)
    coverage = report("shop/price.py", [1, 2, 29], [3, 5, 7, 30, 31, 32])
    [untested] = by_kind(look_at_code(target, head_of(target), [coverage], DAY).patterns)["untested_change"]
    assert (untested.places[0].told, untested.commit) == ("shop/price.py:30-32", head_of(target))
    assert untested.title == "3 changed lines of tax are run by no test"


def test_a_file_that_no_test_runs_is_one_finding(repository: Path, tmp_path: Path) -> None:
    add_commit(repository, {"shop/tax.py": "RATE = 1\n\n\ndef tax(kind):\n    return kind\n"}, "Tax", at=BEGAN + 400)
    target = opened(repository, tmp_path)
    look = look_at_code(target, head_of(target), [report("shop/tax.py", [], [1, 4, 5])], DAY)
    [untested] = by_kind(look.patterns)["untested_change"]
    assert untested.title == "no test runs anything of tax.py, with 3 changed lines"
    assert [place.told for place in untested.places] == ["shop/tax.py:1", "shop/tax.py:4-5"]


def test_a_report_about_another_text_is_said_to_be_one_and_not_believed(target: GitTarget) -> None:
    look = look_at_code(target, head_of(target), [report("shop/price.py", [1], [26, 27, 400])], DAY)
    assert "untested_change" not in by_kind(look.patterns) and look.left_out["covered at another state"] == 1


def test_a_skip_counts_only_when_it_is_old(repository: Path, tmp_path: Path) -> None:
    skipped = "import pytest\n\n\n@pytest.mark.skip\ndef test_price():\n    assert price(1) == 1\n"
    add_commit(repository, {"tests/test_price.py": skipped}, "Skip", at=BEGAN + 400)
    target = opened(repository, tmp_path)
    assert "test_never_fails" not in by_kind(look_at_code(target, head_of(target), [], DAY).patterns)
    add_commit(repository, {"README.md": "later\n"}, "Later", at=BEGAN + 4 * MONTH)
    target.refresh()
    [test] = by_kind(look_at_code(target, head_of(target), [], DAY).patterns)["test_never_fails"]
    assert test.title == "the test “test_price” is skipped always"


def test_what_nobody_wrote_by_hand_is_counted_and_left_out(repository: Path, tmp_path: Path) -> None:
    odd = {
        "node_modules/x/index.js": "it('x', () => {});\n",
        "web/app.min.js": "x\n",
        "web/packed.js": "x=1;" * 2000,
        "shop/api_pb2.py": "x = 1\n",
        "shop/made.py": "# Code generated by a tool. DO NOT EDIT.\nx = 1\n",
        "shop/large.py": "x = 1  # padding\n" * 70_000,
        "shop/image.py": b"\0\1\2",
        "shop/broken.py": "def total(:\n",
        "web/broken.ts": "class { function (((\n",
        "latin.py": "x = 'é'\n".encode("latin-1"),
    }
    add_commit(repository, odd, "Odd", at=BEGAN + 400)
    target = opened(repository, tmp_path)
    left_out = look_at_code(target, head_of(target), [("coverage.xml", b"<no")], DAY).left_out
    assert left_out == {
        "vendored": 1, "generated": 3, "minified, or data": 1, "over 1 MB, or no regular file": 1, "binary": 1, "cannot be parsed": 1,
        "unreadable coverage reports": 1,
    }  # fmt: skip


def test_the_same_commit_and_reports_are_not_looked_at_twice(target: GitTarget, warehouse: DeltaWarehouse) -> None:
    coverage = report("shop/price.py", [1], [2, 3])
    first = look_when_new(warehouse, target, [coverage], DAY)
    again = look_when_new(warehouse, Unread(target), [coverage], DAY + timedelta(days=1))  # type: ignore[arg-type]
    assert first and again and first.new and not again.new
    assert again.patterns == first.patterns == load_code_quality_patterns(warehouse) and again.day == DAY
    assert "Nothing is new" in told_of(again) and "Nothing is new" not in told_of(first)


class Unread:
    """A target that tells its head and refuses every other question."""

    def __init__(self, target: GitTarget) -> None:
        self.head = target.head


def test_another_report_is_looked_at_again(target: GitTarget, warehouse: DeltaWarehouse) -> None:
    look_when_new(warehouse, target, [], DAY)
    again = look_when_new(warehouse, target, [report("shop/price.py", [1], [2, 3])], DAY)
    assert again and again.new and again.covered_files == 1


def test_a_newer_look_takes_the_place_of_what_was_mended(
    repository: Path, target: GitTarget, warehouse: DeltaWarehouse
) -> None:
    look_when_new(warehouse, target, [], DAY)
    add_commit(
        repository, {"tests/test_price.py": TESTS.replace("price(1)", "assert price(1) == 1")}, "Assert", at=BEGAN + 900
    )
    look_when_new(warehouse, target, [], DAY + timedelta(days=1))
    assert "test_never_fails" not in by_kind(load_code_quality_patterns(warehouse))


def test_patterns_keep_their_name_when_lines_move_and_are_plain_json(
    repository: Path, target: GitTarget, warehouse: DeltaWarehouse
) -> None:
    before = look_when_new(warehouse, target, [], DAY)
    add_commit(repository, {"shop/price.py": "# The prices.\n\n" + PRICE}, "Say", at=BEGAN + 900)
    after = look_when_new(warehouse, target, [], DAY)
    assert (
        before and after and {one.pattern_id for one in before.patterns} == {one.pattern_id for one in after.patterns}
    )
    assert all(one.pattern_id.startswith("quality-") and len(one.pattern_id) == 20 for one in after.patterns)
    shown = json.loads(json.dumps([one.model_dump(mode="json", by_alias=True) for one in after.patterns]))
    assert {"patternId", "kind", "rank", "title", "places", "commit", "committedAt", "weight", "details"} <= set(
        shown[0]
    )


def test_every_pattern_stands_on_lines_that_are_there_and_holds_no_secret(
    repository: Path, tmp_path: Path, warehouse: DeltaWarehouse
) -> None:
    secret = "ghp_" + "a1B2c3D4e5" * 3 + "f6G7h8"
    test = f"it('logs in with {secret} as ada@example.org', () => {{ login(); }});\n"
    add_commit(repository, {"web/login.test.js": test}, "Log in", at=BEGAN + 900)
    target = opened(repository, tmp_path)
    look = look_when_new(warehouse, target, [], DAY)
    assert look and len(look.patterns) == 3
    assert minimum_evidence(look, target).passed and no_secrets(look).passed
    stored = json.dumps(warehouse.query("SELECT * FROM ai_learning.code_quality_patterns").to_pylist(), default=str)
    assert secret not in stored + table_of(look.patterns) and "ada@example.org" not in stored + table_of(look.patterns)


def test_lines_that_are_not_there_are_no_evidence(target: GitTarget, warehouse: DeltaWarehouse) -> None:
    look = look_when_new(warehouse, target, [], DAY)
    assert look
    [one, *_] = look.patterns
    moved = one.model_copy(update={"places": (one.places[0].model_copy(update={"last": 999}),)})
    assert not minimum_evidence(Stored(DAY, look.head, patterns=(moved,)), target).passed
    assert not no_secrets(
        Stored(DAY, look.head, patterns=(one.model_copy(update={"title": "ada@example.org"}),))
    ).passed


def test_nothing_found_is_a_look_too(tmp_path: Path, warehouse: DeltaWarehouse) -> None:
    repository = clean_repository(tmp_path / "empty", {"README.md": "x\n"})
    target = opened(repository, tmp_path)
    first, again = (look_when_new(warehouse, target, [], DAY) for _ in range(2))
    assert first and again and first.patterns == () and not again.new
    assert "There is no coverage report" in told_of(first) and table_of(()) == "Nothing was found."


def test_nobody_has_looked_yet_is_said(warehouse: DeltaWarehouse) -> None:
    look = load_code_quality_look(warehouse)
    assert look.patterns == () and told_of(look) == "Nobody has looked at the code yet."


def test_the_page_shows_hostile_titles_as_text(target: GitTarget, warehouse: DeltaWarehouse) -> None:
    look = look_when_new(warehouse, target, [], DAY)
    assert look
    hostile = look.patterns[0].model_copy(update={"title": "![x](http://evil) | <script>`"})
    assert "\\!\\[x\\](http://evil) \\| \\<script\\>\\`" in table_of([hostile])
    assert plot_of(look).startswith("![found by kind](data:image/png;base64,")


@pytest.fixture(autouse=True)
def head_is_main(repository: Path) -> Iterator[None]:
    assert git(repository, "rev-parse", "--abbrev-ref", "HEAD") == "main"
    yield
