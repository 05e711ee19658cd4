"""Fills an empty database with a shop's worth of data, the same on every run."""

from __future__ import annotations

import json
import random
import sqlite3
from datetime import date, timedelta
from typing import Any, Iterator

CATEGORIES = ["kitchen", "lighting", "textiles", "toys", "office"]
PRODUCTS_PER_CATEGORY = 36
GARDEN = range(181, 201)
STUDIO = range(201, 221)
VOUCHERS = range(221, 241)
NOUNS = {
    "kitchen": ["Mug", "Bowl", "Pan", "Knife", "Carafe", "Tray"],
    "lighting": ["Lamp", "Lantern", "Spot", "Pendant", "Candle", "Torch"],
    "textiles": ["Cushion", "Blanket", "Towel", "Curtain", "Rug", "Pillow"],
    "toys": ["Puzzle", "Train", "Kite", "Doll", "Blocks", "Drum"],
    "office": ["Notebook", "Pen", "Folder", "Stapler", "Desk Pad", "Clip"],
    "garden": ["Bench", "Table", "Planter", "Parasol", "Lounger"],
    "studio": ["Vase", "Print", "Sculpture", "Stool"],
    "vouchers": ["Gift Voucher"],
}
ADJECTIVES = ["Oak", "Linen", "Nordic", "Classic", "Blue", "Compact", "Soft", "Bright"]
BRANDS = ["Halden", "Morrow", "Tiller & Co", "Ostara", None]
COLOURS = ["red", "blue", "green", "white", "black"]
MATERIALS = ["wood", "steel", "cotton", "glass"]
FIRST_NAMES = ["Mia", "José", "Emma", "Noah", "Zoë", "Liam", "Anaïs", "Jonas", "Ella", "Finn"]
LAST_NAMES = ["Schmidt", "Martin", "de Vries", "Murphy", "Müller", "Bernard", "Jansen", "Byrne"]
EASTERN_NAMES = ["Łukasz Wiśniewski", "Agnieszka Dąbrowska", "Jiří Dvořák", "Ştefan Ionescu"]
CITIES = {"DE": "Leipzig", "FR": "Lyon", "NL": "Utrecht", "PL": "Gdansk", "IE": "Ennis"}
ACTIVITY_ROWS_PER_CUSTOMER = 2000
ORDERS_PER_CUSTOMER = 8


def seed(conn: sqlite3.Connection, customers: int = 400) -> None:
    """Does nothing if there are customers already."""
    if conn.execute("SELECT 1 FROM customers LIMIT 1").fetchone():
        return
    rng = random.Random(20260901)
    with conn:
        seed_products(conn, rng)
        seed_customers(conn, rng, customers)
        seed_orders(conn, rng, customers)
        seed_reviews(conn, rng, customers)
        seed_offers(conn)
        seed_slots(conn, rng)
        seed_activity(conn, customers)


def insert(conn: sqlite3.Connection, table: str, rows: list[tuple[Any, ...]]) -> None:
    marks = ", ".join("?" for _ in rows[0])
    conn.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)


def category_of(product_id: int) -> str:
    for name, ids in (("garden", GARDEN), ("studio", STUDIO), ("vouchers", VOUCHERS)):
        if product_id in ids:
            return name
    return CATEGORIES[(product_id - 1) // PRODUCTS_PER_CATEGORY]


def weight_of(rng: random.Random, category: str) -> int:
    if category == "vouchers":
        return 0
    return rng.randrange(18000, 45000) if category == "garden" else rng.randrange(100, 1800)


def images_of(product_id: int, category: str) -> list[dict[str, str]]:
    """The photographer comes once a month, so some of the studio pieces have no picture yet."""
    if category == "studio" and product_id % 2:
        return []
    roles = ["cover", "detail"] if product_id % 3 else ["detail"]
    return [{"role": role, "url": f"/img/{product_id}-{role}.jpg"} for role in roles]


def attributes_of(rng: random.Random, product_id: int, category: str) -> str | None:
    """The garden range came with a supplier's list that had no attributes for a few articles."""
    attributes = {"colour": rng.choice(COLOURS), "material": rng.choice(MATERIALS)}
    if category == "garden" and product_id % 5 == 0:
        return None
    return json.dumps({} if category == "vouchers" else attributes)


def product_row(rng: random.Random, product_id: int) -> tuple[Any, ...]:
    category = category_of(product_id)
    noun = NOUNS[category][product_id % len(NOUNS[category])]
    name = f"{rng.choice(ADJECTIVES)} {noun} {product_id}"
    created = date(2023, 1, 9) + timedelta(days=5 * product_id)
    return (
        product_id, f"SKU-{product_id:04d}", name, category, rng.choice(BRANDS),
        rng.randrange(390, 8900), weight_of(rng, category),
        json.dumps(images_of(product_id, category)),
        attributes_of(rng, product_id, category), created.isoformat(),
    )


def seed_products(conn: sqlite3.Connection, rng: random.Random) -> None:
    insert(conn, "products", [product_row(rng, number) for number in range(1, 241)])
    physical = [number for number in range(1, 241) if number not in VOUCHERS]
    stock = [(f"SKU-{number:04d}", "main", 4000 + number) for number in physical]
    outlet = [(f"SKU-{number:04d}", "outlet", number % 7) for number in physical[::3]]
    insert(conn, "stock", stock + outlet)


def customer_name(rng: random.Random, customer_id: int) -> str:
    if customer_id % 20 == 4:
        return EASTERN_NAMES[customer_id // 20 % len(EASTERN_NAMES)]
    return f"{rng.choice(FIRST_NAMES)} {rng.choice(LAST_NAMES)}"


def tier_of(rng: random.Random, customer_id: int) -> str:
    """Members of the shop we took over in 2022 kept the tier they had there."""
    return "founder" if customer_id % 20 == 2 else rng.choice(["bronze", "silver", "gold"])


def address_row(rng: random.Random, customer_id: int) -> tuple[Any, ...]:
    """In the Irish countryside many addresses have no Eircode."""
    country = "IE" if customer_id % 20 == 1 else rng.choice(["DE", "FR", "NL", "PL"])
    postcode = None if country == "IE" else f"{rng.randrange(10000, 99999)}"
    line2 = f"Flat {rng.randrange(1, 40)}" if rng.random() < 0.3 else None
    street = f"{rng.randrange(1, 120)} Mill Lane"
    return customer_id, street, line2, CITIES[country], postcode, country


def points_rows(rng: random.Random, customer_id: int) -> list[tuple[Any, ...]]:
    days = [date(2025, 1, 1) + timedelta(days=rng.randrange(500)) for _ in range(4)]
    if customer_id % 20 == 3:  # the welcome bonus of the opening week
        days.append(date(2024, 2, 29))
    return [(customer_id, rng.randrange(20, 1200), day.isoformat()) for day in days]


def seed_customers(conn: sqlite3.Connection, rng: random.Random, count: int) -> None:
    ids = range(1, count + 1)
    insert(conn, "customers", [
        (number, customer_name(rng, number), f"customer{number}@example.com",
         tier_of(rng, number), f"{2019 + number % 6}-0{1 + number % 9}-15")
        for number in ids
    ])
    insert(conn, "addresses", [address_row(rng, number) for number in ids])
    insert(conn, "points", [row for number in ids for row in points_rows(rng, number)])


def order_rows(rng: random.Random, customers: int) -> Iterator[tuple[Any, ...]]:
    for customer_id in range(1, customers + 1):
        for number in range(1, ORDERS_PER_CUSTOMER + 1):
            day = date(2024, 3, 1) + timedelta(days=110 * number + rng.randrange(90))
            status = "delivered" if number < ORDERS_PER_CUSTOMER else "shipped"
            yield (
                customer_id * 100 + number, f"C{customer_id:04d}-{number}", customer_id, status,
                "paid", rng.randrange(900, 20000), f"{day}T{rng.randrange(8, 20):02d}:15:00", None,
            )


def seed_orders(conn: sqlite3.Connection, rng: random.Random, customers: int) -> None:
    orders = list(order_rows(rng, customers))
    items = [
        (order[0], f"SKU-{rng.randrange(1, 181):04d}", rng.randrange(1, 4), 1290)
        for order in orders
        for _ in range(2)
    ]
    insert(conn, "orders", orders)
    insert(conn, "order_items", items)
    archived = [
        (f"A{number:04d}-1", number, "delivered", 2490, "2022-11-03T10:00:00")
        for number in range(1, customers + 1, 2)
    ]
    insert(conn, "order_archive", archived)


def seed_reviews(conn: sqlite3.Connection, rng: random.Random, customers: int) -> None:
    texts = ["Lovely.", "Does what it should.", None, "Arrived quickly and looks good. " * 4]
    insert(conn, "reviews", [
        (product_id, rng.randrange(1, customers + 1), rng.randrange(2, 6), rng.choice(texts),
         "2026-05-11")
        for product_id in range(1, 201)
        for _ in range(3)
    ])


def seed_offers(conn: sqlite3.Connection) -> None:
    insert(conn, "promotions", [
        ("WELCOME10", 10, "2024-01-01T00:00:00", "2036-01-01T00:00:00", None),
        ("AUTUMN15", 15, "2025-09-01T00:00:00", "2036-01-01T00:00:00", None),
        ("SPRING20", 20, "2025-03-01T00:00:00", "2025-06-01T00:00:00", None),
        ("RAILCARD5", 5, "2025-01-01T00:00:00+01:00", "2036-01-01T00:00:00+01:00", "Railways"),
        ("MUSEUM12", 12, "2025-01-01T00:00:00+00:00", "2036-01-01T00:00:00+00:00", "City Museum"),
    ])


def seed_slots(conn: sqlite3.Connection, rng: random.Random) -> None:
    """Three slots a day; the days before the holidays are booked out early."""
    rows = []
    for region in ("north", "south"):
        for day in range(1, 32):
            for starts in ("08:00", "12:00", "16:00"):
                free = 0 if day in (22, 23, 24) else rng.randrange(2, 9)
                rows.append((len(rows) + 1, region, f"2026-12-{day:02d}", starts, free))
    insert(conn, "delivery_slots", rows)


def seed_activity(conn: sqlite3.Connection, customers: int) -> None:
    """Made by the database itself: this table is far larger than the others."""
    conn.execute(
        "WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?)"
        " INSERT INTO activity (customer_id, kind, detail, page, occurred_at)"
        " SELECT 1 + (i * 37) % ?, CASE i % 3 WHEN 0 THEN 'view' WHEN 1 THEN 'search' ELSE 'cart' END,"
        " 'SKU-' || (1 + i % 240), '/products/' || (1 + i % 240) || '?utm_source=newsletter&visit=' || i,"
        " datetime(1735689600 + i * 97, 'unixepoch') FROM n",
        (customers * ACTIVITY_ROWS_PER_CUSTOMER, customers),
    )
