"""Stock in the warehouses."""

from __future__ import annotations

import sqlite3
from typing import Any

from shop.errors import Conflict

LOW_STOCK = 5


def stock_level(conn: sqlite3.Connection, sku: str, warehouse: str = "main") -> int:
    row = conn.execute(
        "SELECT quantity FROM stock WHERE sku = ? AND warehouse = ?", (sku, warehouse)
    ).fetchone()
    return row["quantity"]


def total_stock(conn: sqlite3.Connection, sku: str) -> int:
    row = conn.execute(
        "SELECT COALESCE(SUM(quantity), 0) AS total FROM stock WHERE sku = ?", (sku,)
    ).fetchone()
    return row["total"]


def availability_text(quantity: int) -> str:
    if quantity <= 0:
        return "sold out"
    return f"only {quantity} left" if quantity < LOW_STOCK else "in stock"


def availability(conn: sqlite3.Connection, sku: str) -> dict[str, Any]:
    level = stock_level(conn, sku)
    return {
        "sku": sku,
        "text": availability_text(level),
        "elsewhere": total_stock(conn, sku) - level,
    }


def reserve(conn: sqlite3.Connection, sku: str, quantity: int) -> None:
    """Take articles out of the main warehouse; the check and the update are one statement."""
    changed = conn.execute(
        "UPDATE stock SET quantity = quantity - ?"
        " WHERE sku = ? AND warehouse = 'main' AND quantity >= ?",
        (quantity, sku, quantity),
    ).rowcount
    if not changed:
        raise Conflict(f"not enough stock of {sku}")


def low_stock(conn: sqlite3.Connection, limit: int = 20) -> list[dict[str, Any]]:
    rows = conn.execute(
        "SELECT sku, quantity FROM stock WHERE warehouse = 'main' AND quantity < ?"
        " ORDER BY quantity, sku LIMIT ?",
        (LOW_STOCK, limit),
    )
    return [dict(row) for row in rows]
