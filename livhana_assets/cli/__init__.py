"""The terminal: `livhana`. Exit codes: 0 done, 1 failed, 2 wrong usage or configuration, 3 refused by policy, 130 stopped by Ctrl-C."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from livhana_assets.cli.commands import app as app

INTERRUPTED = 130


def main() -> None:
    """Run a command; every expected failure is one sentence on stderr and its exit code, never a traceback."""
    try:
        # Loading takes a second, in which Ctrl-C may come too.
        from livhana_assets.cli.commands import run

        code = run()
        # The work is done: a Ctrl-C while Python takes itself down would make a failure of it.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    except KeyboardInterrupt:
        code = _stopped()
    sys.exit(code)


def _stopped() -> int:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.write(2, b"Stopped. Nothing is lost: give the same command again.\n")
    return INTERRUPTED


def __getattr__(name: str) -> Any:
    """`app` is made when it is asked for, so that `main` can answer from the first moment."""
    if name == "app":
        from livhana_assets.cli.commands import app

        return app
    raise AttributeError(name)
