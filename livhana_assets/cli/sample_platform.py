"""The sample platform of the demo: its repository, its deployed checkout, its services, its customers."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from livhana_assets.cli.errors import Failed

SOURCE = Path(__file__).parents[2] / "examples" / "storefront"
NEEDED_NODE = 18
REQUESTS = 3200
SEED = 7
SENT = re.compile(r"(\d+) requests sent")
QUIET_GIT = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull, "GIT_TERMINAL_PROMPT": "0"}


@dataclass(frozen=True)
class Traffic:
    """What the simulated customers saw."""

    requests: int
    crashes: int
    seconds: float


@dataclass(frozen=True)
class SamplePlatform:
    """A storefront with a bare repository, a deployed checkout beside it, and a folder of traces."""

    folder: Path

    @property
    def repository(self) -> Path:
        return self.folder / "platform.git"

    @property
    def deployed(self) -> Path:
        return self.folder / "deployed"

    def create(self, committed: Callable[[], None] = lambda: None) -> str:
        """The repository with the storefront's history, and the first deployment; its commit."""
        work = self.folder / "work"
        work.mkdir(parents=True)
        self._git("init", "-q", "-b", "main", str(work))
        for number, entry in enumerate(history()):
            self._commit(work, entry, number)
            committed()
        self._git("clone", "-q", "--bare", str(work), str(self.repository))
        shutil.rmtree(work)
        self._git("clone", "-q", str(self.repository), str(self.deployed))
        return self.release()

    def deploy(self) -> str:
        """Bring the deployed checkout to the repository's head; the commit that runs from now on."""
        self._git("-C", str(self.deployed), "pull", "-q", "--ff-only")
        return self.release()

    def release(self) -> str:
        return self._git("-C", str(self.deployed), "rev-parse", "HEAD").strip()

    def measure_coverage(self) -> Path:
        """The platform's own test run with coverage, as its CI would do it; the report."""
        report = self.folder / "coverage.json"
        data = self.folder / ".coverage"
        run = [
            sys.executable,
            "-m",
            "coverage",
            "run",
            f"--data-file={data}",
            "--source=shop",
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
        ]
        self._run(run, self.deployed, {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"})
        self._run(
            [sys.executable, "-m", "coverage", "json", "-q", f"--data-file={data}", "-o", str(report)], self.deployed
        )
        return report

    def serve_customers(self, name: str, served: Callable[[int], None] = lambda _: None) -> tuple[Path, Traffic]:
        """Start the services, let the customers come, stop; the folder of traces and what the customers saw. `served` hears of more requests."""
        traces = self.folder / "traces" / name
        traces.mkdir(parents=True)
        release = self.release()
        with ExitStack() as services:
            database = self.folder / f"shop-{name}.sqlite"
            shop = services.enter_context(
                self._service(
                    [
                        sys.executable,
                        "-m",
                        "shop",
                        "--port",
                        "0",
                        "--database",
                        str(database),
                        "--traces",
                        str(traces),
                        "--release",
                        release,
                    ],
                    name,
                )
            )
            backend = "none"
            if node := usable_node():
                backend = services.enter_context(
                    self._service(
                        [node, "backend/server.js", "--port", "0", "--traces", str(traces), "--release", release], name
                    )
                )
            told = self._drive(shop, backend, served)
        return traces, _traffic(told)

    def _drive(self, shop: str, backend: str, served: Callable[[int], None]) -> str:
        """What the simulated customers print at the end. However this ends, they are gone."""
        words = ["--shop", shop, "--backend", backend, "--requests", str(REQUESTS), "--seed", str(SEED), "--progress"]
        with subprocess.Popen(
            [sys.executable, "traffic.py", *words], cwd=self.deployed, env=_plain_environment(), text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        ) as process:  # fmt: skip
            try:
                said = _counted(process, served)
                told = process.stdout.read() if process.stdout else ""
            except BaseException:
                process.kill()
                raise
        if process.returncode:
            raise Failed(f"The simulated customers of the sample platform failed: {said[-400:].strip()}")
        return told

    @contextmanager
    def _service(self, command: list[str], name: str) -> Iterator[str]:
        """A running service; its address. Stopped by SIGTERM, then by force if it does not end."""
        log = (self.folder / f"service-{name}.log").open("a")
        process = subprocess.Popen(
            command, cwd=self.deployed, stdout=subprocess.PIPE, stderr=log, text=True, env=_plain_environment()
        )
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            if "http://127.0.0.1:" not in line:
                raise Failed(f"The sample service did not start; its words are in {log.name}.")
            yield "http://" + line.split("http://")[1].split()[0]
        finally:
            process.terminate()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            log.close()

    def _commit(self, work: Path, entry: dict[str, Any], number: int) -> None:
        for source in _files_of(entry["files"]):
            target = work / source.relative_to(SOURCE)
            if not target.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(source, target)
        author = str(entry["author"])
        name, _, mail = author.partition(" <")
        self._git("-C", str(work), "add", "-A")
        date = f"2026-{number // 4 + 6:02d}-{number % 4 * 7 + 1:02d}T09:00:00+00:00"
        who = {
            f"GIT_{role}_{part}": value
            for role in ("AUTHOR", "COMMITTER")
            for part, value in (("NAME", name), ("EMAIL", mail.rstrip(">") or "dev@example.com"), ("DATE", date))
        }
        self._git("-C", str(work), "commit", "-q", "--allow-empty", "-m", str(entry["message"]), environment=who)

    def _git(self, *arguments: str, environment: dict[str, str] | None = None) -> str:
        return self._run(
            ["git", "-c", "safe.directory=*", *arguments], self.folder, {**QUIET_GIT, **(environment or {})}
        )

    def _run(self, command: list[str], folder: Path, environment: dict[str, str] | None = None) -> str:
        done = subprocess.run(
            command, cwd=folder, env={**_plain_environment(), **(environment or {})}, capture_output=True, text=True
        )
        if done.returncode:
            raise Failed(
                f"`{' '.join(command[:4])} …` of the sample platform failed: {(done.stderr or done.stdout).strip()[-400:]}"
            )
        return done.stdout


def history() -> list[dict[str, Any]]:
    """The storefront's commits, oldest first. Raises Failed where the storefront is not there."""
    if not SOURCE.is_dir():
        raise Failed("The sample platform is not here: run the demo from a clone of the project, with `make demo`.")
    entries: list[dict[str, Any]] = json.loads((SOURCE / "history.json").read_text())
    return entries


def _counted(process: subprocess.Popen[str], served: Callable[[int], None]) -> str:
    """Tell how many more requests were sent whenever the customers say so; everything else that they say."""
    seen, said = 0, ""
    for line in process.stderr or ():
        if sent := SENT.match(line):
            served(int(sent[1]) - seen)
            seen = int(sent[1])
        else:
            said += line
    return said


def _files_of(patterns: Sequence[str]) -> Iterator[Path]:
    """The storefront's files that one of the globs names; `*` also crosses folders."""
    for path in sorted(SOURCE.rglob("*")):
        name = path.relative_to(SOURCE).as_posix()
        made = "__pycache__" in path.parts or ".pytest_cache" in path.parts
        if path.is_file() and not made and any(fnmatchcase(name, pattern) for pattern in patterns):
            yield path


def usable_node() -> str | None:
    """Node 18 or newer, where it is found."""
    node = shutil.which("node")
    if node is None:
        return None
    version = subprocess.run([node, "--version"], capture_output=True, text=True).stdout.strip().lstrip("v")
    return node if version.split(".")[0].isdigit() and int(version.split(".")[0]) >= NEEDED_NODE else None


def _plain_environment() -> dict[str, str]:
    """The sample services get nothing of ours but what a program needs to run."""
    kept = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "SYSTEMROOT")
    return {**{name: os.environ[name] for name in kept if name in os.environ}, "PYTHONDONTWRITEBYTECODE": "1"}


def _traffic(told: str) -> Traffic:
    summary = json.loads(told.strip().splitlines()[-1])
    classes = summary.get("by_status") or summary.get("status") or summary.get("statuses") or {}
    return Traffic(int(summary["requests"]), int(classes.get("5xx", 0)), float(summary["seconds"]))
