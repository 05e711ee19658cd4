"""Prompt caching as the API documents it: prefixes up to a breakpoint, found again byte by byte."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from livhana_assets_tests.claude_server.models import MODELS
from livhana_assets_tests.claude_server.tokens import Block, blocks_of, head_tokens, written

LOOKBACK = 20
SECONDS = {"5m": 300.0, "1h": 3600.0}


@dataclass(frozen=True)
class Cached:
    """How a request's input divides; the three figures and the head add up to all of it."""

    read: int
    created_5m: int
    created_1h: int
    fresh: int
    stable: int
    """Tokens up to the last breakpoint: what a second call should find."""

    def usage(self) -> dict[str, Any]:
        return {
            "input_tokens": self.fresh,
            "cache_creation_input_tokens": self.created_5m + self.created_1h,
            "cache_read_input_tokens": self.read,
            "cache_creation": {
                "ephemeral_5m_input_tokens": self.created_5m, "ephemeral_1h_input_tokens": self.created_1h,
            },
        }  # fmt: skip


@dataclass
class PromptCache:
    """Prefixes with the second in which each is forgotten. Time stands still but for `pass_time`."""

    held: dict[str, float] = field(default_factory=dict)
    now: float = 0.0

    def pass_time(self, seconds: float) -> None:
        self.now += seconds

    def look_up(self, body: Mapping[str, Any]) -> Cached:
        """Reads the longest prefix that is held and keeps those that the breakpoints ask for."""
        blocks = blocks_of(body)
        digests = _digests(body, blocks)
        sizes = _running([block.tokens for block in blocks])
        points = [at for at, block in enumerate(blocks) if block.ttl]
        least = MODELS[body["model"]].least_cached
        points = [at for at in points if sizes[at] >= least]
        hit = self._longest(points, digests)
        for at in points:
            self.held[digests[at]] = self.now + SECONDS[blocks[at].ttl]
        return _divided(blocks, sizes, points, hit, head_tokens(body))

    def _longest(self, points: list[int], digests: list[str]) -> int:
        """The last block of the longest held prefix, or -1; a breakpoint looks back over 20 blocks."""
        near = {at for point in points for at in range(max(0, point - LOOKBACK + 1), point + 1)}
        hits = [at for at in near if self.held.get(digests[at], -1.0) > self.now]
        return max(hits, default=-1)


def _digests(body: Mapping[str, Any], blocks: list[Block]) -> list[str]:
    """One digest a block, of all up to it. Another model or another answer's schema finds nothing."""
    shape = (body.get("output_config") or {}).get("format")
    running = hashlib.sha256(f"{body['model']}\n{written(shape)}\n".encode())
    digests = []
    for block in blocks:
        running.update(f"{len(block.text.encode())}:{block.text}".encode())
        digests.append(running.hexdigest())
    return digests


def _running(sizes: list[int]) -> list[int]:
    total, sums = 0, []
    for size in sizes:
        total += size
        sums.append(total)
    return sums


def _divided(blocks: list[Block], sizes: list[int], points: list[int], hit: int, head: int) -> Cached:
    read = sizes[hit] if hit >= 0 else 0
    created, reached = {"5m": 0, "1h": 0}, read
    for at in points:
        if at > hit:
            created[blocks[at].ttl] += sizes[at] - reached
            reached = sizes[at]
    stable = sizes[points[-1]] if points else 0
    total = (sizes[-1] if sizes else 0) + head
    return Cached(read, created["5m"], created["1h"], total - reached, stable)
