"""Promotion codes and bundle offers."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shop.pricing import percent_off


@dataclass
class Bundle:
    name: str
    skus: list[str]
    saving_cents: int


BUNDLES = [
    Bundle("Breakfast for two", ["SKU-0011", "SKU-0011", "SKU-0012"], 600),
    Bundle("Desk starter", ["SKU-0150", "SKU-0151"], 450),
    Bundle("Bedroom set", ["SKU-0080", "SKU-0081", "SKU-0082"], 1200),
]


def normalise_code(code: str) -> str:
    return code.strip().upper().replace(" ", "")


def find_promotion(conn: sqlite3.Connection, code: str) -> dict[str, Any] | None:
    row = conn.execute(
        "SELECT * FROM promotions WHERE code = ?", (normalise_code(code),)
    ).fetchone()
    return dict(row) if row else None


def is_active(promotion: dict[str, Any], now: datetime) -> bool:
    starts = datetime.fromisoformat(promotion["starts_at"])
    ends = datetime.fromisoformat(promotion["ends_at"])
    return starts <= now < ends


def discounted(total_cents: int, promotion: dict[str, Any] | None, now: datetime) -> int:
    if promotion is None or not is_active(promotion, now):
        return total_cents
    return percent_off(total_cents, promotion["percent"])


def apply_bundles(skus: list[str], bundles: list[Bundle]) -> tuple[list[str], int]:
    """Which bundles the cart holds and what they save; an article counts for one bundle only."""
    remaining = list(skus)
    names, saving = [], 0
    for bundle in bundles:
        while all(sku in remaining for sku in bundle.skus):
            for sku in bundle.skus:
                remaining.remove(sku)
            names.append(bundle.name)
            saving += bundle.saving_cents
    return names, saving


def describe(promotion: dict[str, Any]) -> str:
    partner = f" with {promotion['partner']}" if promotion["partner"] else ""
    return f"{promotion['percent']} % off{partner}"
