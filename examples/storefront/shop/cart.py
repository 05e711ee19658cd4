"""The cart a customer fills and keeps between visits."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Any

from shop import catalogue
from shop.errors import BadRequest
from shop.pricing import line_total

MAX_QUANTITY = 99


@dataclass
class Line:
    sku: str
    quantity: int
    unit_cents: int
    weight_grams: int = 0

    @property
    def total_cents(self) -> int:
        return line_total(self.unit_cents, self.quantity)


def read_quantities(raw: dict[str, Any]) -> dict[str, int]:
    """Quantities per SKU as sent by the cart page; form fields may arrive as text."""
    quantities = {}
    for sku, value in raw.items():
        if not str(value).isdigit():
            raise BadRequest(f"not a quantity: {value}")
        quantities[sku.upper()] = min(int(value), MAX_QUANTITY)
    return quantities


def drop_empty_lines(quantities: dict[str, int]) -> dict[str, int]:
    """The customer removes a line by setting its quantity to zero."""
    for sku, quantity in quantities.items():
        if quantity == 0:
            del quantities[sku]
    return quantities


def save_cart(conn: sqlite3.Connection, customer_id: int, quantities: dict[str, int]) -> None:
    with conn:
        conn.execute("DELETE FROM carts WHERE customer_id = ?", (customer_id,))
        conn.executemany(
            "INSERT INTO carts VALUES (?, ?, ?)",
            [(customer_id, sku, quantity) for sku, quantity in quantities.items()],
        )


def load_cart(conn: sqlite3.Connection, customer_id: int) -> dict[str, int]:
    rows = conn.execute(
        "SELECT sku, quantity FROM carts WHERE customer_id = ? ORDER BY sku", (customer_id,)
    )
    return {row["sku"]: row["quantity"] for row in rows}


def build_lines(conn: sqlite3.Connection, quantities: dict[str, int]) -> list[Line]:
    """Cart lines with today's prices; articles we no longer sell are left out."""
    products = catalogue.products_by_sku(conn, list(quantities))
    return [
        Line(sku, quantity, products[sku]["price_cents"], products[sku]["weight_grams"])
        for sku, quantity in quantities.items()
        if sku in products
    ]


def merge(saved: dict[str, int], added: dict[str, int]) -> dict[str, int]:
    """Adds what a guest collected to the cart the customer already had."""
    merged = dict(saved)
    for sku, quantity in added.items():
        merged[sku] = min(merged.get(sku, 0) + quantity, MAX_QUANTITY)
    return merged


def subtotal(lines: list[Line]) -> int:
    return sum(line.total_cents for line in lines)


def skus_of(lines: list[Line]) -> list[str]:
    """Every single article, so a quantity of three appears three times."""
    return [line.sku for line in lines for _ in range(line.quantity)]
