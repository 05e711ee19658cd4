"""A day's budget in a real Redis, for every test of the agent."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import redis

from livhana_assets.loop.proposals.proof import ProvingGround
from livhana_assets_tests.adapters.claude_agent.a_shop import a_shop
from livhana_assets_tests.redis_server import running_redis


@pytest.fixture(scope="package")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_redis(tmp_path_factory.mktemp("agent-redis")) as url:
        yield url


@pytest.fixture
def client(redis_url: str) -> Iterator[redis.Redis]:
    made = redis.Redis.from_url(redis_url)
    made.flushall()
    yield made
    made.close()


@pytest.fixture(scope="package")
def ground(tmp_path_factory: pytest.TempPathFactory) -> ProvingGround:
    return a_shop(tmp_path_factory.mktemp("agent-shop"))
