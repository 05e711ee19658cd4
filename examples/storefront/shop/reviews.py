"""Customer reviews of products."""

from __future__ import annotations

import sqlite3
from datetime import date
from typing import Any

from shop.errors import BadRequest


def reviews_of(conn: sqlite3.Connection, product_id: int) -> list[dict[str, Any]]:
    rows = conn.execute(
        "SELECT rating, text, created_on FROM reviews WHERE product_id = ?"
        " ORDER BY created_on DESC",
        (product_id,),
    )
    return [dict(row) for row in rows]


def rating_summary(ratings: list[int]) -> dict[str, Any]:
    """Average and spread of the stars, as shown above the reviews."""
    count = len(ratings)
    spread = {str(stars): ratings.count(stars) for stars in range(1, 6)}
    return {
        "count": count,
        "average": round(sum(ratings) / count, 1),
        "share_positive": round((spread["4"] + spread["5"]) / count, 2),
        "spread": spread,
    }


def excerpt(text: str | None, length: int = 80) -> str:
    if not text:
        return ""
    if len(text) <= length:
        return text
    return text[:length].rsplit(" ", 1)[0] + "…"


def review_page(conn: sqlite3.Connection, product_id: int) -> dict[str, Any]:
    reviews = reviews_of(conn, product_id)
    summary = rating_summary([review["rating"] for review in reviews])
    shown = [{**review, "text": excerpt(review["text"])} for review in reviews[:10]]
    return {"summary": summary, "reviews": shown}


def add_review(
    conn: sqlite3.Connection, product_id: int, customer_id: int, rating: int, text: str | None
) -> None:
    if rating not in range(1, 6):
        raise BadRequest("a rating is 1 to 5 stars")
    with conn:
        conn.execute(
            "INSERT INTO reviews VALUES (?, ?, ?, ?, ?)",
            (product_id, customer_id, rating, text, date.today().isoformat()),
        )
