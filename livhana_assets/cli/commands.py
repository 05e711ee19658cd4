"""The commands of `livhana`, and how any of them ends: an exit code, and one sentence where it did not do its work."""

from __future__ import annotations

import os
import sys

import typer

from livhana_assets.cli import analyses, decisions, demo, migrate, patterns, releases, serve, state, traces, turns
from livhana_assets.cli.errors import FAILED, INTERRUPTED, exit_code, full_disk, sentence
from livhana_assets.wiring import read_settings

__all__ = ["app", "run"]

app = typer.Typer(
    help="Reads what a running platform tells about itself, proves fixes, asks you, lands exactly what you approved, and checks whether it helped.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for commands in (demo, traces, turns, analyses, decisions, patterns, releases, state, serve, migrate):
    commands.add_to(app)


def run() -> int:
    """Carry out the command that was asked for; its exit code. An error that nobody expected is raised."""
    try:
        code = app(standalone_mode=False) or 0
        sys.stdout.flush()
    except (BrokenPipeError, SystemExit):  # Typer makes an exit of a broken pipe; no command of ours raises one
        return _reader_left()
    except typer.Abort:
        print("Nothing was decided.", file=sys.stderr)
        return FAILED
    except Exception as error:
        return _failed(error)
    if code == INTERRUPTED:
        raise KeyboardInterrupt
    return int(code)


def _failed(error: Exception) -> int:
    """Say why, in one sentence. Raises an error that nobody expected, unless the disk is full: then anything may break anywhere."""
    known = exit_code(error)
    full = "" if known not in (None, FAILED) else _full_disk()
    if known is None and not full:
        raise error
    print(full or sentence(error), file=sys.stderr)
    return FAILED if known is None else known


def _full_disk() -> str:
    """Empty where there is room, or where nobody can tell which disk it is."""
    try:
        return full_disk(read_settings().root)
    except Exception:
        return ""


def _reader_left() -> int:
    """Whoever read our output has seen enough: nothing more is written, and nothing is wrong."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0
