"""What the commands say of the model: what a dry run would ask and what that would cost, and whether the key is right."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from livhana_assets_tests.adapters.claude_analyst.a_catalog import CIRCLE
from livhana_assets_tests.adapters.claude_analyst.a_catalog import FILES as CATALOG
from livhana_assets_tests.claude_server import REPLIES, ClaudeServer, open_claude_server
from livhana_assets_tests.cli.a_shop import FILES, Terminal, at_a_prompt, log
from livhana_assets_tests.repositories import bare_repository

FIXED = REPLIES / "written-for-tests-crash-fixed.json"
COUNT = "/v1/messages/count_tokens"


@pytest.fixture(scope="module")
def looked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terminal]:
    """A shop whose crash is known and not drafted yet."""
    folder = tmp_path_factory.mktemp("shop")
    for terminal in at_a_prompt(folder, bare_repository(folder / "shop.git", FILES)):
        assert terminal("ingest", "errors", log(folder / "errors.jsonl", datetime.now(UTC))).code == 0
        assert terminal("analyze", "performance").code == 0
        yield terminal


@pytest.fixture
def server() -> Iterator[ClaudeServer]:
    with open_claude_server() as opened:
        yield opened


def analyst_of(terminal: Terminal, **environment: str) -> dict[str, str]:
    rows = json.loads(terminal("doctor", "--json", **environment).out)
    found: dict[str, str] = next(row for row in rows if row["part"] == "analyst")
    return found


def test_a_dry_run_shows_the_pack_the_calls_and_their_cost_and_makes_none(
    looked: Terminal, server: ClaudeServer
) -> None:
    [row] = json.loads(looked("analyze", "bugs", "--dry-run", "--json", **server.environment).out)
    told = row["modelCalls"]
    assert [call["kind"] for call in told["calls"]] == ["screen", "analyze", "analyze"]
    assert {call["model"] for call in told["calls"]} == {"claude-haiku-5-5", "claude-opus-5-5"}
    assert all(call["counted"] and 0 < call["worstUsd"] < 1 for call in told["calls"])
    assert told["worstUsd"] == pytest.approx(sum(call["worstUsd"] for call in told["calls"]))
    assert [one["path"] for one in told["pack"]["code"]] == ["shop/cart.py"] and told["pack"]["crash"][
        "occurrences"
    ] == 6
    assert {call.path.partition("?")[0] for call in server.calls} == {COUNT}


def test_a_dry_run_says_it_in_words_too(looked: Terminal, server: ClaudeServer) -> None:
    told = looked("analyze", "bugs", "--dry-run", columns=200, **server.environment).out
    assert "model calls: 3 calls, $" in told and "none was made" in told and "shop/cart.py" in told
    assert server.requests == []


def test_without_a_key_the_rules_are_said_once(looked: Terminal) -> None:
    answer = looked("analyze", "bugs", "--dry-run")
    assert (answer.out + answer.err).count("the rules decide alone") == 1
    [row] = json.loads(looked("analyze", "bugs", "--dry-run", "--json").out)
    assert "modelCalls" not in row
    assert analyst_of(looked) == {"part": "analyst", "state": "well", "found": "rules: works without a key"}


def test_a_wrong_key_is_said_before_any_work(looked: Terminal, server: ClaudeServer) -> None:
    well = analyst_of(looked, **server.environment)
    assert well["state"] == "well" and "claude-opus-5-5 answers" in well["found"]
    wrong = analyst_of(looked, **{**server.environment, "ANTHROPIC_API_KEY": "sk-wrong"})
    assert wrong["state"] == "not well" and "correct ANTHROPIC_API_KEY" in wrong["found"]
    unknown = analyst_of(looked, **server.environment, IMPROVEMENT_MODEL_ANALYSIS="claude-nobody-1")
    assert unknown["state"] == "not well" and "correct IMPROVEMENT_MODEL_ANALYSIS" in unknown["found"]
    assert server.requests == []


def test_claude_asked_for_by_name_needs_a_key_and_rules_need_none(looked: Terminal, server: ClaudeServer) -> None:
    answer = looked("analyze", "bugs", "--dry-run", IMPROVEMENT_ANALYST="claude")
    assert answer.ended(2, "set ANTHROPIC_API_KEY", "IMPROVEMENT_ANALYST=rules")
    ruled = looked("analyze", "bugs", "--dry-run", "--json", **server.environment, IMPROVEMENT_ANALYST="rules")
    assert "modelCalls" not in json.loads(ruled.out)[0] and server.calls == []


def test_a_model_without_a_price_is_asked_nothing(looked: Terminal, server: ClaudeServer) -> None:
    answer = looked("analyze", "bugs", "--dry-run", **server.environment, IMPROVEMENT_MODEL_ANALYSIS="claude-nobody-1")
    assert answer.ended(1, "Nobody knows what the model claude-nobody-1 costs", "livhana.toml")


def test_vertex_needs_a_project(looked: Terminal) -> None:
    answer = looked("doctor", IMPROVEMENT_ANALYST="claude", IMPROVEMENT_CLAUDE_PROVIDER="vertex", columns=400)
    assert "set ANTHROPIC_VERTEX_PROJECT_ID" in answer.out


def circles(file: Path) -> Path:
    """The log of a catalog that goes in a circle, a crash that no rule fixes."""
    frames = [{"file": "/srv/shop/shop/catalog.py", "function": "levels", "line": 7, "locals": CIRCLE}]
    trace = (
        'Traceback (most recent call last):\n  File "/srv/shop/shop/catalog.py", line 7, in levels\n'
        "    return 0 if parent is None else 1 + levels(parent, parents)\nRecursionError: maximum recursion depth exceeded"
    )
    rows = [
        {
            "error_id": f"e{number}", "occurred_at": (datetime.now(UTC) - timedelta(seconds=number)).isoformat(), "service": "shop",
            "endpoint": "GET /menu", "severity": "error", "error_type": "RecursionError",
            "message": "maximum recursion depth exceeded", "stack_trace": trace, "context": json.dumps({"frames": frames}),
        }
        for number in range(6)
    ]  # fmt: skip
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


def test_the_daily_run_asks_where_no_rule_helps_and_the_proved_fix_waits_for_approval(tmp_path: Path) -> None:
    with open_claude_server(FIXED) as server:
        for terminal in at_a_prompt(tmp_path, bare_repository(tmp_path / "shop.git", CATALOG)):
            assert terminal("ingest", "errors", circles(tmp_path / "errors.jsonl")).code == 0
            assert terminal("run", "daily", **server.environment).code == 0
            [row] = terminal.json("proposals")
            made = json.loads(terminal("show", row["id"], "--json").out)
            origin = made["origin"]
            kept = (terminal.home / "packs" / f"{origin['pack']}.json").read_text()
    assert (made["status"], made["analyst"], made["approval"]) == ("proposed", "claude", None)
    assert made["requiresApproval"] and made["proof"]["steps"] and made["metrics"]["modelUsd"] > 0
    assert json.loads(kept)["crash"]["errorType"] == "RecursionError"
    assert (origin["model"], len(origin["requests"]), len(server.requests)) == ("claude-opus-5-5", 1, 2)
