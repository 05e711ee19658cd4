"""What can befall a call to a model, and what each means: whether to try again, whether it may have cost something, what to tell."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Literal

Kind = Literal[
    "refusal", "max_tokens", "context", "unknown_stop", "cut", "stalled", "status", "rate_limited", "spend_limit",
    "malformed", "invalid", "budget", "unknown_model", "credentials", "paused",
]  # fmt: skip
LONGEST_QUOTE = 200


class ModelFailed(Exception):
    """A call ended without an answer. The message is one sentence that says what to do; nothing of an answer is kept."""

    def __init__(self, kind: Kind, message: str, *, request_ids: tuple[str, ...] = (), micro_dollars: int = 0) -> None:
        """`micro_dollars` is what the call's attempts cost, or may have cost."""
        super().__init__(message)
        self.kind: Kind = kind
        self.request_ids, self.micro_dollars = request_ids, micro_dollars


@dataclass(eq=False)
class Failure(Exception):
    """How one attempt ended without a whole message."""

    kind: Kind
    why: str
    again: bool = False
    """Whether the same request may go through later."""
    carried_out: bool = True
    """Whether it may have been, and so may be billed."""
    wait: float | None = None
    """Seconds that the API asks to wait."""
    request_id: str = ""


UNSENT = ("ConnectError", "ConnectTimeout", "PoolTimeout", "ProxyError", "UnsupportedProtocol", "LocalProtocolError")
"""httpx2's errors before a request is on the wire."""
PASSING = ("overloaded_error", "api_error", "timeout_error", "rate_limit_error")
"""Types of an error in the midst of a stream that another attempt may not meet."""
SPENT = ("spend_limit", "ramp_limit", "credit", "billing")


def failure_of(error: Exception) -> Failure:
    """What an exception of the SDK, of its HTTP library or of their parsers means."""
    import anthropic
    import httpx2

    if isinstance(error, Failure):
        return error
    if isinstance(error, anthropic.APIStatusError):
        return _of_status(error)
    if isinstance(error, anthropic.APIConnectionError | httpx2.HTTPError | httpx2.InvalidURL):
        return _of_connection(error)
    if isinstance(error, UnicodeEncodeError):
        return Failure("malformed", "the request holds half a character", carried_out=False)
    if isinstance(error, anthropic.CredentialsError) or type(error).__module__.startswith("google.auth"):
        return Failure("credentials", _quoted(error), carried_out=False)
    return Failure("malformed", f"the answer is no message ({type(error).__name__})", again=True)


def _of_connection(error: Exception) -> Failure:
    cause = error.__cause__ or error
    names = {kind.__name__ for kind in type(cause).__mro__}
    if names & set(UNSENT):
        return Failure("cut", f"no connection ({type(cause).__name__})", again=True, carried_out=False)
    if "TimeoutException" in names or "TimeoutError" in names:
        return Failure("stalled", "the answer stopped coming", again=True)
    return Failure("cut", f"the connection broke ({type(cause).__name__})", again=True)


def _of_status(error: Any) -> Failure:
    said = _quoted(error.api_message or error)
    status, code = error.status_code, " ".join(str(part) for part in (error.error_code, error.type) if part)
    if status < 400:
        return Failure(
            "status", f"{error.type}: {said}", again=error.type in PASSING, request_id=error.request_id or ""
        )
    kind, again, carried_out = _judged(status, code, said)
    again = again and error.response.headers.get("x-should-retry") != "false"
    wait = wait_asked(error.response.headers, datetime.now(UTC))
    return Failure(kind, f"{status} {said}", again, carried_out, wait, error.request_id or "")


def _judged(status: int, code: str, said: str) -> tuple[Kind, bool, bool]:
    """Kind, whether to try again, whether it may have been carried out: a request that was refused was not."""
    if status == 402 or any(word in code for word in SPENT):
        return "spend_limit", False, False
    if status in (401, 403):
        return "credentials", False, False
    if status == 404:
        return "unknown_model", False, False
    if status == 413 or (status == 400 and "too long" in said):
        return "context", False, False
    if status == 429:
        return "rate_limited", True, False
    if status in (409, 529):
        return "status", True, False
    return "status", status == 408 or status >= 500, status == 408 or status >= 500


def wait_asked(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds that `Retry-After` asks for, as a number or a date; None where it asks for nothing that can be read."""
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    asked = headers.get("retry-after")
    seconds = _number(asked)
    if seconds is not None or not asked:
        return seconds
    with contextlib.suppress(ValueError, TypeError):
        return max(0.0, (parsedate_to_datetime(asked) - now).total_seconds())
    return None


def _number(text: str | None) -> float | None:
    with contextlib.suppress(ValueError):
        number = float(text or "")
        return None if math.isnan(number) else max(0.0, number)
    return None


def _quoted(said: object) -> str:
    return " ".join(str(said).split())[:LONGEST_QUOTE]


TOLD: Mapping[Kind, str] = {
    "refusal": "{model} refused to answer ({why}): look at the evidence yourself, or name another model.",
    "max_tokens": "{model} did not come to an end within {tokens:,} tokens: nothing of it is used; narrow what is asked for.",
    "context": "The request is too long for {model} ({why}): narrow what is asked for.",
    "unknown_stop": "{model} stopped for a reason that is not known here ({why}): nothing of it is used; update Liv Hana.",
    "cut": "The connection to {model} failed ({why}): look at the network and https://status.claude.com, and repeat it.",
    "stalled": "{model} did not finish within {seconds:g} seconds ({why}): repeat it later.",
    "status": "{model} could not be asked ({why}): look at https://status.claude.com, and repeat it later.",
    "rate_limited": "{model} takes no more requests for now ({why}): repeat it later, or raise the account's rate limit.",
    "spend_limit": "The account's own limit is reached ({why}): raise it with the provider, or go on when it is renewed.",
    "malformed": "What came back for {model} is no answer of the API ({why}): look at what stands between, such as a proxy.",
    "invalid": "{model} did not answer in the form that was asked for, nor after it was told what was wrong ({why}): nothing of it is used.",
    "budget": "{why}",
    "unknown_model": "There is no model {model} for this account ({why}): correct IMPROVEMENT_MODEL_ANALYSIS or IMPROVEMENT_MODEL_SCREENING.",
    "credentials": "The credentials for Claude are not accepted ({why}): correct ANTHROPIC_API_KEY, or Google's credentials on Vertex AI.",
    "paused": "{why}",
}  # fmt: skip


def told(kind: Kind, why: str, *, model: str, tokens: int = 0, seconds: float = 0) -> str:
    """One sentence: what happened, and what to do."""
    return TOLD[kind].format(why=why, model=model, tokens=tokens, seconds=seconds)
