"""Which exit code an error gets. One table, so that every command answers alike."""

from __future__ import annotations

from pydantic import ValidationError

from livhana_assets.adapters.test_runners import RunnerMissing
from livhana_assets.loop.proposals.lifecycle import IllegalTransition
from livhana_assets.loop.proposals.ports import NoSuchProposal, SandboxUnavailable, StoreError, TargetError
from livhana_assets.loop.review.decisions import Refused
from livhana_assets.loop.sources.ports import NotReadOnly, WarehouseError
from livhana_assets.wiring import NotConfigured

FAILED, USAGE, REFUSED = 1, 2, 3


class Failed(Exception):
    """A command could not do its work; the message is one sentence that says what to do."""


CODES: tuple[tuple[type[Exception], int], ...] = (
    (Refused, REFUSED),
    (IllegalTransition, REFUSED),
    (NoSuchProposal, USAGE),
    (NotConfigured, USAGE),
    (NotReadOnly, USAGE),
    (ValidationError, USAGE),
    (Failed, FAILED),
    (StoreError, FAILED),
    (TargetError, USAGE),
    (RunnerMissing, USAGE),
    (SandboxUnavailable, FAILED),
    (WarehouseError, FAILED),
    (OSError, FAILED),
)


def exit_code(error: Exception) -> int | None:
    """None for an error that nobody expected: that one shows its traceback."""
    return next((code for kind, code in CODES if isinstance(error, kind)), None)


def sentence(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        return f"{name} is not set right: {first['msg']}. docs/configuration.md says what it takes."
    if isinstance(error, OSError) and error.strerror:
        where = f" ({error.filename})" if error.filename else ""
        return f"{error.strerror}{where}: free some room or choose another folder with LIVHANA_HOME, then run the command again."
    return str(error)
