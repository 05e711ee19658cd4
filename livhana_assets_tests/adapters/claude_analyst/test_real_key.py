"""One question to the real service, where somebody gives a key for it: LIVHANA_REAL_KEY. It costs at most a dollar, by the budget's limit.

It shows that the real API takes what is sent and that its answer fits. How good the answer is, one question cannot show."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
import redis

from livhana_assets.adapters.claude_analyst.calls import Caller
from livhana_assets.adapters.claude_analyst.client import Access
from livhana_assets.adapters.claude_analyst.ledger import Ledger, lines_of
from livhana_assets.loop.proposals.crashes import Unproved, crash_of
from livhana_assets.settings import Settings
from livhana_assets_tests.adapters.claude_analyst.a_catalog import a_circle, claude, ground_at
from livhana_assets_tests.redis_server import running_redis

KEY = os.environ.get("LIVHANA_REAL_KEY", "")


@pytest.mark.drill
@pytest.mark.skipif(not KEY, reason="LIVHANA_REAL_KEY holds no key")
def test_the_real_service_takes_the_question_and_its_answer_fits(tmp_path: Path) -> None:
    ground, settings = ground_at(tmp_path), Settings()
    crash = crash_of(a_circle(), ground.target, ground.target.head() or "")
    assert not isinstance(crash, Unproved)
    models = {"screen": settings.model_screening, "analyze": settings.model_analysis, "code": settings.model_analysis}
    with running_redis(tmp_path / "redis") as url:
        client = redis.Redis.from_url(url)
        caller = Caller(Access(key=KEY), Ledger(client, 1_000_000), models=models)  # type: ignore[arg-type]
        thought = claude(caller).think_again(crash, (), provable=True)
        ended = [(line.kind, line.outcome) for line in lines_of(client, datetime.now(UTC).date())]
    assert thought.fell_back == "" and thought.hypotheses, thought.fell_back
    assert ended == [("screen", "settled"), ("analyze", "settled")]
    assert 0 < thought.micro_dollars < 1_000_000
