"""Money: amounts, volume discounts and tax. Cents are integers, rates are Decimals."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

VAT_RATES = {"DE": Decimal("0.19"), "FR": Decimal("0.20"), "IE": Decimal("0.23")}
DEFAULT_VAT = Decimal("0.21")
VOLUME_DISCOUNTS = [(50, Decimal("0.10")), (20, Decimal("0.05")), (10, Decimal("0.02"))]
CURRENCY_SIGNS = "€ "


def to_cents(amount: Decimal) -> int:
    return int((amount * 100).quantize(Decimal("1"), rounding=ROUND_HALF_UP))


def parse_amount(text: str) -> Decimal:
    """An amount as a customer types it, e.g. `25`, `25.50` or `€ 25`."""
    amount = Decimal(text.strip(CURRENCY_SIGNS))
    return amount.quantize(Decimal("0.01"))


def format_cents(cents: int) -> str:
    sign = "-" if cents < 0 else ""
    return f"{sign}€{abs(cents) // 100}.{abs(cents) % 100:02d}"


def volume_discount(quantity: int) -> Decimal:
    """The discount for a large quantity of one article."""
    for limit, rate in VOLUME_DISCOUNTS:
        if quantity >= limit:
            return rate
    return Decimal("0")


def line_total(unit_cents: int, quantity: int) -> int:
    full = Decimal(unit_cents) * quantity
    reduced = full * (1 - volume_discount(quantity))
    return int(reduced.quantize(Decimal("1"), rounding=ROUND_HALF_UP))


def percent_off(cents: int, percent: int) -> int:
    discount = Decimal(cents) * percent / 100
    return cents - int(discount.quantize(Decimal("1"), rounding=ROUND_HALF_UP))


def vat_included(cents: int, country: str) -> int:
    """The tax contained in a gross amount."""
    rate = VAT_RATES.get(country, DEFAULT_VAT)
    net = Decimal(cents) / (1 + rate)
    return cents - int(net.quantize(Decimal("1"), rounding=ROUND_HALF_UP))
