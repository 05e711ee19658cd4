"""The platform's own Redis: read as it is mapped, shown, and turned into a look at today."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import redis

from livhana_assets.loop.sources.assets import live_metrics
from livhana_assets.settings import Settings
from livhana_assets.wiring import Loop
from livhana_assets_tests.dagster_project.a_check_run import evaluated
from livhana_assets_tests.dagster_project.a_clock import a_loop, keys, partitions, tick
from livhana_assets_tests.redis_server import running_redis

SENSOR = "live_metric_alarms"
STREAM = {"key": "live:errors", "kind": "stream", "field": "rate", "aggregate": "mean", "above": 0.1}
HASH = {"key": "live:now", "kind": "hash", "field": "queue", "above": 100}
TIMED = {"key": "live:latency", "kind": "sorted_set", "aggregate": "max", "above": 2000}
RANKED = {"key": "live:slowest", "kind": "sorted_set", "score": "value", "field": "GET /cart", "above": 2000}


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_redis(tmp_path_factory.mktemp("redis")) as address:
        yield address


@pytest.fixture
def platform(url: str) -> redis.Redis:
    client = redis.Redis.from_url(url)
    client.flushall()
    return client


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


def watching(folder: Path, url: str, **mapped: dict[str, Any]) -> Loop:
    return a_loop(folder, IMPROVEMENT_METRICS_REDIS_URL=url, IMPROVEMENT_LIVE_METRICS=mapped)


def reading(loop: Loop) -> float | None:
    [one] = loop.live_readings()
    assert not one.unreadable
    return one.value


def test_a_streams_recent_entries_are_read(platform: redis.Redis, url: str, tmp_path: Path) -> None:
    old = int((time.time() - 3600) * 1000)
    platform.xadd("live:errors", {"rate": "99"}, id=f"{old}-1")
    for value in ("0.1", "0.3", "no number"):
        platform.xadd("live:errors", {"rate": value, "other": "7"})
    assert reading(watching(tmp_path, url, errors=STREAM)) == pytest.approx(0.2)


def test_a_hashs_field_is_read(platform: redis.Redis, url: str, tmp_path: Path) -> None:
    platform.hset("live:now", mapping={"queue": "12", "workers": "3"})
    assert reading(watching(tmp_path, url, queue=HASH)) == 12


@pytest.mark.parametrize("scale", [1, 1000])
def test_a_sorted_set_by_time_is_read_in_seconds_or_milliseconds(
    platform: redis.Redis, url: str, tmp_path: Path, scale: int
) -> None:
    now = time.time()
    platform.zadd(
        "live:latency", {"a:9000": (now - 3600) * scale, "b:1500": (now - 20) * scale, "c:800": (now - 10) * scale}
    )
    assert reading(watching(tmp_path, url, latency=TIMED)) == 1500


def test_a_sorted_set_by_value_is_read_at_its_member(platform: redis.Redis, url: str, tmp_path: Path) -> None:
    platform.zadd("live:slowest", {"GET /cart": 1234.5, "GET /": 9})
    assert reading(watching(tmp_path, url, slowest=RANKED)) == 1234.5


def test_what_is_not_there_reads_as_nothing(platform: redis.Redis, url: str, tmp_path: Path) -> None:
    assert reading(watching(tmp_path, url, slowest=RANKED)) is None


def test_an_alarm_looks_at_today_and_then_cools_down(
    platform: redis.Redis, url: str, tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    loop = watching(tmp_path, url, queue=HASH)
    platform.hset("live:now", "queue", "50")
    assert "queue is 50" in tick(SENSOR, instance, loop).skip_message
    platform.hset("live:now", "queue", "150")
    alarm = tick(SENSOR, instance, loop)
    assert partitions(alarm) == [datetime.now(UTC).date().isoformat()]
    assert alarm.run_requests[0].tags["livhana/then"] == "draft"
    assert keys(tick(SENSOR, instance, loop, alarm.cursor)) == []


def test_another_metrics_alarm_is_not_held_back_by_the_first(
    platform: redis.Redis, url: str, tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    loop = watching(tmp_path, url, queue=HASH, errors=STREAM)
    platform.hset("live:now", "queue", "150")
    first = tick(SENSOR, instance, loop)
    platform.xadd("live:errors", {"rate": "0.9"})
    second = tick(SENSOR, instance, loop, first.cursor)
    assert keys(second) != [] and keys(second) != keys(first)


def test_an_alarm_whose_tick_was_lost_is_the_same_run(
    platform: redis.Redis, url: str, tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    platform.hset("live:now", "queue", "150")
    loop = watching(tmp_path, url, queue=HASH)
    assert keys(tick(SENSOR, instance, loop)) == keys(tick(SENSOR, instance, loop)) != []


def test_a_metric_of_another_kind_is_told_and_the_others_are_read(
    platform: redis.Redis, url: str, tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    platform.set("live:now", "a string")
    platform.zadd("live:slowest", {"GET /cart": 5000})
    loop = watching(tmp_path, url, queue=HASH, slowest=RANKED)
    assert len(keys(tick(SENSOR, instance, loop))) == 1
    found = evaluated(
        dg.materialize([live_metrics], instance=instance, resources={"live_readings": loop.live_readings})
    )
    assert not found["readable"].passed and found["freshness"].passed


def test_a_redis_that_does_not_answer_starts_nothing(tmp_path: Path, instance: dg.DagsterInstance) -> None:
    loop = watching(tmp_path, "redis://127.0.0.1:1", queue=HASH)
    found = tick(SENSOR, instance, loop)
    assert keys(found) == [] and "does not answer" in found.skip_message


def test_without_a_redis_or_a_mapping_the_sensor_says_what_to_set(tmp_path: Path, instance: dg.DagsterInstance) -> None:
    assert "IMPROVEMENT_METRICS_REDIS_URL" in tick(SENSOR, instance, a_loop(tmp_path)).skip_message
    assert "[live_metrics]" in tick(SENSOR, instance, watching(tmp_path, "redis://127.0.0.1:1")).skip_message


def test_the_mapping_is_read_from_livhana_toml(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "livhana.toml").write_text(
        '[live_metrics.queue]\nkey = "live:now"\nkind = "hash"\nfield = "queue"\nabove = 3\n'
    )
    monkeypatch.chdir(tmp_path)
    assert Settings().live_metrics["queue"].above == 3


def test_the_asset_shows_what_is_read(
    platform: redis.Redis, url: str, tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    platform.hset("live:now", "queue", "150")
    loop = watching(tmp_path, url, queue=HASH)
    result = dg.materialize([live_metrics], instance=instance, resources={"live_readings": loop.live_readings})
    [shown] = result.get_asset_materialization_events()
    metadata = shown.materialization.metadata
    assert (metadata["metrics"].value, metadata["alarms"].value) == (1, 1)
    assert "| queue | 150 | above 100 |" in str(metadata["readings"].value)
