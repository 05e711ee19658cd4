"""Handlers from the cart to the delivered order."""

from __future__ import annotations

import sqlite3
from datetime import datetime
from typing import Any

from shop import cart, checkout, customers, orders, payments, pricing, promotions, shipping
from shop.errors import BadRequest, NotFound
from shop.router import Request, Response


def update_cart(request: Request, conn: sqlite3.Connection) -> dict[str, Any]:
    customer_id = request.int_param("id")
    quantities = cart.read_quantities(request.fields("quantities")["quantities"])
    if request.query.get("merge"):
        quantities = cart.merge(cart.load_cart(conn, customer_id), quantities)
    quantities = cart.drop_empty_lines(quantities)
    cart.save_cart(conn, customer_id, quantities)
    return {"quantities": quantities}


def show_cart(request: Request, conn: sqlite3.Connection) -> dict[str, Any]:
    quantities = cart.load_cart(conn, request.int_param("id"))
    lines = cart.build_lines(conn, quantities)
    return {"quantities": quantities, "subtotal_cents": cart.subtotal(lines)}


def wanted_promotion(conn: sqlite3.Connection, code: str | None) -> dict[str, Any] | None:
    if not code:
        return None
    promotion = promotions.find_promotion(conn, code)
    if promotion is None:
        raise BadRequest("unknown promotion code")
    return promotion


def quote_cart(request: Request, conn: sqlite3.Connection) -> dict[str, Any]:
    body = request.fields("quantities")
    lines = cart.build_lines(conn, cart.read_quantities(body["quantities"]))
    promotion = wanted_promotion(conn, body.get("code"))
    return checkout.quote(lines, promotion, datetime.now())


def quote_shipping(request: Request, conn: sqlite3.Connection) -> dict[str, Any]:
    body = request.fields("quantities", "country")
    lines = cart.build_lines(conn, cart.read_quantities(body["quantities"]))
    return checkout.shipping_quote(lines, body["country"])


def next_slot(request: Request, conn: sqlite3.Connection) -> dict[str, Any]:
    day = request.query.get("day", "")
    slots = checkout.slots_of(conn, request.query.get("region", ""), day)
    if not slots:
        raise NotFound("no deliveries on that day")
    return {"day": day, **checkout.pick_slot(slots, request.query.get("not_before", "00:00"))}


def place_order(request: Request, conn: sqlite3.Connection) -> Response:
    body = request.fields("customer_id", "quantities")
    lines = cart.build_lines(conn, cart.read_quantities(body["quantities"]))
    promotion = wanted_promotion(conn, body.get("code"))
    placed = checkout.place_order(
        conn, body["customer_id"], lines, promotion, datetime.now(), body.get("note")
    )
    return Response(201, placed)


def show_order(request: Request, conn: sqlite3.Connection) -> dict[str, Any]:
    order = orders.get_order(conn, request.params["reference"])
    items = orders.order_items(conn, order["id"])
    return {**order, "items": items, "progress": orders.progress(order["status"])}


def cancel_order(request: Request, conn: sqlite3.Connection) -> dict[str, Any]:
    orders.cancel_order(conn, request.params["reference"])
    return {"cancelled": request.params["reference"]}


def order_label(request: Request, conn: sqlite3.Connection) -> dict[str, Any]:
    order = orders.get_order(conn, request.params["reference"])
    customer = customers.get_customer(conn, order["customer_id"])
    address = customers.get_address(conn, order["customer_id"])
    if customer is None or address is None:
        raise NotFound("the customer has no address")
    label = shipping.label_bytes(shipping.label_lines(customer["name"], address))
    return {"bytes": len(label), "label": label.hex()}


def payment_event(request: Request, conn: sqlite3.Connection) -> dict[str, Any]:
    body = request.fields("reference", "event")
    return {"state": payments.apply_event(conn, body["reference"], body["event"])}


def buy_gift_card(request: Request, conn: sqlite3.Connection) -> Response:
    body = request.fields("customer_id", "amount")
    cents = pricing.to_cents(pricing.parse_amount(body["amount"]))
    with conn:
        conn.execute(
            "INSERT INTO gift_cards (customer_id, amount_cents, message) VALUES (?, ?, ?)",
            (body["customer_id"], cents, body.get("message")),
        )
    return Response(201, {"amount": pricing.format_cents(cents)})
