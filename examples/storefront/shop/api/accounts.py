"""Handlers for a customer's account."""

from __future__ import annotations

import sqlite3
from typing import Any

from shop import customers, loyalty, orders
from shop.errors import NotFound
from shop.router import Request


def wanted_customer(request: Request, conn: sqlite3.Connection) -> dict[str, Any]:
    customer = customers.get_customer(conn, request.int_param("id"))
    if customer is None:
        raise NotFound("no such customer")
    return customer


def show_customer(request: Request, conn: sqlite3.Connection) -> dict[str, Any]:
    return customers.profile(wanted_customer(request, conn))


def show_address(request: Request, conn: sqlite3.Connection) -> dict[str, Any]:
    customer = wanted_customer(request, conn)
    address = customers.get_address(conn, customer["id"])
    return {"lines": customers.format_address(address) if address else []}


def show_activity(request: Request, conn: sqlite3.Connection) -> dict[str, Any]:
    customer = wanted_customer(request, conn)
    return {"activity": customers.recent_activity(conn, customer["id"])}


def show_loyalty(request: Request, conn: sqlite3.Connection) -> dict[str, Any]:
    customer = wanted_customer(request, conn)
    return loyalty.membership(conn, customer["id"], customer["tier"])


def show_points(request: Request, conn: sqlite3.Connection) -> dict[str, Any]:
    customer = wanted_customer(request, conn)
    entries = loyalty.points_of(conn, customer["id"])
    return {"entries": loyalty.points_statement(entries)}


def list_orders(request: Request, conn: sqlite3.Connection) -> dict[str, Any]:
    customer = wanted_customer(request, conn)
    answer = {"orders": orders.orders_of(conn, customer["id"])}
    if request.query.get("include") == "archived":
        answer["archived"] = orders.archived_orders(conn, customer["id"])
    return answer
