"""Search by words and price, and the filter counts beside the results."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from typing import Any

from shop import catalogue

STOP_WORDS = {"a", "an", "and", "for", "in", "of", "the", "with"}


def words_of(text: str) -> list[str]:
    words = [word.strip(".,;:!?\"'()").lower() for word in text.split()]
    return [word for word in words if word and word not in STOP_WORDS]


def score(product: dict[str, Any], words: list[str]) -> int:
    """How well a product fits: the name counts more than the category and the brand."""
    name = product["name"].lower()
    rest = f"{product['category']} {product['brand'] or ''}".lower()
    return sum(3 * (word in name) + (word in rest) for word in words)


def parse_price_range(text: str) -> tuple[int, int]:
    """`20-50` (in euros) as a pair of cents."""
    low, _, high = text.partition("-")
    return round(float(low) * 100), round(float(high) * 100)


def within(product: dict[str, Any], price_range: tuple[int, int] | None) -> bool:
    if price_range is None:
        return True
    low, high = price_range
    return low <= product["price_cents"] <= high


def search(
    products: list[dict[str, Any]], text: str, price: str | None = None, limit: int = 20
) -> list[dict[str, Any]]:
    words = words_of(text)
    price_range = parse_price_range(price) if price else None
    scored = [(score(product, words), product) for product in products]
    hits = [(points, product) for points, product in scored if points and within(product, price_range)]
    hits.sort(key=lambda hit: (-hit[0], hit[1]["id"]))
    return [catalogue.product_card(product) for _, product in hits[:limit]]


def facet_counts(rows: list[sqlite3.Row], name: str) -> dict[str, int]:
    """How many products carry each value of one attribute, e.g. {"red": 4}."""
    values = Counter()
    for row in rows:
        attributes = json.loads(row["attributes"])
        if name in attributes:
            values[str(attributes[name])] += 1
    return dict(values.most_common())


def category_facets(conn: sqlite3.Connection, category: str) -> dict[str, dict[str, int]]:
    rows = conn.execute(
        "SELECT id, attributes FROM products WHERE category = ? ORDER BY id", (category,)
    ).fetchall()
    return {name: facet_counts(rows, name) for name in ("colour", "material")}


def suggest(conn: sqlite3.Connection, prefix: str, limit: int = 5) -> list[str]:
    rows = conn.execute(
        "SELECT DISTINCT name FROM products WHERE name LIKE ? || '%' ORDER BY name LIMIT ?",
        (prefix, limit),
    )
    return [row["name"] for row in rows]
