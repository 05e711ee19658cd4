"""Secrets and personal data out of text, with its type, format and length class kept: a test rebuilt from it still parses."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

REMEMBERED = 2048
PRIVATE_KEY = re.compile(
    r"-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY-----.*?(?:-----END [A-Z0-9 ]{0,30}PRIVATE KEY-----|\Z)", re.DOTALL
)
JWT = re.compile(r"\beyJ[\w-]{5,}\.[\w-]{5,}\.[\w-]*")
KNOWN_KEY = re.compile(
    r"\b(?:sk-(?:ant-|proj-)?[\w-]{16,}|[sprk]k_(?:live|test)_\w{10,}|gh[pousr]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}"
    r"|(?:AKIA|ASIA)[0-9A-Z]{16}|AIza[\w-]{35}|ya29\.[\w-]{20,}|xox[abprs]-[\w-]{10,}|npm_\w{30,}|SG\.[\w-]{16,}\.[\w-]{16,}"
    r"|hf_[A-Za-z0-9]{30,}|do[opr]_v1_[0-9a-f]{40,}|shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}|pypi-AgE[\w-]{40,}|GOCSPX-[\w-]{20,}"
    r"|SK[0-9a-f]{32}(?!\w)|key-[0-9a-f]{32}(?!\w)|sq0[a-z]{3}-[\w-]{20,}|AGE-SECRET-KEY-1[0-9A-Z]{50,}"
    r"|(?<=hooks\.slack\.com/services/)[\w/-]{20,}|(?<=discord\.com/api/webhooks/)[\w/-]{40,})"
)
BOT_TOKEN = re.compile(r"(?<!\d)\d{8,10}:AA[\w-]{33}(?![\w-])")
BEARER = re.compile(r"\b(bearer|basic|token)(\s+)(?=[^\s]*[\d=])([\w.~+/=-]{16,})", re.IGNORECASE)
AUTHORIZATION = re.compile(
    r"(authorization[\"']?\s?[:=]\s?[\"']?)(bearer|basic|token|digest|negotiate|apikey)(\s+)([\w.~+/=-]+)",
    re.IGNORECASE,
)
NO_PORT = r"(?!<|\d{1,5}(?:[/?#,\s\"']|\Z))"
WEB_PASSWORD = re.compile(
    rf"(\b(?:https?|wss?)://[^\s/:@]{{0,200}}:){NO_PORT}([^\s/\"'<>]{{1,200}}|[^\s@\"'<>]{{1,200}})(@)", re.IGNORECASE
)
URL_PASSWORD = re.compile(
    rf"(\b(?!(?:https?|wss?):)[a-z][a-z0-9+.-]{{1,20}}://[^\s/:@]{{0,200}}:){NO_PORT}([^\s\"'<>]{{1,200}}|[^\s/@]{{1,200}})(@)",
    re.IGNORECASE,
)
VENDOR = (
    r"stripe|aws|gcp|google|azure|github|gitlab|slack|twilio|sendgrid|mailgun|openai|anthropic|paypal|braintree|adyen|plaid|sentry"
    r"|datadog|firebase|hmac|encryption|signing|auth|master|ssh|webhook"
)
SECRET_NAME = (
    r"(?:passwords?|passwd|passphrases?|pwd|secrets?|(?:api|access|account|private|secret)[_-]?keys?|authorization|token"
    rf"|(?:{VENDOR})[_-]?keys?|auth[_-]?headers?|credentials?|cookie|session[_-]?id|cvv|cvc|ssn)(?:[_-]?\d{{1,3}})?"
)
SPACED = re.compile(
    r"((?:secret|access|private|api)[_-]key|--(?:[a-z]+-)?(?:password|token|secret|api-key))(\s+)"
    r"((?=[\w+=-]{0,99}\d)[\w+=-]{16,}|[A-Za-z0-9+/=]{32,})(?![\w./(])",
    re.IGNORECASE,
)
ASSIGNED = re.compile(
    rf"(?<!<)({SECRET_NAME})(\\{{0,4}}[\"']?)(\s?[=:]\s?)"
    r"(?:(\\{0,4}[\"'])([^\"'\n]+?)(\\{0,4}[\"']|(?=\n)|\Z)"
    r"|((?:[^\s\"'&,;()\[\]{}<])(?:[^\s\"'&,;)\]}<]|[)\]}](?=[^\s\"'&,;<.:()\[\]{}]))*+))",
    re.IGNORECASE,
)
CODE = re.compile(r"[^\W\d][\w.$]*[(\[]")
EMAIL = re.compile(r"(?<![\w.%+-])([\w.%+-]+)@((?:[\w-]+\.)+([^\W\d_]{2,}))(?![\w@])")
REDACTED_EMAIL = re.compile(r"[Uu]ser-[0-9a-f]{8}(?:\+tag)?@example\.com")
CARD = re.compile(r"(?<![\w.-])[2-6](?:[ -]?\d){12,18}(?![\w-]|\.\d)")
CARD_ISSUER = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})|5[1-5]\d{14}|2[2-7]\d{14}|3[47]\d{13}|3[068]\d{12}|35\d{14}|6(?:011|5\d\d)\d{12}"
)
PHONE = re.compile(
    r"(?<![\w.+-])(?:\+\d{1,3}(?:[ .-]?\(?\d{1,4}\)?){2,6}|(?:\(\d{3}\) ?|\d{3}[ .-])\d{3}[ .-]\d{4})(?![\w-]|\.\d)"
)
FILE_ENDINGS = frozenset(("png", "jpg", "jpeg", "gif", "svg", "webp", "js", "mjs", "ts", "css", "py"))
NO_SECRETS = frozenset(("none", "null", "undefined", "true", "false", "required", "missing", "invalid", "expired"))
SSN = re.compile(r"(?<![\w.-])(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\w-]|\.\d)")
IBAN_LENGTHS = {
    15: "NO", 16: "BE", 18: "DK FI NL", 19: "MK SI", 20: "AT EE KZ LT LU", 21: "CH HR LI LV", 22: "BG DE GB GE IE ME RS",
    23: "AE GI IL", 24: "AD CZ ES MD PK RO SA SE SK TN", 25: "PT", 26: "IS TR", 27: "FR GR IT MC SM", 28: "AL CY HU LB PL",
    29: "BR UA",
}  # fmt: skip
IBAN = re.compile(
    r"(?<![\w-])(?:"
    + "|".join(rf"(?:{'|'.join(c.split())})\d\d(?: ?[A-Z0-9]){{{size - 4}}}" for size, c in IBAN_LENGTHS.items())
    + r")(?![\w-])"
)
SECRET_KEY = re.compile(rf"(?:^|[_.-])(?:{SECRET_NAME}|auth|pin)$", re.IGNORECASE)
CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def redact_text(text: str) -> str:
    """The text without secrets, e-mail addresses, card and phone numbers; everything else byte for byte. Idempotent."""
    return _redacted_before(text) if len(text) <= REMEMBERED else _redacted(text)


def _redacted(text: str) -> str:
    for pattern, replacement in REPLACEMENTS:
        text = pattern.sub(replacement, text)
    return text


@lru_cache(maxsize=4096)
def _redacted_before(text: str) -> str:
    """The locals of a trace's frames hold the same few texts thousands of times."""
    return _redacted(text)


def redact_value(value: Any) -> Any:
    """A JSON value of the same shape, its strings redacted; strings under keys that look secret become placeholders."""
    if isinstance(value, str):
        return redact_text(value)
    if isinstance(value, dict):
        return {redact_text(str(key)): _redact_member(str(key), member) for key, member in value.items()}
    if isinstance(value, list):
        return [redact_value(member) for member in value]
    return value


@lru_cache(maxsize=4096)
def looks_secret(key: str) -> bool:
    return bool(SECRET_KEY.search(CAMEL.sub("_", key)))


def _redact_member(key: str, member: Any) -> Any:
    return _placeheld(member, _kind(key)) if looks_secret(key) else redact_value(member)


def _placeheld(value: Any, kind: str) -> Any:
    if isinstance(value, str):
        return value if value.startswith("<") or not value else f"<{kind}:{len(value)}>"
    if isinstance(value, dict):
        if _is_mark(value):
            return value
        return {key: _placeheld(member, kind) for key, member in value.items()}
    if isinstance(value, list):
        return [_placeheld(member, kind) for member in value]
    return value if value is None or isinstance(value, bool) else 0


def _is_mark(value: dict[str, Any]) -> bool:
    """What a service logs in place of a secret: `{"$redacted": "str", "length": 12}`, a type's name and a length."""
    kind, length = value.get("$redacted"), value.get("length")
    named = isinstance(kind, str) and kind.isidentifier() and len(kind) <= 20
    return named and set(value) <= {"$redacted", "length"} and (length is None or isinstance(length, int))


def _kind(name: str) -> str:
    return "password" if re.search(r"pass|pwd|pin$", name, re.IGNORECASE) else "token"


def _bearer(found: re.Match[str]) -> str:
    return f"{found[1]}{found[2]}<token:{len(found[3])}>"


def _authorization(found: re.Match[str]) -> str:
    if found[4].lower() in NO_SECRETS:
        return found[0]
    return f"{found[1]}{found[2]}{found[3]}<token:{len(found[4])}>"


def _spaced(found: re.Match[str]) -> str:
    return f"{found[1]}{found[2]}<{_kind(found[1])}:{len(found[3])}>"


def _url_password(found: re.Match[str]) -> str:
    return f"{found[1]}<password:{len(found[2])}>{found[3]}"


def _assigned(found: re.Match[str]) -> str:
    """`key=value` and `"key": "value"`; code such as `token = read()` and prose such as `token: expired` stay."""
    name, quote, sign, opening, quoted, closing, bare = found.groups()
    value = quoted or bare
    if value.startswith("<") or value.lower() in NO_SECRETS or value.lower().endswith(name.lower()):
        return found[0]
    if bare and ((sign != "=" and not _looks_random(bare)) or _is_code(found)):
        return found[0]
    return f"{name}{quote}{sign}{opening or ''}<{_kind(name)}:{len(value)}>{closing or ''}"


def _is_code(found: re.Match[str]) -> bool:
    """`read(`, `headers["x"]`: a name and a bracket that is closed later in the line, or on another line."""
    value, rest = found[7], found.string[found.end() : found.end() + 200].partition("\n")[0]
    opening = CODE.match(value)
    if not opening or ")" in value or "]" in value:
        return False
    return opening.end() == len(value) or _closes(value[opening.end() :] + rest)


def _closes(text: str) -> bool:
    """Whether a bracket that was opened before the text is closed in it."""
    depth = 1
    for character in text:
        depth += (character in "([") - (character in ")]")
        if depth == 0:
            return True
    return False


def _looks_random(value: str) -> bool:
    return len(value) >= 6 and any(character.isdigit() or character == "@" for character in value)


def _email(found: re.Match[str]) -> str:
    """Another valid address, the same for the same one, with its `+` and capitals: crashes depend on those."""
    if REDACTED_EMAIL.fullmatch(found[0]) or found[3].lower() in FILE_ENDINGS:
        return found[0]
    user = "User" if found[1] != found[1].lower() else "user"
    tag = "+tag" if "+" in found[1] else ""
    return f"{user}-{hashlib.sha256(found[0].encode()).hexdigest()[:8]}{tag}@example.com"


def _ssn(found: re.Match[str]) -> str:
    return "000-00-0000"


def _iban(found: re.Match[str]) -> str:
    """The country, the groups, and which are digits stay."""
    number = found[0].replace(" ", "")
    if int("".join(str(int(character, 36)) for character in number[4:] + number[:4])) % 97 != 1:
        return found[0]
    return found[0][:2] + re.sub(r"[A-Z]", "X", re.sub(r"\d", "0", found[0][2:]))


def _card(found: re.Match[str]) -> str:
    digits = re.sub(r"\D", "", found[0])
    return re.sub(r"\d", "0", found[0]) if CARD_ISSUER.fullmatch(digits) and _luhn(digits) else found[0]


def _luhn(digits: str) -> bool:
    doubled = [int(digit) * (2 if place % 2 else 1) for place, digit in enumerate(reversed(digits))]
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0


def _phone(found: re.Match[str]) -> str:
    digits = sum(character.isdigit() for character in found[0])
    return re.sub(r"\d", "5", found[0]) if 10 <= digits <= 15 else found[0]


def _sized(kind: str) -> Callable[[re.Match[str]], str]:
    return lambda found: f"<{kind}:{len(found[0])}>"


REPLACEMENTS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...] = (
    (PRIVATE_KEY, _sized("private-key")),
    (JWT, _sized("jwt")),
    (KNOWN_KEY, _sized("token")),
    (BOT_TOKEN, _sized("token")),
    (AUTHORIZATION, _authorization),
    (BEARER, _bearer),
    (SPACED, _spaced),
    (WEB_PASSWORD, _url_password),
    (URL_PASSWORD, _url_password),
    (ASSIGNED, _assigned),
    (EMAIL, _email),
    (IBAN, _iban),
    (SSN, _ssn),
    (CARD, _card),
    (PHONE, _phone),
)
