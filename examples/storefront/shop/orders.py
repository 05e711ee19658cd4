"""Orders: placing, listing, cancelling."""

from __future__ import annotations

import sqlite3
from datetime import datetime
from typing import Any

from shop.cart import Line
from shop.errors import Conflict, NotFound

CANCELLABLE = {"placed"}
STATUS_STEPS = ["placed", "packed", "shipped", "delivered"]


def next_reference(conn: sqlite3.Connection, customer_id: int) -> str:
    """Order references read C0042-3: the customer and a number that counts their orders."""
    count = conn.execute(
        "SELECT COUNT(*) FROM orders WHERE customer_id = ?", (customer_id,)
    ).fetchone()[0]
    return f"C{customer_id:04d}-{count + 1}"


def create_order(
    conn: sqlite3.Connection,
    customer_id: int,
    lines: list[Line],
    total_cents: int,
    placed_at: datetime,
    delivery_note: str | None = None,
) -> str:
    reference = next_reference(conn, customer_id)
    placed = placed_at.isoformat(timespec="seconds")
    order_id = conn.execute(
        "INSERT INTO orders (reference, customer_id, status, payment_state, total_cents,"
        " placed_at, delivery_note) VALUES (?, ?, 'placed', 'pending', ?, ?, ?)",
        (reference, customer_id, total_cents, placed, delivery_note),
    ).lastrowid
    conn.executemany(
        "INSERT INTO order_items VALUES (?, ?, ?, ?)",
        [(order_id, line.sku, line.quantity, line.unit_cents) for line in lines],
    )
    return reference


def get_order(conn: sqlite3.Connection, reference: str) -> dict[str, Any]:
    row = conn.execute("SELECT * FROM orders WHERE reference = ?", (reference,)).fetchone()
    if row is None:
        raise NotFound(f"no such order: {reference}")
    return dict(row)


def cancel_order(conn: sqlite3.Connection, reference: str) -> None:
    """An order nobody has packed yet leaves no trace."""
    order = get_order(conn, reference)
    if order["status"] not in CANCELLABLE:
        raise Conflict(f"the order is already {order['status']}")
    with conn:
        conn.execute("DELETE FROM order_items WHERE order_id = ?", (order["id"],))
        conn.execute("DELETE FROM orders WHERE id = ?", (order["id"],))


def order_items(conn: sqlite3.Connection, order_id: int) -> list[dict[str, Any]]:
    items = []
    for row in conn.execute("SELECT * FROM order_items WHERE order_id = ?", (order_id,)):
        product = conn.execute(
            "SELECT name FROM products WHERE sku = ?", (row["sku"],)
        ).fetchone()
        name = product["name"] if product else "discontinued article"
        items.append({"sku": row["sku"], "quantity": row["quantity"], "name": name})
    return items


def orders_of(conn: sqlite3.Connection, customer_id: int) -> list[dict[str, Any]]:
    rows = conn.execute(
        "SELECT * FROM orders WHERE customer_id = ? ORDER BY placed_at DESC", (customer_id,)
    ).fetchall()
    return [{**dict(row), "items": order_items(conn, row["id"])} for row in rows]


def archived_orders(conn: sqlite3.Connection, customer_id: int) -> list[dict[str, Any]]:
    rows = conn.execute(
        "SELECT reference, status, total_cents, placed_at, delivery_note FROM order_archive"
        " WHERE customer_id = ? ORDER BY placed_at DESC",
        (customer_id,),
    )
    return [dict(row) for row in rows]


def progress(status: str) -> dict[str, Any]:
    """How far an order has come, for the progress bar."""
    step = STATUS_STEPS.index(status) + 1 if status in STATUS_STEPS else 0
    return {"status": status, "step": step, "of": len(STATUS_STEPS)}
