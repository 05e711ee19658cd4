"""The loyalty scheme: tiers, points and when they expire."""

from __future__ import annotations

import sqlite3
from datetime import date
from typing import Any

BENEFITS = {
    "bronze": {"points_per_euro": 1, "free_shipping_from": 5000, "early_access": False},
    "silver": {"points_per_euro": 2, "free_shipping_from": 3000, "early_access": False},
    "gold": {"points_per_euro": 3, "free_shipping_from": 0, "early_access": True},
}
TIER_LIMITS = [("gold", 5000), ("silver", 1500), ("bronze", 0)]


def tier_for_points(points: int) -> str:
    for tier, limit in TIER_LIMITS:
        if points >= limit:
            return tier
    return "bronze"


def tier_benefits(tier: str) -> dict[str, Any]:
    benefits = BENEFITS[tier.lower()]
    return {"tier": tier, **benefits}


def points_for_order(total_cents: int, tier: str) -> int:
    rate = BENEFITS.get(tier, BENEFITS["bronze"])["points_per_euro"]
    return total_cents // 100 * rate


def points_to_next_tier(points: int) -> int | None:
    higher = [limit for _, limit in TIER_LIMITS if limit > points]
    return min(higher) - points if higher else None


def points_expiry(earned_on: date) -> date:
    """Points live for one year from the day they were earned."""
    return earned_on.replace(year=earned_on.year + 1)


def points_statement(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    statement = []
    for entry in entries:
        earned = date.fromisoformat(entry["earned_on"])
        statement.append({
            "points": entry["points"],
            "earned_on": entry["earned_on"],
            "expires_on": points_expiry(earned).isoformat(),
        })
    return statement


def points_of(conn: sqlite3.Connection, customer_id: int) -> list[dict[str, Any]]:
    rows = conn.execute(
        "SELECT points, earned_on FROM points WHERE customer_id = ? ORDER BY earned_on",
        (customer_id,),
    )
    return [dict(row) for row in rows]


def membership(conn: sqlite3.Connection, customer_id: int, tier: str) -> dict[str, Any]:
    total = sum(entry["points"] for entry in points_of(conn, customer_id))
    return {
        "points": total,
        "to_next_tier": points_to_next_tier(total),
        "benefits": tier_benefits(tier),
    }
