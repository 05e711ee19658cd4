"""What model calls cost today, wherever it is shown: a real Redis holds the ledger."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import redis
from prometheus_client.parser import text_string_to_metric_families

from livhana_assets.adapters.claude_analyst.ledger import Ledger
from livhana_assets.adapters.delta_warehouse import DeltaWarehouse
from livhana_assets.loop.sources.model_prices import Usage
from livhana_assets_tests.redis_server import running_redis
from livhana_assets_tests.web.test_pages import House3000

DOLLAR = 1_000_000


@pytest.fixture(scope="module")
def spent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a Redis whose ledger holds two calls of today."""
    with running_redis(tmp_path_factory.mktemp("redis")) as url:
        ledger = Ledger(redis.Redis.from_url(url), 10 * DOLLAR)
        for asset, cost in (("bugfix_proposals", 1_250_000), ("interaction_patterns", 250_000)):
            attempt = ledger.open(
                asset=asset, subject="s", kind="analyze", model="claude-opus-5-5",
                worst_micro_dollars=2 * DOLLAR, input_tokens=10,
            )  # fmt: skip
            ledger.settle(attempt, cost, Usage(input=10))
        yield url


@pytest.fixture
def house(tmp_path: Path, spent: str) -> House3000:
    house = House3000(tmp_path, DeltaWarehouse(tmp_path / "w"), REDIS_URL=spent, ANTHROPIC_API_KEY="key-of-a-test")
    object.__setattr__(house.desk, "clock", lambda: datetime.now(UTC))
    return house


def test_the_api_shows_what_was_spent_of_what_a_day_may(house: House3000) -> None:
    body = house.as_("viewer").get("/api/improvements/metrics").json()
    assert (body["spentTodayUsd"], body["budgetUsd"]) == (1.5, 10.0)


def test_prometheus_reads_what_was_spent(house: House3000) -> None:
    families = {
        family.name: family for family in text_string_to_metric_families(house.as_("viewer").get("/metrics").text)
    }
    assert families["livhana_spent_today_usd"].samples[0].value == 1.5
    assert families["livhana_budget_usd"].samples[0].value == 10.0


def test_the_dashboard_shows_for_which_assets(house: House3000) -> None:
    page = house.as_("viewer").get("/review/dashboard").text
    assert "today, of $10.00 that a day may cost</dt><dd>$1.50</dd>" in page
    assert '<code>bugfix_proposals</code></th><td class="number">1.2500</td>' in page


def test_the_command_shows_it(tmp_path: Path, spent: str) -> None:
    set_up = {"REDIS_URL": spent, "ANTHROPIC_API_KEY": "key-of-a-test", "LIVHANA_HOME": str(tmp_path)}
    run = subprocess.run(
        [sys.executable, "-c", "from livhana_assets.cli import main; main()", "metrics", "--json"],
        cwd=tmp_path, env={**os.environ, **set_up}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    told = json.loads(run.stdout)
    assert (told["spentTodayUsd"], told["budgetUsd"]) == (1.5, 10.0)
