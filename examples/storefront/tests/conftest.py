"""Fixtures are named after the parameters they are passed to."""

from __future__ import annotations

import sqlite3
from datetime import datetime

import pytest

from shop import catalogue, customers
from shop.cart import Line
from shop.db import migrate
from shop.seed import seed


@pytest.fixture(scope="session")
def seeded():
    conn = sqlite3.connect(":memory:", check_same_thread=False)
    migrate(conn)
    seed(conn, customers=20)
    yield conn
    conn.close()


@pytest.fixture
def conn(seeded):
    """A seeded database of its own for every test."""
    copy = sqlite3.connect(":memory:", isolation_level="IMMEDIATE", check_same_thread=False)
    copy.row_factory = sqlite3.Row
    seeded.backup(copy)
    yield copy
    copy.close()


@pytest.fixture
def product(conn):
    return catalogue.get_product(conn, 7)


@pytest.fixture
def customer(conn):
    return customers.get_customer(conn, 6)


@pytest.fixture
def address():
    return {"line1": "3 Mill Lane", "line2": None, "city": "Lyon", "postcode": "69001 ", "country": "FR"}


@pytest.fixture
def lines():
    return [Line("SKU-0150", 1, 1000, 200), Line("SKU-0151", 2, 500, 150)]


@pytest.fixture
def promotion():
    return {
        "code": "WELCOME10", "percent": 10, "partner": None,
        "starts_at": "2026-01-01T00:00:00", "ends_at": "2027-01-01T00:00:00",
    }


@pytest.fixture
def now():
    return datetime(2026, 6, 1, 12, 0)
