"""The database: schema migrations and one connection per thread."""

from __future__ import annotations

import sqlite3
import threading

MIGRATIONS = [
    # 1: the first shop
    """
    CREATE TABLE products (
        id INTEGER PRIMARY KEY, sku TEXT NOT NULL UNIQUE, name TEXT NOT NULL,
        category TEXT NOT NULL, brand TEXT, price_cents INTEGER NOT NULL,
        weight_grams INTEGER NOT NULL, images TEXT, attributes TEXT, created_on TEXT NOT NULL
    );
    CREATE INDEX products_by_category ON products (category);
    CREATE TABLE stock (
        sku TEXT NOT NULL, warehouse TEXT NOT NULL, quantity INTEGER NOT NULL,
        PRIMARY KEY (sku, warehouse)
    );
    CREATE TABLE customers (
        id INTEGER PRIMARY KEY, name TEXT NOT NULL, email TEXT NOT NULL,
        tier TEXT NOT NULL, joined_on TEXT NOT NULL
    );
    CREATE TABLE addresses (
        customer_id INTEGER PRIMARY KEY, line1 TEXT NOT NULL, line2 TEXT,
        city TEXT NOT NULL, postcode TEXT, country TEXT NOT NULL
    );
    CREATE TABLE orders (
        id INTEGER PRIMARY KEY, reference TEXT NOT NULL UNIQUE, customer_id INTEGER NOT NULL,
        status TEXT NOT NULL, payment_state TEXT NOT NULL, total_cents INTEGER NOT NULL,
        placed_at TEXT NOT NULL
    );
    CREATE INDEX orders_by_customer ON orders (customer_id);
    CREATE TABLE order_items (
        order_id INTEGER NOT NULL, sku TEXT NOT NULL, quantity INTEGER NOT NULL,
        unit_cents INTEGER NOT NULL
    );
    CREATE INDEX order_items_by_order ON order_items (order_id);
    """,
    # 2: reviews, loyalty and promotions
    """
    CREATE TABLE reviews (
        product_id INTEGER NOT NULL, customer_id INTEGER NOT NULL, rating INTEGER NOT NULL,
        text TEXT, created_on TEXT NOT NULL
    );
    CREATE INDEX reviews_by_product ON reviews (product_id);
    CREATE TABLE points (
        customer_id INTEGER NOT NULL, points INTEGER NOT NULL, earned_on TEXT NOT NULL
    );
    CREATE INDEX points_by_customer ON points (customer_id);
    CREATE TABLE promotions (
        code TEXT PRIMARY KEY, percent INTEGER NOT NULL, starts_at TEXT NOT NULL,
        ends_at TEXT NOT NULL, partner TEXT
    );
    """,
    # 3: orders older than two years move to an archive
    """
    CREATE TABLE order_archive (
        reference TEXT PRIMARY KEY, customer_id INTEGER NOT NULL, status TEXT NOT NULL,
        total_cents INTEGER NOT NULL, placed_at TEXT NOT NULL
    );
    CREATE INDEX order_archive_by_customer ON order_archive (customer_id);
    """,
    # 4: carts kept between visits, gift cards, delivery slots, the activity feed
    """
    CREATE TABLE carts (
        customer_id INTEGER NOT NULL, sku TEXT NOT NULL, quantity INTEGER NOT NULL,
        PRIMARY KEY (customer_id, sku)
    );
    CREATE TABLE gift_cards (
        id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL, amount_cents INTEGER NOT NULL,
        message TEXT
    );
    CREATE TABLE delivery_slots (
        id INTEGER PRIMARY KEY, region TEXT NOT NULL, day TEXT NOT NULL, starts TEXT NOT NULL,
        free INTEGER NOT NULL
    );
    CREATE INDEX delivery_slots_by_day ON delivery_slots (region, day);
    CREATE TABLE activity (
        id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL, kind TEXT NOT NULL,
        detail TEXT NOT NULL, page TEXT NOT NULL, occurred_at TEXT NOT NULL
    );
    """,
    # 5: customers may leave a note for the driver
    """
    ALTER TABLE orders ADD COLUMN delivery_note TEXT;
    """,
]


def migrate(conn: sqlite3.Connection) -> None:
    """Bring the schema up to date; does nothing on a current database."""
    version = conn.execute("PRAGMA user_version").fetchone()[0]
    for number, script in enumerate(MIGRATIONS[version:], start=version + 1):
        conn.executescript(script)
        conn.execute(f"PRAGMA user_version = {number}")


def connect(path: str) -> sqlite3.Connection:
    conn = sqlite3.connect(path, timeout=10, isolation_level="IMMEDIATE")
    conn.row_factory = sqlite3.Row
    conn.execute("PRAGMA journal_mode = WAL")
    conn.execute("PRAGMA synchronous = OFF")
    return conn


class Database:
    __slots__ = ("path", "_local")

    def __init__(self, path: str) -> None:
        self.path = path
        self._local = threading.local()

    def connection(self) -> sqlite3.Connection:
        conn = getattr(self._local, "conn", None)
        if conn is None:
            conn = self._local.conn = connect(self.path)
        return conn
