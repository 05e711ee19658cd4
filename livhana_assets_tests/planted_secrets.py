"""Made-up secrets and personal data of many kinds, each in a sentence as a careless service logs it. Nothing here was ever valid.

The same seed gives the same ones. Each holds a part that occurs nowhere else, so that one that comes through is told by its kind."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from string import ascii_letters, ascii_lowercase, ascii_uppercase, digits, hexdigits

WORDS = ascii_letters + digits


@dataclass(frozen=True)
class Secret:
    kind: str
    value: str
    """What must not be found again."""
    text: str
    """How it is logged."""


def _of(random: Random, alphabet: str, length: int) -> str:
    return "".join(random.choice(alphabet) for _ in range(length))


def _mixed(random: Random, length: int) -> str:
    """Letters and digits, with at least one of each, as generators of tokens give in all but rare cases."""
    return _of(random, WORDS, length - 2) + random.choice(ascii_letters) + random.choice(digits)


def _encoded(random: Random, length: int) -> str:
    return base64.urlsafe_b64encode(random.randbytes(length)).decode().rstrip("=")


def _jwt(random: Random) -> str:
    claims = json.dumps({"sub": _mixed(random, 12)}).encode()
    return f"eyJhbGciOiJIUzI1NiJ9.{base64.urlsafe_b64encode(claims).decode().rstrip('=')}.{_encoded(random, 32)}"


def _private_key(random: Random) -> str:
    lines = "\n".join(base64.b64encode(random.randbytes(48)).decode() for _ in range(4))
    return f"-----BEGIN RSA PRIVATE KEY-----\n{lines}\n-----END RSA PRIVATE KEY-----"


def _card(random: Random) -> str:
    prefix = random.choice(("4", "51", "55", "2221", "34", "37", "6011"))
    length = 15 if prefix in ("34", "37") else 16
    body = prefix + _of(random, digits, length - len(prefix) - 1)
    doubled = [int(d) * (2 if place % 2 == 0 else 1) for place, d in enumerate(reversed(body))]
    check = -sum(value - 9 if value > 9 else value for value in doubled) % 10
    return body + str(check)


def _spaced_card(random: Random) -> str:
    card = _card(random)
    return " ".join(card[at : at + 4] for at in range(0, len(card), 4))


def _iban(random: Random) -> str:
    account = _of(random, digits, 18)
    check = 98 - int(account + "131400") % 97
    return f"DE{check:02d}{account}"


def _ssn(random: Random) -> str:
    return f"{random.randint(101, 665)}-{random.randint(10, 99)}-{random.randint(1000, 9999)}"


def _phone(random: Random) -> str:
    area, exchange = (f"{random.randint(201, 989)}" for _ in range(2))
    return random.choice(("({}) {}-{}", "{}-{}-{}", "+1 {} {} {}")).format(area, exchange, _of(random, digits, 4))


def _email(random: Random) -> str:
    return (
        f"{_of(random, ascii_lowercase, 6)}.{_of(random, ascii_lowercase, 8)}@{_of(random, ascii_lowercase, 9)}.example"
    )


Made = Callable[[Random], str]
KINDS: dict[str, tuple[Made, tuple[str, ...]]] = {
    "anthropic key": (lambda r: f"sk-ant-api03-{_mixed(r, 40)}", ("key {} was refused", "ANTHROPIC_API_KEY={}")),
    "openai key": (lambda r: f"sk-proj-{_mixed(r, 40)}", ("called with {}", '{{"key": "{}"}}')),
    "stripe key": (lambda r: f"sk_live_{_mixed(r, 24)}", ("No such charge for {}", "stripe.api_key = '{}'")),
    "github token": (lambda r: f"ghp_{_mixed(r, 36)}", ("clone https://{}@github.example/x failed", "remote: {} expired")),
    "github fine-grained token": (lambda r: f"github_pat_{_mixed(r, 22)}_{_mixed(r, 40)}", ("{} lacks a scope",)),
    "gitlab token": (lambda r: f"glpat-{_mixed(r, 20)}", ("PRIVATE-TOKEN: {}", "{} was revoked")),
    "aws access key": (lambda r: f"AKIA{_of(r, ascii_uppercase + '234567', 16)}", ("InvalidAccessKeyId {}", "AWS_ACCESS_KEY_ID={}")),
    "aws secret": (lambda r: _mixed(r, 40), ("aws_secret_access_key={}", "secret_access_key: '{}'")),
    "google key": (lambda r: f"AIza{_mixed(r, 35)}", ("maps?key={}&q=x", "API key {} not valid")),
    "google access token": (lambda r: f"ya29.{_mixed(r, 60)}", ("invalid_grant {}",)),
    "slack token": (lambda r: f"xoxb-{_of(r, digits, 11)}-{_mixed(r, 24)}", ("slack said no to {}",)),
    "npm token": (lambda r: f"npm_{_mixed(r, 36)}", ("//registry.example/:_authToken={}", "{} is no token")),
    "sendgrid key": (lambda r: f"SG.{_mixed(r, 22)}.{_mixed(r, 43)}", ("mail with {} bounced",)),
    "azure storage key": (lambda r: base64.b64encode(r.randbytes(64)).decode(), ("DefaultEndpointsProtocol=https;AccountName=shop;AccountKey={};EndpointSuffix=core",)),
    "slack webhook": (lambda r: f"{_mixed(r, 24)}", ("POST https://hooks.slack.com/services/T0AB12CD3/B0EF45GH6/{} gave 403",)),
    "telegram token": (lambda r: f"{_of(r, '123456789', 10)}:AA{_mixed(r, 33)}", ("https://api.telegram.example/bot{}/sendMessage", "bot {}")),
    "hugging face token": (lambda r: f"hf_{_mixed(r, 34)}", ("{} is not authorised",)),
    "digitalocean token": (lambda r: f"dop_v1_{_of(r, '0123456789abcdef', 64)}", ("droplet refused {}",)),
    "shopify token": (lambda r: f"shpat_{_of(r, '0123456789abcdef', 32)}", ("shop said no to {}",)),
    "pypi token": (lambda r: f"pypi-AgEIcHlwaS5vcmc{_mixed(r, 60)}", ("upload with {} failed",)),
    "oauth client secret": (lambda r: f"GOCSPX-{_mixed(r, 28)}", ("invalid_client {}",)),
    "twilio key": (lambda r: f"SK{_of(r, '0123456789abcdef', 32)}", ("20003 {}",)),
    "mailgun key": (lambda r: f"key-{_of(r, '0123456789abcdef', 32)}", ("mailgun: {} forbidden",)),
    "square token": (lambda r: f"sq0atp-{_mixed(r, 22)}", ("square refused {}",)),
    "age key": (lambda r: f"AGE-SECRET-KEY-1{_of(r, 'QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L', 58)}", ("cannot decrypt with {}",)),
    "sentry address": (lambda r: _of(r, "0123456789abcdef", 32), ("https://{}@o1.ingest.sentry.example/42",)),
    "jwt": (_jwt, ("bad token {}", "Authorization: Bearer {}", "id_token={}")),
    "bearer token": (lambda r: _mixed(r, 32), ("Authorization: Bearer {}", '{{"authorization": "Bearer {}"}}')),
    "basic credentials": (lambda r: base64.b64encode(f"ann:{_mixed(r, 12)}".encode()).decode(), ("Authorization: Basic {}",)),
    "private key": (_private_key, ("could not load {}",)),
    "password in a query": (lambda r: _mixed(r, 12), ("GET /login?user=ann&password={}&next=/", "POST /reset?new_password={}")),
    "password in a body": (lambda r: _mixed(r, 14), ('{{"user": "ann", "password": "{}"}}', "{{'passwd': '{}'}}")),
    "password in an address": (lambda r: _mixed(r, 14), ("redis://admin:{}@cache:6379/0", "postgresql://shop:{}@db/shop", "https://ann:{}@shop.example/")),
    "client secret": (lambda r: _encoded(r, 24) + "1a", ("client_secret={}", '{{"clientSecret": "{}"}}')),
    "session cookie": (lambda r: _of(r, hexdigits.lower(), 32), ("session_id={}; path=/", "Cookie: sessionid={}")),
    "api key": (lambda r: _mixed(r, 28), ("x-api-key: {}", "api_key={}", "apiKey='{}'")),
    "webhook key": (lambda r: _mixed(r, 32), ("webhook_key={}", "signing_key={}", "encryption_key='{}'")),
    "card number": (_card, ("card {} declined", "charge of {} failed")),
    "card number in groups": (_spaced_card, ("my card is {}", "card: {}.")),
    "iban": (_iban, ("transfer to {} failed", "IBAN {}")),
    "social security number": (_ssn, ("ssn {}.", "customer {} not found")),
    "phone number": (_phone, ("call me at {}", "phone {} is not reachable")),
    "e-mail address": (_email, ("mail to {} bounced", "no account for {}", "user {}: not found")),
}  # fmt: skip


def planted_secrets(of_each: int = 40, seed: int = 7) -> list[Secret]:
    """`of_each` of every kind, in mixed order."""
    random = Random(seed)
    made = [_one(kind, random) for kind in KINDS for _ in range(of_each)]
    random.shuffle(made)
    return made


def _one(kind: str, random: Random) -> Secret:
    make, texts = KINDS[kind]
    value = make(random)
    return Secret(kind, value, random.choice(texts).format(value))


def found_again(secrets: list[Secret], text: str) -> dict[str, int]:
    """How many of each kind stand in a text: the value itself, or as JSON or a Markdown page spells it, or its base64 lines."""
    found: dict[str, int] = {}
    for secret in secrets:
        spelt = {
            secret.value,
            json.dumps(secret.value)[1:-1],
            secret.value.replace("_", "\\_"),
            secret.value.split("\n")[-2:][0],
        }
        if any(one in text for one in spelt):
            found[secret.kind] = found.get(secret.kind, 0) + 1
    return found
