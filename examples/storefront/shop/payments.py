"""Payment states, driven by the events the payment provider sends us."""

from __future__ import annotations

import sqlite3

from shop.errors import NotFound

TRANSITIONS = {
    "pending": {"authorised": "authorised", "declined": "declined"},
    "authorised": {"captured": "paid", "cancelled": "cancelled"},
    "paid": {"refunded": "refunded"},
}


def next_state(state: str, event: str) -> str:
    return TRANSITIONS[state][event]


def payment_state(conn: sqlite3.Connection, reference: str) -> str:
    row = conn.execute(
        "SELECT payment_state FROM orders WHERE reference = ?", (reference,)
    ).fetchone()
    if row is None:
        raise NotFound(f"no such order: {reference}")
    return row["payment_state"]


def apply_event(conn: sqlite3.Connection, reference: str, event: str) -> str:
    """Move an order's payment on by one event and return its new state."""
    state = next_state(payment_state(conn, reference), event)
    with conn:
        conn.execute(
            "UPDATE orders SET payment_state = ? WHERE reference = ?", (state, reference)
        )
    return state


def is_final(state: str) -> bool:
    return not TRANSITIONS.get(state)
