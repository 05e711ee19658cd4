"""A target that has no tests, is in the middle of somebody's work, or speaks a language without its tool; and days at their edges."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest

from livhana_assets_tests.cli.a_shop import FILES, Terminal, at_a_prompt, crash, log
from livhana_assets_tests.cli.a_small_disk import require_mounts, without
from livhana_assets_tests.cli.test_decisions import the_only
from livhana_assets_tests.repositories import (
    add_commit,
    bare_repository,
    clean_repository,
    difference,
    git,
    snapshot,
    write,
)

pytestmark = pytest.mark.drill

TODAY = datetime.now(UTC)
YESTERDAY = TODAY - timedelta(days=1)
JAVASCRIPT = {
    "package.json": '{"name": "shop", "scripts": {"test": "node --test"}}',
    "cart.js": "module.exports.discount = (cart) => cart.coupon.percent / 100\n",
    "cart.test.js": "const test = require('node:test')\ntest('cart', () => {})\n",
}


@contextmanager
def terminal_of(folder: Path, target: Path) -> Iterator[Terminal]:
    yield from at_a_prompt(folder, target)


def test_a_target_without_tests_gets_specifications_which_can_be_accepted_and_not_approved(tmp_path: Path) -> None:
    untested = {path: text for path, text in FILES.items() if not path.startswith("tests/")}
    with terminal_of(tmp_path, bare_repository(tmp_path / "shop.git", untested)) as terminal:
        assert terminal("ingest", "errors", log(tmp_path / "errors.jsonl", TODAY)).code == 0
        assert terminal("run", "daily").ended(0, "1 specification waits for a yes or no")
        proposal = the_only(terminal)
        assert proposal["status"] == "specified" and "no tests" in proposal["unprovedReason"]
        approve = "approve", proposal["id"], "--digest", proposal["digest"][:12]
        assert terminal(*approve).ended(3, "is a specification without a patch", f"`livhana accept {proposal['id']}`")
        assert terminal("accept", proposal["id"]).code == 0
        assert terminal(*approve).ended(
            3, "is a specification without a patch", f"`livhana attach {proposal['id']} PATCH`"
        )
        assert terminal("doctor").code == 1


def doctor_on(terminal: Terminal, part: str, **environment: str) -> str:
    """What `livhana doctor` says of one part."""
    rows = json.loads(terminal("doctor", "--json", **environment).out)
    return next(f"{row['state']}: {row['found']}" for row in rows if row["part"] == part)


def test_packages_that_the_sandbox_does_not_see_are_named_by_doctor(tmp_path: Path) -> None:
    package = '{"scripts": {"test": "node --test"}, "dependencies": {"left-pad-of-ours": "1", "unused": "1"}}'
    imports = "const pad = require('left-pad-of-ours')\n" + JAVASCRIPT["cart.js"]
    files = {**JAVASCRIPT, "package.json": package, "cart.js": imports}
    with terminal_of(tmp_path, bare_repository(tmp_path / "shop.git", files)) as terminal:
        found = doctor_on(terminal, "node")
        assert "does not see 1 Node package that the target imports, left-pad-of-ours: run `npm install`" in found
        installed = tmp_path / "theirs" / "node_modules"
        (installed / "left-pad-of-ours").mkdir(parents=True)
        assert doctor_on(terminal, "node", IMPROVEMENT_SANDBOX_READABLE=str(installed)).startswith("well: ")


def test_a_test_command_that_does_not_exist_is_named_and_nothing_is_proposed(tmp_path: Path) -> None:
    with terminal_of(tmp_path, bare_repository(tmp_path / "shop.git", FILES)) as terminal:
        assert terminal("ingest", "errors", log(tmp_path / "errors.jsonl", TODAY)).code == 0
        answer = terminal("run", "daily", IMPROVEMENT_TEST_COMMAND="no-such-runner --all")
        assert answer.ended(2, "`no-such-runner --all` cannot be run", "correct IMPROVEMENT_TEST_COMMAND")
        found = doctor_on(terminal, "tests", IMPROVEMENT_TEST_COMMAND="no-such-runner --all")
        assert found.startswith("not well: There is no program no-such-runner in the sandbox")
        assert doctor_on(terminal, "tests", IMPROVEMENT_TEST_COMMAND="true --all") == "well: true --all"
        assert terminal.json("proposals") == []


def test_without_node_a_javascript_target_is_told_what_is_missing(tmp_path: Path) -> None:
    require_mounts()
    with terminal_of(tmp_path, bare_repository(tmp_path / "shop.git", JAVASCRIPT)) as terminal:
        bare = replace(terminal, inside=without("node"))
        told = bare("run", "daily")
        assert told.code == 0 and "there is no Node: install Node 18 or newer" in told.err
        assert "there is no Node" in " ".join(row["found"] for row in json.loads(bare("doctor", "--json").out))


def test_two_days_are_one_run_and_a_work_tree_in_use_is_left_to_the_byte(tmp_path: Path) -> None:
    """The last line of the log is half written, as a log that is still being written has it."""
    target = clean_repository(tmp_path / "shop", FILES)
    git(target, "checkout", "--quiet", "-b", "work")
    write(target, {"shop/cart.py": "half an ide", "shop/new.py": "staged = True\n", "notes.txt": "do not lose me\n"})
    git(target, "add", "shop/new.py")
    write(target, {"shop/new.py": "staged = 'and edited'\n"})
    before = snapshot(target)
    rows = [crash(number, TODAY if number < 3 else YESTERDAY) for number in range(6)]
    half = json.dumps(crash(6, TODAY))[:90]
    (tmp_path / "errors.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows) + half)
    with terminal_of(tmp_path, target) as terminal:
        terminal = replace(terminal, on="main")
        assert terminal("ingest", "errors", "errors.jsonl").ended(0, "1 line of errors.jsonl was set aside")
        assert terminal("run", "daily", "--from", YESTERDAY.date(), "--to", TODAY.date()).ended(
            0, "1 proposal waits for you"
        )
        assert days_with_patterns(terminal) == {YESTERDAY.date().isoformat(): 3, TODAY.date().isoformat(): 3}
        proposal = the_only(terminal)
        answer = terminal(
            "approve", proposal["id"], "--digest", proposal["digest"][:12], ENABLE_SELF_IMPROVEMENT="true"
        )
        assert answer.ended(0, "is implemented")
        changed = {path for path in difference(before, snapshot(target)) if "refs/heads/improvement" not in path}
        assert changed == set()
        assert terminal.json("query", "SELECT result FROM ai_learning.agent_executions") == [{"result": "implemented"}]


def days_with_patterns(terminal: Terminal) -> dict[str, int]:
    rows = terminal.json("query", "SELECT day, occurrences FROM ai_learning.error_patterns")
    return {row["day"]: int(row["occurrences"]) for row in rows}


def test_a_run_that_began_before_midnight_keeps_to_its_day_and_the_next_one_takes_the_rest(empty: Terminal) -> None:
    midnight = datetime.combine(TODAY.date(), time(), UTC)
    late, early = crash(1, midnight - timedelta(seconds=1)), crash(2, midnight + timedelta(seconds=1))
    (empty.folder / "errors.jsonl").write_text(f"{json.dumps(late)}\n{json.dumps(early)}\n")
    assert empty("ingest", "errors", "errors.jsonl").code == 0
    assert empty("run", "daily", "--date", YESTERDAY.date(), "--dry-run").code == 0
    assert days_with_patterns(empty) == {YESTERDAY.date().isoformat(): 1}
    assert empty("run", "daily", "--dry-run").code == 0
    assert days_with_patterns(empty) == {YESTERDAY.date().isoformat(): 1, TODAY.date().isoformat(): 1}


@pytest.mark.parametrize(
    ("clock", "day"),
    [
        ("2026-03-01T23:59:59+00:00", date(2026, 3, 1)),
        ("2026-03-02T00:00:00+00:00", date(2026, 3, 2)),
    ],
)
def test_the_day_of_a_run_is_that_of_its_start(clock: str, day: date) -> None:
    from livhana_assets.cli.turns import asked_days

    assert asked_days(None, None, None, today=datetime.fromisoformat(clock)) == (day, day)


def test_auto_goes_on_after_an_execution_that_failed_and_counts_it_at_the_end(shop: Terminal) -> None:
    assert shop.target
    stock = FILES["shop/cart.py"].replace("discount", "reduction").replace("The cart", "The stock")
    git(shop.folder, "clone", "--quiet", str(shop.target), "theirs")
    theirs = shop.folder / "theirs"
    cart = FILES["shop/cart.py"].replace('return cart["coupon"]', 'coupon = cart["coupon"]\n    return coupon')
    add_commit(theirs, {"shop/cart.py": cart, "shop/stock.py": stock}, "Somebody else's")
    git(theirs, "push", "--quiet", "origin", "main")
    rows = [json.dumps(crash(100 + number, TODAY)).replace("cart.py", "stock.py") for number in range(6)]
    (shop.folder / "stock.jsonl").write_text("\n".join(rows).replace("discount", "reduction") + "\n")
    assert shop("ingest", "errors", "stock.jsonl").code == 0
    first = the_only(shop)["id"]
    answer = shop("run", "auto", IMPROVEMENT_REQUIRE_APPROVAL="false")
    assert answer.ended(1, f"1 execution failed: {first};")
    assert {p["id"] == first: p["status"] for p in shop.json("proposals")} == {
        True: "rolled_back",
        False: "implemented",
    }


def test_the_weeks_digest_and_the_months_report_are_written_by_the_command(shop: Terminal) -> None:
    week, month = shop("run", "weekly", "--date", "2026-11-18"), shop("run", "monthly", "--date", "2026-11-18")
    assert (week.code, month.code) == (0, 0)
    assert "`weekly_digest` of 2026-11-16" in week.out + week.err
    assert "`refactoring_report` of 2026-11-01" in month.out + month.err
    assert shop("run", "weekly", "--from", "2026-11-01", "--to", "2026-11-18").ended(2, "weekly takes one day")
