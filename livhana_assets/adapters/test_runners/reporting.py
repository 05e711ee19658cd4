"""What the runners share: a folder that holds one reporter and nothing else, and what a run said."""

from __future__ import annotations

import contextlib
import json
import tempfile
from collections.abc import Iterator, Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from livhana_assets.loop.proposals.ports import Ran
from livhana_assets.loop.proposals.testing import TestRun, parse_report


class RunnerMissing(Exception):
    """What should run the tests is not there; the message says what to install or to set."""


@contextlib.contextmanager
def reporter(name: str) -> Iterator[Path]:
    """The reporter as the only file of a folder, to be shown read-only inside."""
    with tempfile.TemporaryDirectory(prefix="livhana-reporter-") as folder:
        file = Path(folder, name)
        file.write_bytes(resources.files(__package__).joinpath(name).read_bytes())
        yield file


def as_test_run(ran: Ran) -> TestRun:
    return parse_report(ran.report, ended_by=ran.ended_by, output=ran.output, seconds=ran.seconds)


def only_object(ran: Ran) -> Mapping[str, Any] | None:
    """The JSON object that a probe wrote, None where it wrote none or was ended."""
    try:
        told = json.loads(ran.report)
    except ValueError:
        return None
    return told if isinstance(told, dict) and ran.ended_by == "exit" else None
