"""Handlers for looking around: products, search, reviews, availability."""

from __future__ import annotations

import sqlite3
from typing import Any

from shop import catalogue, inventory, reviews, search
from shop.errors import NotFound
from shop.router import Request, Response


def health(request: Request, conn: sqlite3.Connection) -> dict[str, Any]:
    conn.execute("SELECT 1")
    return {"status": "ok"}


def list_products(request: Request, conn: sqlite3.Connection) -> dict[str, Any]:
    products = catalogue.list_products(conn, request.query.get("category"))
    ordered = catalogue.sort_products(products, request.query.get("sort", "name"))
    page = catalogue.paginate(ordered, request.query.get("page"))
    return {"total": len(products), "products": [catalogue.product_card(p) for p in page]}


def wanted_product(request: Request, conn: sqlite3.Connection) -> dict[str, Any]:
    product = catalogue.get_product(conn, request.int_param("id"))
    if product is None:
        raise NotFound("no such product")
    return product


def show_product(request: Request, conn: sqlite3.Connection) -> dict[str, Any]:
    product = wanted_product(request, conn)
    return {
        "product": catalogue.product_page(product),
        "related": catalogue.related_products(conn, product),
    }


def show_availability(request: Request, conn: sqlite3.Connection) -> dict[str, Any]:
    product = wanted_product(request, conn)
    return inventory.availability(conn, product["sku"])


def show_reviews(request: Request, conn: sqlite3.Connection) -> dict[str, Any]:
    product = wanted_product(request, conn)
    return reviews.review_page(conn, product["id"])


def add_review(request: Request, conn: sqlite3.Connection) -> Response:
    product = wanted_product(request, conn)
    body = request.fields("customer_id", "rating")
    reviews.add_review(conn, product["id"], body["customer_id"], body["rating"], body.get("text"))
    return Response(201, {"thanks": True})


def run_search(request: Request, conn: sqlite3.Connection) -> dict[str, Any]:
    products = catalogue.list_products(conn, None)
    text = request.query.get("q", "")
    return {"results": search.search(products, text, request.query.get("price"))}


def show_facets(request: Request, conn: sqlite3.Connection) -> dict[str, Any]:
    return search.category_facets(conn, request.params["category"])


def suggest(request: Request, conn: sqlite3.Connection) -> dict[str, Any]:
    return {"suggestions": search.suggest(conn, request.query.get("q", ""))}
