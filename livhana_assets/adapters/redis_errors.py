"""What Redis says when it cannot, as one clear sentence."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import redis

from livhana_assets.loop.proposals.ports import StoreUnavailable


class BadAddress(StoreUnavailable):
    """REDIS_URL is no address at all."""


SENTENCES = {
    "READONLY": "{where} is a read-only replica; point REDIS_URL at the primary.",
    "OOM": "{where} is out of memory; raise its maxmemory (policy noeviction) and repeat the command.",
    "MISCONF": "{where} cannot write to its disk; free space in its data folder and repeat the command.",
    "NOAUTH": "{where} wants another user or password; correct them in REDIS_URL.",
    "NOPERM": "{where} does not let this user do that; give it the keys improvement:* and knowledge:*.",
    "WRONGTYPE": "{where} holds a key of the loop's name with another meaning; use a database of its own for the loop.",
    "LOADING": "{where} still loads its data; repeat the command in a moment.",
}
KINDS: dict[str, type[Exception]] = {
    "READONLY": redis.exceptions.ReadOnlyError,
    "OOM": redis.exceptions.OutOfMemoryError,
    "NOAUTH": redis.exceptions.AuthenticationError,
    "NOPERM": redis.exceptions.NoPermissionError,
    "LOADING": redis.exceptions.BusyLoadingError,
}
"""Errors whose code word redis-py has taken out of the message."""


@contextmanager
def clear_errors(client: redis.Redis) -> Iterator[None]:
    """Turn every error of Redis into StoreUnavailable. Nothing of redis-py gets out."""
    try:
        yield
    except (redis.RedisError, OSError) as error:
        raise StoreUnavailable(sentence(error, location(client))) from None


def sentence(error: Exception, where: str) -> str:
    """What went wrong and what to do, by the code word that Redis gave."""
    text = str(error)
    for code, told in SENTENCES.items():
        if re.search(rf"\b{code}\b", text) or (code in KINDS and isinstance(error, KINDS[code])):
            return told.format(where=where)
    if isinstance(error, redis.ConnectionError | redis.TimeoutError | OSError):
        return f"{where} does not answer; start it or correct REDIS_URL, then repeat the command."
    return f"{where} refused the command: {text.splitlines()[0] if text else type(error).__name__}."


def location(client: redis.Redis) -> str:
    """Where the client connects to, without user and password."""
    kwargs = client.connection_pool.connection_kwargs
    return f"Redis at {kwargs.get('path') or '{}:{}'.format(kwargs.get('host'), kwargs.get('port'))}"
