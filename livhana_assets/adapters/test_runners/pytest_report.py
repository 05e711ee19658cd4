"""Runs pytest on a checkout and tells what happened on the report descriptor. Runs inside the sandbox, alone in its folder,
with the target's interpreter: standard library and pytest only, old versions included.

    python pytest_report.py ROOT FOLDER PLUGINS(0|1) [ids and options of pytest …]
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

REPORT = "LIVHANA_REPORT_FD"
UNWANTED = {"randomly", "random_order", "reverse", "sugar", "instafail", "repeat"}
"""Plugins that change the order or only the display."""
TAMED = {"xdist": ["-n", "0"], "pytest_cov": ["--no-cov"], "rerunfailures": ["--reruns", "0"]}
"""What these plugins have to be told: one process, no coverage files, no second chances."""
FINISHED = (0, 1, 5)
"""All passed, some failed, none collected. Other exit codes of pytest mean that it stopped half-way."""


class Reporter:
    """A pytest plugin that writes one JSON line per event."""

    def __init__(self, root: str, descriptor: int) -> None:
        self.root = root
        self.descriptor = descriptor
        self.phases: dict[str, dict[str, Any]] = {}
        self.left = 0
        self.collected: set[str] = set()
        self.told: set[str] = set()

    def write(self, event: dict[str, Any]) -> None:
        data = json.dumps(event).encode() + b"\n"
        while data:
            data = data[os.write(self.descriptor, data) :]

    def pytest_deselected(self, items: list[Any]) -> None:
        self.left += len(items)

    def pytest_collection_finish(self, session: Any) -> None:
        self.collected = {item.nodeid for item in session.items}
        self.write({"event": "collected", "ids": sorted(self.collected)})
        if self.left:
            self.write({"event": "deselected", "count": self.left})

    def pytest_exception_interact(self, node: Any, call: Any, report: Any) -> None:
        """A file that cannot be collected. (Failures of tests are told by their phases.)"""
        if report.when == "collect":
            told = {"event": "test", "id": report.nodeid, "outcome": "error", "seconds": 0.0}
            self.write({**told, **self.failure(_unwrapped(call.excinfo.value))})

    def pytest_collectreport(self, report: Any) -> None:
        """The same again where nothing better was told: of two events of one id the first counts."""
        if report.failed:
            message = str(report.longrepr)[:2000]
            self.write({"event": "test", "id": report.nodeid, "outcome": "error", "message": message})

    def finish(self, code: int) -> None:
        """A run is finished only where every collected test was told: a test can end pytest and have it say 0."""
        finished = code in FINISHED and not self.collected - self.told
        self.write({"event": "finished" if finished else "stopped", "exit": code})

    def phase(self, item: Any, call: Any, report: Any) -> None:
        """Three phases make a test: an error in set-up or tear-down outweighs what the call said."""
        event = self.phases.setdefault(
            item.nodeid, {"event": "test", "id": item.nodeid, "outcome": "passed", "seconds": 0.0}
        )
        event["seconds"] = round(event["seconds"] + report.duration, 4)
        outcome = _outcome(report)
        if outcome != "passed" and event["outcome"] != "error":
            event["outcome"] = outcome
            if call.excinfo is not None:
                event.update(self.failure(call.excinfo.value))
            elif outcome in ("failed", "error"):
                event["message"] = str(report.longrepr)[:2000]
        if report.when == "teardown":
            self.told.add(item.nodeid)
            self.write(self.phases.pop(item.nodeid))

    def failure(self, error: BaseException) -> dict[str, Any]:
        return {"type": _type_name(type(error)), "message": _message(error), "frames": self.frames(error)}

    def frames(self, error: BaseException) -> list[dict[str, Any]]:
        """Outermost first, from the first one in the checkout: before it is only pytest."""
        told: list[dict[str, Any]] = []
        traceback = error.__traceback__
        while traceback is not None:
            code = traceback.tb_frame.f_code
            told.append(
                {"file": self.relative(code.co_filename), "function": code.co_name, "line": traceback.tb_lineno}
            )
            traceback = traceback.tb_next
        inside = [index for index, frame in enumerate(told) if not frame["file"].startswith(("/", "<"))]
        return told[inside[0] :] if inside else told

    def relative(self, file: str) -> str:
        try:
            return str(Path(file).resolve().relative_to(self.root))
        except ValueError:
            return file


def _outcome(report: Any) -> str:
    if hasattr(report, "wasxfail"):
        return "xfailed"
    if report.failed:
        return "failed" if report.when == "call" else "error"
    return "skipped" if report.skipped else "passed"


def _unwrapped(error: BaseException) -> BaseException:
    """pytest wraps what an import raised."""
    return error.__cause__ if type(error).__name__ == "CollectError" and error.__cause__ else error


def _type_name(kind: type) -> str:
    bare = kind.__module__ in ("builtins", "__main__")
    return kind.__qualname__ if bare else kind.__module__ + "." + kind.__qualname__


def _message(error: BaseException) -> str:
    try:
        return str(error)[:2000]
    except Exception:
        return ""


def _installed_plugins() -> list[str]:
    """Looked up before the checkout is importable: it cannot bring any."""
    from importlib.metadata import distributions

    names = {
        entry.name
        for distribution in distributions()
        for entry in distribution.entry_points
        if entry.group == "pytest11"
    }
    return sorted(names - UNWANTED)


def _options(plugins: list[str], root: str) -> list[str]:
    """The target's own configuration stays in force, but for stopping early and for files in the checkout."""
    tamed = [word for name in plugins for word in TAMED.get(name, [])]
    loaded = [word for name in plugins for word in ("-p", name)]
    cache = str(Path(os.environ.get("TMPDIR", "/tmp"), "pytest-cache"))
    fixed = ["--rootdir", root, "--maxfail=0", "--continue-on-collection-errors", "-o", "cache_dir=" + cache]
    return loaded + tamed + fixed


def _make_importable(root: Path, folder: str) -> None:
    """As `python -m pytest` does, and `src` beside it; only now, so that nothing in the checkout stands in for pytest."""
    wanted = dict.fromkeys((root / folder, root / folder / "src", root, root / "src"))
    there = [str(place) for place in wanted if place.is_dir()]
    sys.path[:1] = there
    os.environ["PYTHONPATH"] = os.pathsep.join(there)


def main() -> int:
    root, folder, wants_plugins = sys.argv[1:4]
    descriptor = int(os.environ.pop(REPORT))
    os.set_inheritable(descriptor, False)
    import pytest

    class Plugin(Reporter):
        @pytest.hookimpl(hookwrapper=True)
        def pytest_runtest_makereport(self, item: Any, call: Any) -> Any:
            outcome = yield
            self.phase(item, call, outcome.get_result())

    reporter = Plugin(root, descriptor)
    options = _options(_installed_plugins() if wants_plugins == "1" else [], root)
    _make_importable(Path(root), folder)
    code = int(pytest.main([*sys.argv[4:], *options], plugins=[reporter]))
    reporter.finish(code)
    return code


if __name__ == "__main__":
    sys.exit(main())
