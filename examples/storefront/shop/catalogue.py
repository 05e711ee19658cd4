"""Products: lists, cards and product pages."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

PLACEHOLDER_IMAGE = "/static/no-picture.svg"
SORTS = {
    "name": lambda product: product["name"].lower(),
    "price": lambda product: product["price_cents"],
    "brand": lambda product: (product["brand"] or "").lower(),
    "newest": lambda product: product["created_on"],
}


def product_from_row(row: sqlite3.Row) -> dict[str, Any]:
    product = dict(row)
    product["images"] = json.loads(row["images"] or "[]")
    product["attributes"] = json.loads(row["attributes"] or "{}")
    return product


def get_product(conn: sqlite3.Connection, product_id: int) -> dict[str, Any] | None:
    row = conn.execute("SELECT * FROM products WHERE id = ?", (product_id,)).fetchone()
    return product_from_row(row) if row else None


def products_by_sku(conn: sqlite3.Connection, skus: list[str]) -> dict[str, dict[str, Any]]:
    marks = ", ".join("?" for _ in skus)
    rows = conn.execute(f"SELECT * FROM products WHERE sku IN ({marks})", skus)
    return {row["sku"]: product_from_row(row) for row in rows}


def list_products(conn: sqlite3.Connection, category: str | None) -> list[dict[str, Any]]:
    if category is None:
        rows = conn.execute("SELECT * FROM products")
    else:
        rows = conn.execute("SELECT * FROM products WHERE category = ?", (category,))
    return [product_from_row(row) for row in rows]


def sort_products(products: list[dict[str, Any]], order: str) -> list[dict[str, Any]]:
    key = SORTS.get(order, SORTS["name"])
    return sorted(products, key=key, reverse=order == "newest")


def product_card(product: dict[str, Any]) -> dict[str, Any]:
    """The short form used in lists."""
    images = product["images"]
    return {
        "id": product["id"],
        "name": product["name"],
        "price_cents": product["price_cents"],
        "image": images[0]["url"] if images else PLACEHOLDER_IMAGE,
    }


def lead_image(images: list[dict[str, Any]]) -> str:
    """The picture shown large: the one marked as cover, else the first."""
    covers = [image for image in images if image.get("role") == "cover"]
    return (covers or images)[0]["url"]


def product_page(product: dict[str, Any]) -> dict[str, Any]:
    return {
        **product_card(product),
        "brand": product["brand"],
        "category": product["category"],
        "attributes": product["attributes"],
        "image": lead_image(product["images"]),
        "gallery": [image["url"] for image in product["images"]],
    }


def related_products(
    conn: sqlite3.Connection, product: dict[str, Any], limit: int = 4
) -> list[dict[str, Any]]:
    """Others of the same category, nearest in price first."""
    rows = conn.execute(
        "SELECT * FROM products WHERE category = ? AND id <> ?"
        " ORDER BY abs(price_cents - ?), id LIMIT ?",
        (product["category"], product["id"], product["price_cents"], limit),
    )
    return [product_card(product_from_row(row)) for row in rows]


def paginate(items: list[Any], page: str | None, size: int = 24) -> list[Any]:
    number = int(page) if page and page.isdigit() else 1
    start = (max(number, 1) - 1) * size
    return items[start:start + size]
