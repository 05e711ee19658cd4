"""Running a target's tests for an agent: with its edits, in a fresh checkout, through the sandbox; told without any place of this machine."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from livhana_assets.adapters.claude_analyst.draft_files import DraftFiles, Refused
from livhana_assets.loop.proposals.ports import TestRunner
from livhana_assets.loop.proposals.proof import ProvingGround
from livhana_assets.loop.proposals.testing import TestResult
from livhana_assets.loop.sources.paths import is_test_path
from livhana_assets.loop.sources.redaction import redact_text

MOST_IDS, LONGEST_ID = 20, 300
MOST_TOLD = 20
"""Tests that did not pass and are told one by one."""
MESSAGE, OUTPUT, FRAMES = 1500, 3000, 12
SYSTEM_PLACE = re.compile(r"/(?:usr|opt|home|root|tmp|var|srv|private|Users|nix|proc)/[^\s\"'<>:,;)\]]*")
"""Interpreters and packages are outside the checkout; their names say where this machine keeps them."""


def run_tests(files: DraftFiles, ground: ProvingGround, ids: Sequence[str]) -> Mapping[str, Any]:
    """Raises Refused for what names no test file of the draft, or where nothing runs it."""
    asked = _asked(files, ground, ids)
    with ground.target.checkout(files.commit()) as folder:
        runs = [(runner, runner.run(folder, wanted)) for runner, wanted in asked]
        bad = [result for _, run in runs for result in run.results.values() if result.outcome != "passed"]
        unfinished = "\n".join(run.output[-OUTPUT:] for _, run in runs if not run.complete)
        return {
            "source": "a run of the repository's tests with your edits, in the sandbox",
            "summary": [f"{runner.name}: {run.summary()}" for runner, run in runs],
            "not passed": [_result(result, folder) for result in bad[:MOST_TOLD]],
            "output": shown(unfinished, folder),
        }


def _asked(files: DraftFiles, ground: ProvingGround, ids: Sequence[str]) -> list[tuple[TestRunner, Sequence[str]]]:
    if not ids:
        return [(runner, ()) for runner in ground.runners]
    if len(ids) > MOST_IDS:
        raise Refused(f"At most {MOST_IDS} ids are run at once; none runs everything.")
    known = set(files.paths())
    by_runner: dict[int, tuple[TestRunner, list[str]]] = {}
    for test_id in ids:
        path = test_id.partition("::")[0]
        runner = ground.runner_for(path) if path in known and is_test_path(path) else None
        if runner is None or len(test_id) > LONGEST_ID or not test_id.isprintable():
            raise Refused("An id is a test file of the repository, or path::name in one.")
        by_runner.setdefault(id(runner), (runner, []))[1].append(test_id)
    return list(by_runner.values())


def _result(result: TestResult, folder: Path) -> Mapping[str, Any]:
    inside = [frame for frame in result.frames if not frame.file.startswith("/")]
    return {
        "id": shown(result.id, folder)[:LONGEST_ID],
        "outcome": result.outcome,
        "error": shown(f"{result.error_type}: {result.message}"[: 4 * MESSAGE], folder)[:MESSAGE],
        "frames": [shown(f"{frame.file}:{frame.line} in {frame.function}", folder) for frame in inside[-FRAMES:]],
    }


def shown(text: str, folder: Path) -> str:
    """Redacted, with paths of the checkout as the repository's and without any other place of this machine."""
    for place in dict.fromkeys((str(folder.resolve()), str(folder))):
        text = text.replace(f"{place}/", "").replace(place, ".")
    for place in dict.fromkeys((sys.prefix, sys.base_prefix, str(Path.home()))):
        text = text.replace(place, "…") if len(place) > 1 else text
    return redact_text(SYSTEM_PLACE.sub("…", text))
