"""Customers, their addresses and their activity."""

from __future__ import annotations

import sqlite3
from typing import Any

COUNTRY_NAMES = {
    "DE": "Germany", "FR": "France", "IE": "Ireland", "NL": "Netherlands", "PL": "Poland",
    "GB": "United Kingdom",
}


def get_customer(conn: sqlite3.Connection, customer_id: int) -> dict[str, Any] | None:
    row = conn.execute("SELECT * FROM customers WHERE id = ?", (customer_id,)).fetchone()
    return dict(row) if row else None


def get_address(conn: sqlite3.Connection, customer_id: int) -> dict[str, Any] | None:
    row = conn.execute(
        "SELECT line1, line2, city, postcode, country FROM addresses WHERE customer_id = ?",
        (customer_id,),
    ).fetchone()
    return dict(row) if row else None


def first_name(name: str) -> str:
    return name.split()[0] if name.split() else ""


def mask_email(email: str) -> str:
    """`mia@example.com` as `m**@example.com`."""
    local, _, domain = email.partition("@")
    return local[:1] + "*" * (len(local) - 1) + "@" + domain


def profile(customer: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": customer["id"],
        "greeting": f"Hello {first_name(customer['name'])}",
        "email": mask_email(customer["email"]),
        "tier": customer["tier"],
        "joined_on": customer["joined_on"],
    }


def format_address(address: dict[str, Any]) -> list[str]:
    """The lines of an address as they are shown on the account page."""
    lines = [address["line1"]]
    if address["line2"]:
        lines.append(address["line2"])
    lines.append(f"{address['postcode'].strip().upper()} {address['city']}")
    lines.append(COUNTRY_NAMES.get(address["country"], address["country"]))
    return lines


def recent_activity(
    conn: sqlite3.Connection, customer_id: int, limit: int = 20
) -> list[dict[str, Any]]:
    rows = conn.execute(
        "SELECT kind, detail, occurred_at FROM activity WHERE customer_id = ?"
        " ORDER BY occurred_at DESC LIMIT ?",
        (customer_id, limit),
    )
    return [dict(row) for row in rows]
