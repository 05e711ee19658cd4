"""Lines for the speed figures: seeded templates of our own, filled with seeded values. Length and numbers per line are as in LogHub's sets
(about 80 characters, about 7 runs of digits)."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

WORDS = (  # noqa: SIM905
    "worker request session cache token batch order upload index replica shard queue consumer payment refund cart invoice mailer scheduler "
    "lease lock snapshot backup stream socket pool thread job task route gateway tenant account profile catalogue stock shipment webhook "
    "failed finished started expired rejected accepted closed opened retried skipped flushed moved dropped stored loaded parsed verified "
    "because after before during while without from into through against within beyond near late early slow stale broken missing empty"
).split()
Fill = Callable[[random.Random], str]


def _integer(rng: random.Random) -> str:
    return str(rng.randrange(10 ** rng.randint(1, 7)))


def _duration(rng: random.Random) -> str:
    return f"{rng.uniform(0, 9000):.2f} ms"


def _address(rng: random.Random) -> str:
    return f"10.{rng.randrange(256)}.{rng.randrange(256)}.{rng.randrange(256)}:{rng.randrange(1024, 65536)}"


def _time(rng: random.Random) -> str:
    return f"2026-11-{rng.randint(1, 30):02d} {rng.randrange(24):02d}:{rng.randrange(60):02d}:{rng.randrange(60):02d}"


def _pair(rng: random.Random) -> str:
    return f"{rng.choice(('size', 'offset', 'attempt', 'pid'))}={rng.randrange(100_000)}"


def _hex(rng: random.Random) -> str:
    return f"{rng.getrandbits(64):016x}"


def _uuid(rng: random.Random) -> str:
    bits = f"{rng.getrandbits(128):032x}"
    return f"{bits[:8]}-{bits[8:12]}-{bits[12:16]}-{bits[16:20]}-{bits[20:]}"


def _person(rng: random.Random) -> str:
    return "".join(rng.choice("abcdefghijklmnoprstuvwyz") for _ in range(rng.randint(4, 9)))


def _path(rng: random.Random) -> str:
    return f"/var/data/{_person(rng)}/{rng.randrange(1000)}.json"


def _host(rng: random.Random) -> str:
    return f"{_person(rng)}.{_person(rng)}.example"


NUMBERS: tuple[Fill, ...] = (_integer, _integer, _duration, _address, _time, _pair)
NAMES: tuple[Fill, ...] = (_hex, _uuid, _person, _path, _host)


def few_distinct(count: int, seed: int = 1) -> Iterator[str]:
    """1,000 templates with numbers in them: few distinct lines remain when digits are collapsed."""
    return _filled(count, random.Random(seed), templates=1000, numbers=3, names=0)


def many_distinct(count: int, seed: int = 2) -> Iterator[str]:
    """1,000 templates; in one line of eight with a name, path or identifier as well, so that more than 200,000 of 2 million remain."""
    return _filled(count, random.Random(seed), templates=1000, numbers=3, names=125)


def _filled(count: int, rng: random.Random, *, templates: int, numbers: int, names: int) -> Iterator[str]:
    made = [_template(rng, numbers, named=place < names) for place in range(templates)]
    for _ in range(count):
        yield " ".join([part if isinstance(part, str) else part(rng) for part in rng.choice(made)])


def _template(rng: random.Random, numbers: int, *, named: bool) -> list[str | Fill]:
    parts: list[str | Fill] = list(rng.choices(WORDS, k=rng.randint(5, 8)))
    fills = [*rng.choices(NUMBERS, k=numbers), *([rng.choice(NAMES)] if named else [])]
    for fill in fills:
        parts.insert(rng.randint(1, len(parts)), fill)
    return parts
