"""The terminal: `livhana`. Exit codes: 0 done, 1 failed, 2 wrong usage or configuration, 3 refused by policy."""

from __future__ import annotations

import sys

import typer

from livhana_assets.cli import decisions, demo, state, traces, turns
from livhana_assets.cli.errors import FAILED, REFUSED, USAGE, exit_code, sentence

__all__ = ["FAILED", "REFUSED", "USAGE", "app", "main"]

app = typer.Typer(
    help="Reads what a running platform tells about itself, proves fixes, asks you, lands exactly what you approved, and checks whether it helped.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for commands in (demo, traces, turns, decisions, state):
    commands.add_to(app)


def main() -> None:
    """Run a command; every expected failure is one sentence on stderr and its exit code, never a traceback."""
    try:
        app(standalone_mode=True)
    except KeyboardInterrupt:
        print("Stopped. Nothing is lost; the same command goes on where it was.", file=sys.stderr)
        sys.exit(130)
    except Exception as error:
        code = exit_code(error)
        if code is None:
            raise
        print(sentence(error), file=sys.stderr)
        sys.exit(code)
