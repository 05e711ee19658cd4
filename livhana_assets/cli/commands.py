"""The commands of `livhana`, and how any of them ends: an exit code, and one sentence where it did not do its work."""

from __future__ import annotations

import os
import sys

import typer

from livhana_assets.cli import decisions, demo, state, traces, turns
from livhana_assets.cli.errors import FAILED, INTERRUPTED, exit_code, sentence

__all__ = ["app", "run"]

app = typer.Typer(
    help="Reads what a running platform tells about itself, proves fixes, asks you, lands exactly what you approved, and checks whether it helped.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for commands in (demo, traces, turns, decisions, state):
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
        known = exit_code(error)
        if known is None:
            raise
        print(sentence(error), file=sys.stderr)
        return known
    if code == INTERRUPTED:
        raise KeyboardInterrupt
    return int(code)


def _reader_left() -> int:
    """Whoever read our output has seen enough: nothing more is written, and nothing is wrong."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0
