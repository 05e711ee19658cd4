"""Requests, visits, and the shopper who draws customers, articles and wording."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

CUSTOMERS = 400
REGULAR_PRODUCTS = range(1, 181)
GARDEN = range(181, 201)
STUDIO = range(201, 221)
VOUCHERS = range(221, 241)


@dataclass
class Call:
    """One request; `{order}`, `{previous_order}` and `{interaction}` stand for what the shop
    answered earlier in the same visit."""

    method: str
    path: str
    body: Any = None
    service: str = "shop"


@dataclass
class Visit:
    customer: int
    calls: list[Call]


@dataclass
class Shopper:
    """Draws customers, articles and wording; all chance comes from one generator."""

    rng: random.Random
    used: set[int] = field(default_factory=set)

    def customer(self, *groups: int) -> int:
        """A customer of the given groups of twenty; by default one of the large majority."""
        return 20 * self.rng.randrange(CUSTOMERS // 20) + self.rng.choice(groups or range(5, 20))

    def fresh_customer(self) -> int:
        """One who places no other order in this run."""
        free = [c for c in range(301, CUSTOMERS) if c % 20 > 4 and c not in self.used]
        customer = self.rng.choice(free or range(305, 320))
        self.used.add(customer)
        return customer

    def product(self, ids: range = REGULAR_PRODUCTS) -> int:
        return ids[int(len(ids) * self.rng.random() ** 2)]

    def sku(self, ids: range = REGULAR_PRODUCTS) -> str:
        return f"SKU-{self.product(ids):04d}"

    def quantities(self, count: int = 2, ids: range = REGULAR_PRODUCTS) -> dict[str, int]:
        return {self.sku(ids): self.rng.randrange(1, 4) for _ in range(count)}


def get(path: str, **query: Any) -> Call:
    return Call("GET", path + ("?" + urlencode(query) if query else ""))


def post(path: str, **body: Any) -> Call:
    return Call("POST", path, body)


def backend(method: str, path: str, body: Any = None) -> Call:
    return Call(method, path, body, "backend")
