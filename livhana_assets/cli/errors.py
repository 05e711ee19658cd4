"""Which exit code an error gets. One table, so that every command answers alike."""

from __future__ import annotations

import os
from pathlib import Path

import typer
from pydantic import ValidationError

from livhana_assets.adapters.claude_analyst.failures import ModelFailed
from livhana_assets.adapters.redis_errors import BadAddress
from livhana_assets.adapters.test_runners import RunnerMissing
from livhana_assets.loop.proposals.lifecycle import IllegalTransition
from livhana_assets.loop.proposals.ports import (
    HeadMoved,
    NoSuchProposal,
    PatchDoesNotApply,
    SandboxUnavailable,
    StoreError,
    TargetError,
)
from livhana_assets.loop.review.correcting import NoSuchPattern
from livhana_assets.loop.review.decisions import Refused
from livhana_assets.loop.sources.ports import BadQuery, WarehouseError
from livhana_assets.wiring import NotConfigured

FULL_BYTES = 1024 * 1024
"""With less left, nothing of ours can be written reliably."""
FAILED, USAGE, REFUSED, INTERRUPTED = 1, 2, 3, 130


class Failed(Exception):
    """A command could not do its work; the message is one sentence that says what to do. `kind` names the error's class in a run of its own process."""

    def __init__(self, message: str, kind: str = "") -> None:
        super().__init__(message)
        self.kind = kind


CODES: tuple[tuple[type[Exception], int], ...] = (
    (NoSuchPattern, USAGE),
    (Refused, REFUSED),
    (IllegalTransition, REFUSED),
    (NoSuchProposal, USAGE),
    (NotConfigured, USAGE),
    (BadAddress, USAGE),
    (BadQuery, USAGE),
    (ValidationError, USAGE),
    (typer.TyperException, USAGE),
    (Failed, FAILED),
    (StoreError, FAILED),
    (ModelFailed, FAILED),
    (PatchDoesNotApply, FAILED),
    (HeadMoved, FAILED),
    (TargetError, USAGE),
    (RunnerMissing, USAGE),
    (SandboxUnavailable, FAILED),
    (WarehouseError, FAILED),
    (OSError, FAILED),
)


def exit_code(error: Exception) -> int | None:
    """None for an error that nobody expected: that one shows its traceback. A run's error counts as if it had been raised here."""
    if isinstance(error, Failed) and error.kind:
        return next((code for kind, code in CODES if kind.__name__ == error.kind), FAILED)
    return next((code for kind, code in CODES if isinstance(error, kind)), None)


def sentence(error: Exception) -> str:
    """What went wrong and what to do, in one sentence where the error is one that is expected."""
    if isinstance(error, typer.TyperException):
        return _usage(error)
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        return f"{name} is not set right: {first['msg']}. docs/configuration.md says what it takes."
    if isinstance(error, OSError) and error.strerror:
        where = f" ({error.filename})" if error.filename else ""
        return f"{error.strerror}{where}: free some room or choose another folder with LIVHANA_HOME, then run the command again."
    return str(error)


def full_disk(home: Path, needed: int = 0) -> str:
    """What to do where the disk of LIVHANA_HOME has no room for so many bytes, whatever would notice it first: SQLite, Redis, Dagster or git.

    Empty where it has."""
    there = next((folder for folder in (home, *home.parents) if folder.exists()), home)
    disk = os.statvfs(there)
    left = disk.f_bavail * disk.f_frsize
    if left >= FULL_BYTES + needed and (disk.f_favail or not disk.f_files):
        return ""
    return f"The disk of {home} is full ({left // 1024} kB left): free some room there, then run the command again; what was acknowledged is kept."


def _usage(error: typer.TyperException) -> str:
    """Typer's own words, and where the right ones are told."""
    context = getattr(error, "ctx", None)
    told = error.format_message() if hasattr(error, "format_message") else str(error)
    asked = f" `{context.command_path} --help` tells what it takes." if context and told.strip() else ""
    return f"{told.strip().rstrip('.')}.{asked}" if told.strip() else ""
