from datetime import date

from shop import assistant, customers, loyalty, reports


def test_get_customer(conn):
    assert customers.get_customer(conn, 6)["email"] == "customer6@example.com"
    assert customers.get_customer(conn, 999) is None


def test_profile_hides_the_email(customer):
    shown = customers.profile(customer)
    assert shown["email"].startswith("c********@")
    assert shown["greeting"].startswith("Hello ")


def test_first_name_of_an_empty_name():
    assert customers.first_name("Mia van Dam") == "Mia"
    assert customers.first_name(" ") == ""


def test_format_address(address):
    assert customers.format_address(address) == ["3 Mill Lane", "69001 Lyon", "France"]


def test_format_address_with_a_second_line(address):
    lines = customers.format_address({**address, "line2": "Flat 2", "country": "XX"})
    assert lines[1] == "Flat 2"
    assert lines[-1] == "XX"


def test_recent_activity_is_newest_first(conn):
    activity = customers.recent_activity(conn, 6, limit=5)
    times = [row["occurred_at"] for row in activity]
    assert len(times) == 5
    assert times == sorted(times, reverse=True)


def test_tier_for_points():
    assert loyalty.tier_for_points(5000) == "gold"
    assert loyalty.tier_for_points(1600) == "silver"
    assert loyalty.tier_for_points(0) == "bronze"


def test_tier_benefits():
    assert loyalty.tier_benefits("Gold")["points_per_euro"] == 3


def test_points_for_order():
    assert loyalty.points_for_order(4250, "silver") == 84
    assert loyalty.points_for_order(4250, "staff") == 42


def test_points_to_next_tier():
    assert loyalty.points_to_next_tier(1400) == 100
    assert loyalty.points_to_next_tier(6000) is None


def test_points_expire_after_a_year():
    assert loyalty.points_expiry(date(2025, 3, 31)) == date(2026, 3, 31)


def test_points_statement(conn):
    statement = loyalty.points_statement(loyalty.points_of(conn, 6))
    assert len(statement) == 4
    assert all(entry["expires_on"] > entry["earned_on"] for entry in statement)


def test_membership(conn):
    assert loyalty.membership(conn, 6, "silver")["benefits"]["free_shipping_from"] == 3000


def test_assistant_knows_returns():
    found = assistant.answer("What is your RETURN policy?")
    assert found["intent"] == "returns"
    assert found["success"]


def test_assistant_is_unsure():
    found = assistant.answer("What is the meaning of life?")
    assert found == {"response": assistant.UNSURE, "intent": "unknown", "success": False}


def test_channel_defaults_to_web():
    assert assistant.read_channel("phone") == "phone"
    assert assistant.read_channel(None) == "web"


def test_order_value_summary():
    summary = reports.order_value_summary([1000, 3000, 2000])
    assert summary["median_cents"] == 2000
    assert summary["largest_cents"] == 3000


def test_order_totals_of_a_month(conn):
    assert reports.order_totals(conn, "2025-09")


def test_category_shares():
    assert reports.category_shares({"toys": 3, "office": 1}) == {"toys": 0.75, "office": 0.25}
    assert reports.category_shares({"toys": 0}) == {"toys": 0.0}


def test_growth():
    assert reports.growth(150, 100) == 0.5
    assert reports.growth(150, 0) is None
