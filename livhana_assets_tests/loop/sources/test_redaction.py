"""What is taken out of text, and what must stay byte for byte."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livhana_assets.loop.sources.redaction import redact_text, redact_value
from livhana_assets_tests.planted_secrets import found_again, planted_secrets

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("key sk-ant-api03-abcdefghijklmnop rejected", "key <token:29> rejected"),
        ("AKIAIOSFODNN7EXAMPLE", "<token:20>"),
        ("Authorization: Bearer abcdef0123456789abcdef", "Authorization: Bearer <token:22>"),
        ("redis://admin:s3cret@cache:6379/0", "redis://admin:<password:6>@cache:6379/0"),
        ("GET /login?user=ann&password=hunter2&next=/", "GET /login?user=ann&password=<password:7>&next=/"),
        ("DB_PASSWORD=hunter2 in env", "DB_PASSWORD=<password:7> in env"),
        ("POST /reset?new_password=hunter2", "POST /reset?new_password=<password:7>"),
        ("{'api_key': 'abc', 'n': 1}", "{'api_key': '<token:3>', 'n': 1}"),
        ('{"clientSecret": "abc def"}', '{"clientSecret": "<token:7>"}'),
        (f"bad token {JWT}", f"bad token <jwt:{len(JWT)}>"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----.", "<private-key:66>."),
        ("-----BEGIN PRIVATE KEY-----\nMIIE", "<private-key:32>"),
        ("card 4111 1111 1111 1111 declined", "card 0000 0000 0000 0000 declined"),
        ("card 378282246310005", "card 000000000000000"),
        ("Authorization: Bearer abcdefghijklmnopqrst", "Authorization: Bearer <token:20>"),
        ("authorization: basic dXNlcjpwYXNz", "authorization: basic <token:12>"),
        (f"aws_secret_access_key {'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY'}", "aws_secret_access_key <token:40>"),
        ("mysql --password hunter2hunter2hunter2", "mysql --password <password:21>"),
        ("password=abc(def", "password=<password:7>"),
        ("password=abc(def failed (again)", "password=<password:7> failed (again)"),
        ("password=abc)def&x=1", "password=<password:7>&x=1"),
        ("password=a{b}c, user", "password=<password:5>, user"),
        ("login(password=hunter2).run()", "login(password=<password:7>).run()"),
        ("postgres://u:p@ss/w@host", "postgres://u:<password:6>@host"),
        ("https://u:p@ss@host/users/@me", "https://u:<password:4>@host/users/@me"),
        ("https://u:pa/ss@host", "https://u:<password:5>@host"),
        ("ssn 123-45-6789.", "ssn 000-00-0000."),
        ("to DE89 3704 0044 0532 0130 00 AND on", "to DE00 0000 0000 0000 0000 00 AND on"),
        ("GB82WEST12345698765432", "GB00XXXX00000000000000"),
        ("userPassword2=hunter2", "userPassword2=<password:7>"),
        ("stripeKey=abc", "stripeKey=<token:3>"),
        ("bot 912345678:AAabcdefghijklmnopqrstuvwxyz0123456 said", "bot <token:45> said"),
        (
            "https://hooks.slack.com/services/T00000000/B00000000/abcdefgh",
            "https://hooks.slack.com/services/<token:28>",
        ),
        ("AccountKey=ab+/cd==;Suffix", "AccountKey=<token:8>;Suffix"),
        ("apiKey='abcdef", "apiKey='<token:6>"),
        (r"{\"password\": \"hunter2\"}", r"{\"password\": \"<password:7>\"}"),
        ("call (212) 555-0187 or +49 30 1234567", "call (555) 555-5555 or +55 55 5555555"),
    ],
)
def test_secrets_and_numbers_of_people_are_taken_out(text: str, redacted: str) -> None:
    assert redact_text(text) == redacted


@pytest.mark.parametrize(
    "text",
    [
        "order 4111111111111112 not found",
        "order-4111111111111111 not found",
        "at 1772625600000 and 1772625600123456",
        "2026-03-04T12:00:00.123+00:00 GET /products/17?sort=price",
        "KeyError: 'token'",
        "TypeError: token: expected str, got None",
        '    token = request.headers["x-token"]',
        "    password = read_password()",
        "    login(user, password=password)",
        "{'token': None}",
        "session expired; token: expired",
        "O'Brien owes 1,234.50 EUR (12 %)",
        "550e8400-e29b-41d4-a716-446655440000",
        "logo@2x.png missing; see node_modules/left-pad@1.3.0",
        "customer c-10023 at 192.168.100.200:8080",
        "basic understanding of tokens",
        "login(user, password=hash(user, salt))",
        "login(user, password=hash(user, salt(user)))",
        'token=request.headers["x-token"]',
        "tokens=512 in, tokens: 12345678",
        "sort_key=price primaryKey=17 monkey=capuchin",
        "api_key lookup_2 failed in api_key shop/cart_of_today_2.py",
        "Authorization: Bearer missing",
        "http://cache:8080/users?mail=@me and mongodb://h1:27017,h2:27017/db@x",
        "part 000-12-3456, 912-34-5678, 123-45-67890, A-123-45-6789",
        "DE89370400440532013001 and AB12CDEF34567890",
        "2026-03-04 2026-12-31T23:59:59",
        "@@ -12,7 +120,700 @@",
        "",
    ],
)
def test_what_a_crash_may_depend_on_stays_byte_for_byte(text: str) -> None:
    assert redact_text(text) == text


def test_an_address_stays_a_valid_address_and_the_same_one_the_same() -> None:
    first, again, other = (redact_text(f"to {a}") for a in ("ann@corp.example", "ann@corp.example", "bob@corp.example"))
    assert first == again != other
    assert re.fullmatch(r"to user-[0-9a-f]{8}@example\.com", first)


def test_an_address_keeps_its_plus_and_its_capitals() -> None:
    assert re.fullmatch(r"User-[0-9a-f]{8}\+tag@example\.com", redact_text("Ann+news@corp.example"))


def test_an_address_that_is_none_stays_so() -> None:
    assert redact_text("invalid address ann@corp") == "invalid address ann@corp"


def test_values_under_secret_keys_are_replaced_and_keep_their_type() -> None:
    value = {"password": "hunter2", "pin": 1234, "apiKey": None, "auth": {"user": "ann", "ok": True}, "tokens": 5}
    assert redact_value(value) == {
        "password": "<password:7>",
        "pin": 0,
        "apiKey": None,
        "auth": {"user": "<token:3>", "ok": True},
        "tokens": 5,
    }


@pytest.mark.parametrize("key", ["passwords", "userPassword2", "stripeKey", "authHeader", "api_keys", "token_2"])
def test_a_key_that_looks_secret_is_seen_in_its_usual_spellings(key: str) -> None:
    assert "hunter2" not in str(redact_value({key: ["hunter2"]}))


@pytest.mark.parametrize(
    "key", ["tokens", "primaryKey", "sort_key", "key", "author", "authors", "pin_2", "compass", "cookies"]
)
def test_an_ordinary_key_keeps_its_value(key: str) -> None:
    assert redact_value({key: "shop"}) == {key: "shop"}


def test_ordinary_values_keep_everything() -> None:
    value = {"customer_id": "c-1", "items": [{"sku": "A-1", "qty": 2, "price": 9.5}], "author": "ann", "coupon": ""}
    assert redact_value(value) == value


@given(
    st.text()
    | st.from_regex(r"(postgres|https)://\w?:[\w@/<:]{1,9}@\w{0,3}[/?]?(password=\w)?")
    | st.from_regex(r"(Authorization: Bearer|userPassword2=|api_key|--token)[ =:(\[a-c)\]1-3<]{1,20}")
    | st.from_regex(r"(password|token)[=:] ?['\"]?\w{0,9}@?\w{0,5}\.?[a-z]{0,4} ?\+?[0-9 -]{0,20}")
)
def test_redacting_twice_changes_nothing_more(text: str) -> None:
    assert redact_text(redact_text(text)) == redact_text(text)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "password", "auth"]), inner),
    max_leaves=8,
)


def shape(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: shape(member) for key, member in value.items()}
    return [shape(member) for member in value] if isinstance(value, list) else type(value)


@given(json_values)
def test_a_value_keeps_its_shape(value: Any) -> None:
    assert shape(redact_value(value)) == shape(value)


@pytest.mark.parametrize(
    "unit",
    [
        "a",
        "a.",
        "+1 ",
        "x@",
        "password=",
        "4111 ",
        "eyJ",
        "://",
        "token.",
        '"token": "',
        "ab://c:",
        "password=a(,",
        "DE89 ",
        "password=)",
    ],
)
def test_a_megabyte_of_anything_is_read_in_one_pass(unit: str) -> None:
    text = unit * (200_000 // len(unit))
    assert isinstance(redact_text(text), str)


def test_the_mark_that_a_service_logs_in_place_of_a_secret_keeps_its_type_and_length():
    logged = {"token": {"$redacted": "str", "length": 12}, "pin": {"$redacted": "int", "length": None}}
    assert redact_value(logged) == logged
    disguised = {"token": {"$redacted": "str", "length": 12, "value": "hunter2"}}
    assert "hunter2" not in str(redact_value(disguised))
    assert "hunter2" not in str(redact_value({"token": {"$redacted": "hunter2 and more"}}))


def test_of_a_thousand_planted_secrets_none_is_left() -> None:
    secrets = planted_secrets(40)
    left = [one for one in secrets if found_again([one], redact_text(f"Error: {one.text} (again)"))]
    assert len(secrets) >= 1000 and left == []
