"""Shipping rates, delivery days and parcel labels."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

RATE_BANDS = [(500, 295), (2000, 495), (5000, 695), (10000, 995), (30000, 1695)]
ZONE_FACTORS = {"DE": 1.0, "NL": 1.1, "FR": 1.2, "IE": 1.5, "PL": 1.3}
TRANSIT_DAYS = {"DE": 1, "NL": 2, "FR": 3, "PL": 3, "IE": 5}
LABEL_ENCODING = "latin-1"  # the label printers know no other character set
LABEL_WIDTH = 35


def parcel_weight(lines: list[dict[str, Any]]) -> int:
    return sum(line["weight_grams"] * line["quantity"] for line in lines)


def rate_for_weight(weight_grams: int) -> int:
    """Base rate in cents of the lightest band the parcel fits into."""
    return next(rate for limit, rate in RATE_BANDS if weight_grams <= limit)


def shipping_cost(weight_grams: int, country: str) -> int:
    factor = ZONE_FACTORS.get(country, 2.0)
    return round(rate_for_weight(weight_grams) * factor)


def skip_weekend(day: date) -> date:
    while day.weekday() >= 5:
        day += timedelta(days=1)
    return day


def delivery_date(shipped: date, country: str) -> date:
    """The working day a parcel should arrive."""
    day = skip_weekend(shipped)
    for _ in range(TRANSIT_DAYS.get(country, 7)):
        day = skip_weekend(day + timedelta(days=1))
    return day


def label_lines(name: str, address: dict[str, Any]) -> list[str]:
    town = " ".join(part for part in (address["postcode"], address["city"]) if part)
    parts = [name, address["line1"], address["line2"], town, address["country"]]
    return [part[:LABEL_WIDTH] for part in parts if part]


def label_bytes(lines: list[str]) -> bytes:
    """The label in the printer's own format: lines ended by CR LF, then a form feed."""
    text = "\r\n".join(lines)
    return text.encode(LABEL_ENCODING) + b"\r\n\f"
