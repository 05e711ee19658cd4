"""Figures for the shop's managers."""

from __future__ import annotations

import sqlite3
import statistics
from typing import Any


def order_totals(conn: sqlite3.Connection, month: str) -> list[int]:
    rows = conn.execute(
        "SELECT total_cents FROM orders WHERE placed_at >= ? AND placed_at < ?",
        (f"{month}-01", f"{month}-32"),
    )
    return [row["total_cents"] for row in rows]


def order_value_summary(totals: list[int]) -> dict[str, Any]:
    return {
        "orders": len(totals),
        "revenue_cents": sum(totals),
        "median_cents": statistics.median(totals),
        "largest_cents": max(totals, default=0),
    }


def category_shares(counts: dict[str, int]) -> dict[str, float]:
    """Share of each category in the articles sold."""
    total = sum(counts.values())
    if total == 0:
        return {category: 0.0 for category in counts}
    return {category: round(count / total, 3) for category, count in counts.items()}


def articles_sold(conn: sqlite3.Connection) -> dict[str, int]:
    rows = conn.execute(
        "SELECT p.category, SUM(i.quantity) AS sold FROM order_items i"
        " JOIN products p ON p.sku = i.sku GROUP BY p.category ORDER BY sold DESC"
    )
    return {row["category"]: row["sold"] for row in rows}


def growth(current: int, previous: int) -> float | None:
    """Relative change, or None if there is nothing to compare with."""
    if previous == 0:
        return None
    return round((current - previous) / previous, 3)
