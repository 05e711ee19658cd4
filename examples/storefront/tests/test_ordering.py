from datetime import date
from decimal import Decimal

import pytest

from shop import cart, checkout, inventory, orders, payments, pricing, promotions, shipping
from shop.errors import BadRequest, Conflict, NotFound


def test_parse_amount():
    assert pricing.parse_amount("€ 25") == Decimal("25.00")
    assert pricing.to_cents(pricing.parse_amount(" 12.50 ")) == 1250


def test_format_cents():
    assert pricing.format_cents(1205) == "€12.05"
    assert pricing.format_cents(-5) == "-€0.05"


def test_volume_discount():
    assert pricing.volume_discount(9) == 0
    assert pricing.line_total(100, 20) == 1900


def test_vat_included():
    assert pricing.vat_included(11900, "DE") == 1900
    assert pricing.vat_included(12100, "NL") == 2100


def test_read_quantities():
    assert cart.read_quantities({"sku-0001": "2", "SKU-0002": 500}) == {"SKU-0001": 2, "SKU-0002": 99}
    with pytest.raises(BadRequest):
        cart.read_quantities({"SKU-0001": "two"})


def test_save_and_load_cart(conn):
    cart.save_cart(conn, 6, {"SKU-0002": 1, "SKU-0001": 3})
    assert cart.load_cart(conn, 6) == {"SKU-0001": 3, "SKU-0002": 1}


def test_nothing_to_drop():
    assert cart.drop_empty_lines({"SKU-0001": 2}) == {"SKU-0001": 2}


def test_merge_carts():
    assert cart.merge({"A": 98, "B": 1}, {"A": 5, "C": 2}) == {"A": 99, "B": 1, "C": 2}


def test_build_lines_leaves_out_unknown_articles(conn):
    lines = cart.build_lines(conn, {"SKU-0001": 2, "SKU-9999": 1})
    assert [line.sku for line in lines] == ["SKU-0001"]


def test_skus_of(lines):
    assert cart.skus_of(lines) == ["SKU-0150", "SKU-0151", "SKU-0151"]


def test_find_promotion(conn):
    assert promotions.find_promotion(conn, " welcome 10")["percent"] == 10
    assert promotions.find_promotion(conn, "NOPE") is None


def test_promotion_period(promotion, now):
    assert promotions.is_active(promotion, now)
    assert not promotions.is_active(promotion, now.replace(year=2028))


def test_discounted(promotion, now):
    assert promotions.discounted(2000, promotion, now) == 1800
    assert promotions.discounted(2000, None, now) == 2000


def test_bundles():
    skus = ["SKU-0150", "SKU-0151", "SKU-0151", "SKU-0003"]
    assert promotions.apply_bundles(skus, promotions.BUNDLES) == (["Desk starter"], 450)


def test_breakfast_bundle():
    skus = ["SKU-0011", "SKU-0012", "SKU-0011"]
    assert promotions.apply_bundles(skus, promotions.BUNDLES) == (["Breakfast for two"], 600)


def test_describe(promotion):
    assert promotions.describe(promotion) == "10 % off"
    assert promotions.describe({**promotion, "partner": "Railways"}) == "10 % off with Railways"


def test_quote(lines, promotion, now):
    quoted = checkout.quote(lines, promotion, now)
    assert quoted["subtotal_cents"] == 2000
    assert quoted["total_cents"] == 1395
    assert quoted["bundles"] == ["Desk starter"]


def test_shipping_quote(lines):
    assert checkout.shipping_quote(lines, "DE") == {"weight_grams": 500, "cost_cents": 295}


def test_shipping_cost_abroad():
    assert shipping.shipping_cost(1500, "FR") == 594
    assert shipping.shipping_cost(1500, "JP") == 990


def test_delivery_date_skips_the_weekend():
    assert shipping.delivery_date(date(2026, 11, 27), "DE") == date(2026, 11, 30)
    assert shipping.delivery_date(date(2026, 11, 28), "NL") == date(2026, 12, 2)


def test_label(address):
    label = shipping.label_bytes(shipping.label_lines("Zoë Müller", address))
    assert label.startswith("Zoë Müller\r\n3 Mill Lane".encode("latin-1"))
    assert label.endswith(b"FR\r\n\f")


def test_pick_slot():
    slots = [{"id": 1, "starts": "08:00", "free": 0}, {"id": 2, "starts": "12:00", "free": 3}]
    assert checkout.pick_slot(slots, "00:00") == {"slot": 2, "starts": "12:00"}


def test_slots_of_a_day(conn):
    assert len(checkout.slots_of(conn, "north", "2026-12-03")) == 3


def test_stock_level(conn):
    assert inventory.stock_level(conn, "SKU-0001") == 4001
    assert inventory.total_stock(conn, "SKU-9999") == 0


def test_availability(conn):
    assert inventory.availability(conn, "SKU-0004")["text"] == "in stock"
    assert inventory.availability_text(2) == "only 2 left"
    assert inventory.availability_text(0) == "sold out"


def test_reserve(conn):
    inventory.reserve(conn, "SKU-0001", 4000)
    assert inventory.low_stock(conn)[0] == {"sku": "SKU-0001", "quantity": 1}
    with pytest.raises(Conflict):
        inventory.reserve(conn, "SKU-0001", 2)


def test_place_order(conn, lines, now):
    placed = checkout.place_order(conn, 6, lines, None, now, "Ring twice")
    order = orders.get_order(conn, placed["reference"])
    assert placed["reference"] == "C0006-9"
    assert order["delivery_note"] == "Ring twice"
    assert len(orders.order_items(conn, order["id"])) == 2


def test_an_empty_cart_is_no_order(conn, now):
    with pytest.raises(BadRequest):
        checkout.place_order(conn, 6, [], None, now)


def test_cancel_order(conn, lines, now):
    reference = checkout.place_order(conn, 6, lines, None, now)["reference"]
    orders.cancel_order(conn, reference)
    with pytest.raises(NotFound):
        orders.get_order(conn, reference)


def test_a_shipped_order_cannot_be_cancelled(conn):
    with pytest.raises(Conflict):
        orders.cancel_order(conn, "C0006-8")


def test_orders_of(conn):
    listed = orders.orders_of(conn, 6)
    assert len(listed) == 8
    assert all(len(order["items"]) == 2 for order in listed)


def test_progress():
    assert orders.progress("shipped")["step"] == 3
    assert orders.progress("lost")["step"] == 0


def test_payment_states():
    assert payments.next_state("pending", "authorised") == "authorised"
    assert payments.next_state("authorised", "captured") == "paid"
    assert payments.is_final("refunded")
    assert not payments.is_final("pending")


def test_apply_payment_event(conn, lines, now):
    reference = checkout.place_order(conn, 6, lines, None, now)["reference"]
    assert payments.apply_event(conn, reference, "authorised") == "authorised"
    assert payments.payment_state(conn, reference) == "authorised"


def test_payment_of_an_unknown_order(conn):
    with pytest.raises(NotFound):
        payments.apply_event(conn, "C9999-1", "authorised")
