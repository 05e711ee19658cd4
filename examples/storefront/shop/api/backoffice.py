"""Handlers for the shop's managers and for the assistant."""

from __future__ import annotations

import re
import sqlite3
import time
from typing import Any, Callable

from shop import assistant, inventory, reports
from shop.errors import BadRequest, NotFound
from shop.router import Request
from shop.trace_log import InteractionLog

MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")
Handler = Callable[[Request, sqlite3.Connection], dict[str, Any]]


def sales_report(request: Request, conn: sqlite3.Connection) -> dict[str, Any]:
    month = request.query.get("month", "")
    if not MONTH.fullmatch(month):
        raise BadRequest("month is expected as YYYY-MM")
    return {"month": month, **reports.order_value_summary(reports.order_totals(conn, month))}


def category_report(request: Request, conn: sqlite3.Connection) -> dict[str, Any]:
    return {"shares": reports.category_shares(reports.articles_sold(conn))}


def low_stock(request: Request, conn: sqlite3.Connection) -> dict[str, Any]:
    return {"articles": inventory.low_stock(conn)}


def ask_handler(log: InteractionLog) -> Handler:
    def ask(request: Request, conn: sqlite3.Connection) -> dict[str, Any]:
        started = time.perf_counter()
        query = str(request.fields("query")["query"])
        found = assistant.answer(query)
        interaction_id = log.record({
            "customer_id": request.customer_id,
            "channel": assistant.read_channel(request.body.get("channel")),
            "query": query,
            **found,
            "feedback_score": None,
            "latency_ms": round((time.perf_counter() - started) * 1000, 3),
        })
        return {"interaction_id": interaction_id, **found}

    return ask


def feedback_handler(log: InteractionLog) -> Handler:
    def feedback(request: Request, conn: sqlite3.Connection) -> dict[str, Any]:
        score = request.fields("score")["score"]
        if score not in range(1, 6):
            raise BadRequest("a score is 1 to 5")
        if not log.rate(request.params["interaction"], score):
            raise NotFound("this question can no longer be rated")
        return {"thanks": True}

    return feedback
