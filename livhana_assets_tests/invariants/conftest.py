"""One Redis for the folder, emptied for each test, and a small bare repository that holds the shop."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from livhana_assets.adapters.redis_store import RedisProposalStore
from livhana_assets_tests.invariants.a_shop import Shop, shop_at
from livhana_assets_tests.loop.execution.an_approved_change import add_buggy_shop
from livhana_assets_tests.redis_server import running_redis
from livhana_assets_tests.repositories import bare_repository


@pytest.fixture(scope="package")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_redis(tmp_path_factory.mktemp("redis")) as url:
        yield url


@pytest.fixture
def store(redis_url: str) -> RedisProposalStore:
    redis.Redis.from_url(redis_url).flushall()
    return RedisProposalStore.at(redis_url)


@pytest.fixture(scope="package")
def shop_made_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    repository = bare_repository(tmp_path_factory.mktemp("made") / "shop.git")
    add_buggy_shop(repository)
    return repository


@pytest.fixture
def shop(tmp_path: Path, shop_made_once: Path, store: RedisProposalStore) -> Shop:
    return shop_at(Path(shutil.copytree(shop_made_once, tmp_path / "shop.git")), tmp_path / "home", store)
