from __future__ import annotations

from collections.abc import Iterator

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from livhana_assets.adapters.redis_durability import weaknesses
from livhana_assets.loop.proposals.ports import StoreUnavailable
from livhana_assets_tests.redis_server import running_redis


@pytest.fixture
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_redis(tmp_path_factory.mktemp("redis")) as url:
        yield url


@pytest.mark.parametrize("decode", [True, False])
def test_the_embedded_server_has_no_weakness(url: str, decode: bool) -> None:
    assert weaknesses(redis.Redis.from_url(url, decode_responses=decode)) == ()


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("appendonly", "no", "set appendonly yes"),
        ("appendfsync", "everysec", "set appendfsync always"),
        ("maxmemory-policy", "allkeys-lru", "set maxmemory-policy noeviction"),
    ],
)
def test_each_weakness_is_said_with_how_to_mend_it(url: str, name: str, value: str, said: str) -> None:
    client = redis.Redis.from_url(url)
    client.config_set(name, value)
    (weakness,) = weaknesses(client)
    assert weakness.endswith(f"{said}.")


def test_a_server_that_hides_its_configuration_is_said(url: str) -> None:
    redis.Redis.from_url(url).acl_setuser("guest", enabled=True, nopass=True, commands=["+@all", "-config"])
    (weakness,) = weaknesses(redis.Redis.from_url(url, username="guest", password="any"))
    assert "does not show its configuration" in weakness


def test_no_server_is_said() -> None:
    with pytest.raises(StoreUnavailable, match="does not answer"):
        weaknesses(redis.Redis(port=1, retry=Retry(NoBackoff(), 0)))
