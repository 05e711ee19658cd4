"""The five analyses, as somebody starts them at a prompt."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

from livhana_assets_tests.cli.a_shop import Terminal

NOW = datetime.now(UTC)
QUESTIONS = (
    "where is my parcel",
    "parcel where is it now",
    "can i change my delivery address",
    "change the delivery address please",
)


def requests(file: Path) -> Path:
    """Two endpoints of three days, one of them slow."""
    rows = [
        {
            "occurred_at": (NOW - timedelta(days=day, minutes=1)).isoformat(), "service": "shop", "endpoint": endpoint, "method": "GET",
            "status_code": 200, "duration_ms": slow + number, "request_id": f"{endpoint}-{day}-{number}",
        }
        for day in range(3) for endpoint, slow in (("/report", 5000), ("/cart", 40)) for number in range(60)
    ]  # fmt: skip
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


def interactions(file: Path, count: int) -> Path:
    rows = [
        {
            "interaction_id": f"i{number}", "occurred_at": (NOW - timedelta(minutes=1)).isoformat(), "customer_id": f"c{number % 40}",
            "channel": "chat", "query": QUESTIONS[number % 4], "response": "Sorry, I do not know.", "success": number % 4 < 2,
        }
        for number in range(count)
    ]  # fmt: skip
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


def test_a_slow_endpoint_is_found_and_shown(empty: Terminal, tmp_path: Path) -> None:
    assert empty("ingest", "metrics", requests(tmp_path / "metrics.jsonl")).code == 0
    found = json.loads(empty("analyze", "performance", "--json").out)
    assert [(one["endpoint"], one["kind"], one["requests"]) for one in found] == [("/report", "slow", 180)]
    shown = empty("show", found[0]["patternId"], "--json")
    assert json.loads(shown.out) == found[0]
    told = empty("show", found[0]["patternId"]).out
    assert "/report" in told and re.search(r"p95 ms +│ [\d.]{3,7} *$", told, re.MULTILINE), told


def test_too_few_interactions_are_said_and_enough_are_judged(empty: Terminal, tmp_path: Path) -> None:
    empty("ingest", "interactions", interactions(tmp_path / "few.jsonl", 40))
    assert "not enough data: 40 of 100 interactions" in empty("analyze", "learning").out
    empty("ingest", "interactions", interactions(tmp_path / "many.jsonl", 160))
    found = json.loads(empty("analyze", "learning", "--json").out)
    assert sum(one["interactions"] for one in found) == 160
    assert {one["success"]["of"] for one in found if one["title"] in QUESTIONS} == {80}
    assert re.search(r"success +│ \d+ of 80: \d+% \(95 %: \d+% to \d+%\)", empty("show", found[0]["patternId"]).out)


def test_a_dry_run_looks_at_nothing_anew(empty: Terminal, tmp_path: Path) -> None:
    empty("ingest", "metrics", requests(tmp_path / "metrics.jsonl"))
    assert json.loads(empty("analyze", "--dry-run", "--json").out) == {
        "bugs": [], "performance": [], "learning": [], "features": [], "quality": [],
    }  # fmt: skip


def test_another_word_is_wrong_usage_and_a_pattern_that_is_not_there_too(empty: Terminal) -> None:
    assert empty("analyze", "bug").ended(2, "say bugs, performance, learning, features or quality")
    assert empty("show", "performance-0123456789ab").ended(2, "There is no performance-0123456789ab")
