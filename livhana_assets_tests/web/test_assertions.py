"""A proxy's signed assertion: the right one lets its person in, and every other text lets nobody in, whatever else the request says."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from livhana_assets.adapters.signed_assertions import (
    AGAIN_SECONDS,
    FRESH_SECONDS,
    LONGEST_KEYS,
    STALE_SECONDS,
    BadKeys,
    KeySet,
    SignedAssertions,
)
from livhana_assets.web.entrance import Proxy
from livhana_assets_tests.web.test_guard import NOW, Door

HEADER, PLAIN = "X-Goog-IAP-JWT-Assertion", "X-Goog-Authenticated-User-Email"
AUDIENCE, ISSUER = "/projects/1/global/backendServices/2", "https://cloud.google.com/iap"
ROLES = {"ada@example.org": "reviewer"}
EC, RSA, OTHER = ec.generate_private_key(ec.SECP256R1()), rsa.generate_private_key(65537, 2048), ec.generate_private_key(ec.SECP256R1())  # fmt: skip
PEM = EC.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
GOOD: Mapping[str, Any] = {
    "iss": ISSUER, "aud": AUDIENCE, "email": "ada@example.org", "sub": "accounts.google.com:1",
    "iat": NOW.timestamp() - 10, "exp": NOW.timestamp() + 590,
}  # fmt: skip


def jwks(*more: Mapping[str, Any]) -> str:
    keys = [
        {**ECAlgorithm.to_jwk(EC.public_key(), as_dict=True), "kid": "ec", "use": "sig"},
        {**RSAAlgorithm.to_jwk(RSA.public_key(), as_dict=True), "kid": "rsa"},
    ]
    return json.dumps({"keys": [*keys, *more]})


def signed(key: Any = EC, algorithm: str = "ES256", kid: str = "ec", **changes: Any) -> str:
    claims = {name: value for name, value in {**GOOD, **changes}.items() if value is not None}
    return jwt.encode(claims, key, algorithm=algorithm, headers={"kid": kid})


def hs256(secret: bytes, kid: str = "ec") -> str:
    """As an attacker makes it who takes the public key for a secret; the library refuses to, so it is made by hand."""

    def part(value: bytes) -> str:
        return base64.urlsafe_b64encode(value).decode().rstrip("=")

    head = part(json.dumps({"alg": "HS256", "typ": "JWT", "kid": kid}).encode())
    text = f"{head}.{part(json.dumps(dict(GOOD)).encode())}"
    return f"{text}.{part(hmac.new(secret, text.encode(), hashlib.sha256).digest())}"


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    file = tmp_path / "jwks.json"
    file.write_text(jwks())
    return file


def door_behind(folder: Path, keys: Path, *, addresses: tuple[str, ...] = (), peer: str = "35.191.0.9") -> Door:
    proxy = Proxy(HEADER, addresses, ROLES, SignedAssertions(KeySet(str(keys)), AUDIENCE, ISSUER))
    return Door(folder, proxy, peer=peer)


@pytest.mark.parametrize(("key", "algorithm", "kid"), [(EC, "ES256", "ec"), (RSA, "RS256", "rsa")])
def test_whom_a_valid_assertion_names_comes_in_with_the_role_of_that_name(
    tmp_path: Path, keys: Path, key: Any, algorithm: str, kid: str
) -> None:
    door = door_behind(tmp_path, keys)
    assert door.client().get("/runs", headers={HEADER: signed(key, algorithm, kid)}).status_code == 200
    unknown = signed(key, algorithm, kid, email="eve@example.org")
    assert door.client().get("/runs", headers={HEADER: unknown}).status_code == 401


BAD = {
    "another audience": signed(aud="/projects/1/global/backendServices/3"),
    "no audience": signed(aud=None),
    "another issuer": signed(iss="https://evil.example"),
    "expired": signed(exp=NOW.timestamp() - 60),
    "without an end": signed(exp=None),
    "issued in the future": signed(iat=NOW.timestamp() + 300),
    "without a beginning": signed(iat=None),
    "not yet valid": signed(nbf=NOW.timestamp() + 300),
    "a signature that was changed": signed()[:-4] + "AAAA",
    "another key": signed(OTHER),
    "a key that is not listed": signed(OTHER, kid="other"),
    "no name of a key": jwt.encode(dict(GOOD), EC, algorithm="ES256"),
    "no signature at all": jwt.encode(dict(GOOD), None, algorithm="none", headers={"kid": "ec"}),
    "the public key as a secret": hs256(PEM),
    "an empty secret": hs256(b""),
    "another key's algorithm": signed(RSA, "RS256", "ec"),
    "a longer hash": signed(RSA, "RS512", "rsa"),
    "nobody": signed(email=None),
    "a name that is a list": signed(email=["ada@example.org"]),
    "an address that is not verified": signed(email_verified=False),
    "no token": "ada@example.org",
    "an endless one": "a" * 20_000,
    "nothing": "",
}


@pytest.mark.parametrize("text", BAD.values(), ids=BAD)
def test_every_other_assertion_lets_nobody_in_whatever_the_plain_header_says(
    tmp_path: Path, keys: Path, text: str
) -> None:
    door = door_behind(tmp_path, keys)
    shown = {HEADER: text, PLAIN: "ada@example.org", "X-Forwarded-Email": "ada@example.org"}
    assert door.client().get("/runs", headers=shown).status_code == 401
    assert not door.dagster.reached


def test_without_an_assertion_the_plain_header_is_not_believed(tmp_path: Path, keys: Path) -> None:
    door = door_behind(tmp_path, keys, addresses=("35.191.0.0/16",))
    assert door.client().get("/runs", headers={PLAIN: "ada@example.org"}).status_code == 401


def test_two_assertions_in_one_request_are_none(tmp_path: Path, keys: Path) -> None:
    door = door_behind(tmp_path, keys)
    twice = [(HEADER, signed()), (HEADER, signed())]
    assert door.client().get("/runs", headers=twice).status_code == 401


def test_where_the_proxys_addresses_are_named_a_copied_assertion_from_elsewhere_opens_nothing(
    tmp_path: Path, keys: Path
) -> None:
    elsewhere = door_behind(tmp_path / "a", keys, addresses=("35.191.0.0/16",), peer="192.168.1.9")
    assert elsewhere.client().get("/runs", headers={HEADER: signed()}).status_code == 401
    there = door_behind(tmp_path / "b", keys, addresses=("35.191.0.0/16",))
    assert there.client().get("/runs", headers={HEADER: signed()}).status_code == 200


def test_a_secret_in_the_list_of_keys_signs_nothing(tmp_path: Path, keys: Path) -> None:
    keys.write_text(jwks({"kty": "oct", "k": "c2VjcmV0", "kid": "secret", "alg": "HS256"}))
    door = door_behind(tmp_path, keys)
    assert door.client().get("/runs", headers={HEADER: hs256(b"secret", "secret")}).status_code == 401


def test_keys_that_are_changed_or_broken_count_at_once(tmp_path: Path, keys: Path) -> None:
    door = door_behind(tmp_path, keys)
    assert door.client().get("/runs", headers={HEADER: signed(OTHER, kid="new")}).status_code == 401
    keys.write_text(jwks({**ECAlgorithm.to_jwk(OTHER.public_key(), as_dict=True), "kid": "new"}))
    assert door.client().get("/runs", headers={HEADER: signed(OTHER, kid="new")}).status_code == 200
    keys.write_text("no JSON any more")
    assert door.client().get("/runs", headers={HEADER: signed()}).status_code == 401


# --- keys behind an address ------------------------------------------------------------------------------------------


@dataclass
class Issuer:
    """A server with the issuer's keys."""

    text: str = field(default_factory=jwks)
    status: int = 200
    asked: int = 0
    url: str = ""


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    issuer = Issuer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            issuer.asked += 1
            self.send_response(issuer.status)
            self.end_headers()
            self.wfile.write(issuer.text.encode())

        def log_message(self, *_: Any) -> None:
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        issuer.url = f"http://127.0.0.1:{server.server_port}/jwks"
        yield issuer
        server.shutdown()


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_keys_are_fetched_once_an_hour_and_a_new_one_is_looked_for_once_a_minute(issuer: Issuer) -> None:
    clock = Clock()
    keys = KeySet(issuer.url, clock)
    assert keys.key("ec") is not None and keys.key("rsa") is not None and issuer.asked == 1
    issuer.text = jwks({**ECAlgorithm.to_jwk(OTHER.public_key(), as_dict=True), "kid": "new"})
    assert keys.key("new") is None and issuer.asked == 1
    clock.now += AGAIN_SECONDS + 1
    assert keys.key("new") is not None and keys.key("forged") is None and issuer.asked == 2
    clock.now += FRESH_SECONDS + 1
    assert keys.key("ec") is not None and issuer.asked == 3


def test_while_the_issuer_does_not_answer_its_keys_hold_for_a_day_and_no_longer(issuer: Issuer) -> None:
    clock = Clock()
    keys = KeySet(issuer.url, clock)
    assert keys.key("ec") is not None
    issuer.status = 503
    clock.now += STALE_SECONDS - 10
    assert keys.key("ec") is not None
    clock.now += 20
    assert keys.key("ec") is None


def test_an_endless_list_of_keys_is_no_list(issuer: Issuer) -> None:
    issuer.text = jwks() + " " * LONGEST_KEYS
    assert KeySet(issuer.url, Clock()).key("ec") is None


@pytest.mark.parametrize("source", ["http://keys.example.org/jwks", "ftp://127.0.0.1/x", "http://127.0.0.1.evil.example/", "nowhere.json"])  # fmt: skip
def test_keys_come_from_a_file_or_over_https(source: str) -> None:
    with pytest.raises(BadKeys):
        KeySet(source)


def test_a_text_of_another_time_is_judged_by_the_time_that_it_is(keys: Path) -> None:
    judge = SignedAssertions(KeySet(str(keys)), AUDIENCE, ISSUER)
    assert judge.identity(signed(), now=NOW) == "ada@example.org"
    assert judge.identity(signed(), now=NOW + timedelta(hours=1)) is None
