"""From a cart to an order: quotes, delivery slots and the order itself."""

from __future__ import annotations

import sqlite3
from datetime import datetime
from typing import Any

from shop import cart, inventory, orders, promotions, shipping
from shop.cart import Line
from shop.errors import BadRequest


def quote(lines: list[Line], promotion: dict[str, Any] | None, now: datetime) -> dict[str, Any]:
    """What the cart costs before shipping."""
    subtotal = cart.subtotal(lines)
    bundles, saving = promotions.apply_bundles(cart.skus_of(lines), promotions.BUNDLES)
    total = promotions.discounted(subtotal - saving, promotion, now)
    return {
        "subtotal_cents": subtotal,
        "bundles": bundles,
        "total_cents": total,
        "saved_cents": subtotal - total,
    }


def shipping_quote(lines: list[Line], country: str) -> dict[str, Any]:
    parts = [{"weight_grams": l.weight_grams, "quantity": l.quantity} for l in lines]
    weight = shipping.parcel_weight(parts)
    return {"weight_grams": weight, "cost_cents": shipping.shipping_cost(weight, country)}


def slots_of(conn: sqlite3.Connection, region: str, day: str) -> list[dict[str, Any]]:
    rows = conn.execute(
        "SELECT id, starts, free FROM delivery_slots WHERE region = ? AND day = ? ORDER BY starts",
        (region, day),
    )
    return [dict(row) for row in rows]


def pick_slot(slots: list[dict[str, Any]], not_before: str) -> dict[str, Any]:
    """The first slot of the day that still has room and suits the customer."""
    for slot in slots:
        if slot["free"] > 0 and slot["starts"] >= not_before:
            chosen = slot
            break
    return {"slot": chosen["id"], "starts": chosen["starts"]}


def place_order(
    conn: sqlite3.Connection,
    customer_id: int,
    lines: list[Line],
    promotion: dict[str, Any] | None,
    now: datetime,
    note: str | None = None,
) -> dict[str, Any]:
    if not lines:
        raise BadRequest("the cart is empty")
    total = quote(lines, promotion, now)["total_cents"]
    with conn:
        for line in lines:
            inventory.reserve(conn, line.sku, line.quantity)
        reference = orders.create_order(conn, customer_id, lines, total, now, note)
    return {"reference": reference, "total_cents": total}
