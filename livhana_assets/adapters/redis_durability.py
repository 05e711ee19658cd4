"""Whether a Redis keeps what it acknowledged: what `livhana doctor` says of a server that is not our own."""

from __future__ import annotations

from collections.abc import Mapping

import redis

from livhana_assets.adapters.redis_errors import clear_errors

OLDEST = (6, 2)


def weaknesses(client: redis.Redis) -> tuple[str, ...]:
    """One sentence for each thing that could lose a decision, with how to mend it; empty where there is none. Raises StoreUnavailable."""
    with clear_errors(client):
        version = _text(client.info("server").get("redis_version", "0"))
    return (*_of_version(version), *_of_configuration(_configuration(client)))


def _configuration(client: redis.Redis) -> Mapping[str, str] | None:
    """None where the server does not show it, as many hosted ones."""
    try:
        found = {name: client.config_get(name) for name in ("appendonly", "appendfsync", "maxmemory-policy")}
    except redis.ResponseError:
        return None
    except redis.RedisError:
        with clear_errors(client):
            raise
    return {name: _text(value) for answer in found.values() for name, value in _pairs(answer)}


def _of_version(version: str) -> tuple[str, ...]:
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
    return () if numbers >= OLDEST else (f"Redis {version} is older than 6.2: install a newer one.",)


def _of_configuration(configuration: Mapping[str, str] | None) -> tuple[str, ...]:
    if configuration is None:
        return ("Redis does not show its configuration: see to it that it persists every write and evicts nothing.",)
    found = []
    if configuration["appendonly"] != "yes":
        found.append("Redis keeps no append-only file, a crash loses decisions: set appendonly yes.")
    elif configuration["appendfsync"] != "always":
        found.append("Redis may lose the last second when the machine fails: set appendfsync always.")
    if configuration["maxmemory-policy"] != "noeviction":
        found.append("Redis may drop proposals when memory is short: set maxmemory-policy noeviction.")
    return tuple(found)


def _pairs(answer: object) -> list[tuple[str, object]]:
    return [(_text(name), value) for name, value in answer.items()] if isinstance(answer, Mapping) else []


def _text(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
