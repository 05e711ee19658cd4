"""`livhana demo`: the sample platform, one whole turn of the loop, then where to look."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

from livhana_assets.cli.demo_summary import Told, print_summary, summary_of
from livhana_assets.cli.errors import Failed
from livhana_assets.cli.sample_platform import REQUESTS, SamplePlatform, history, usable_node
from livhana_assets.cli.tables import Step, err, out, print_json, progress, say
from livhana_assets.cli.traces import TABLES, ingest_file
from livhana_assets.cli.turns import execute_one, measure_landed, pattern_rows, turn_daily
from livhana_assets.loop.proposals.model import Proposal, Status
from livhana_assets.loop.review import decisions
from livhana_assets.wiring import Loop, now

SUMMARY = "summary.json"
STAMP = ".livhana-demo"
APPROVALS = 2
VISITOR = "demo visitor"


def add_to(app: typer.Typer) -> None:
    app.command()(demo)


def demo(as_json: Annotated[bool, typer.Option("--json", help="print the summary as JSON")] = False) -> None:
    """A sample shop with real crash bugs: run it, find what crashes, prove fixes, approve two, land them, see the errors stop."""
    home = Loop().home
    with _only_one(home):
        folder = _fresh(home / "demo")
        with _ends_in_order(folder):
            loop, told = _turn(folder, SamplePlatform(folder / "platform"))
            summary = summary_of(loop.store.proposals(), told)
    (folder / SUMMARY).write_text(json.dumps(summary.as_json(), indent=2))
    if as_json:
        print_json(summary.as_json())
        return
    print_summary(summary)
    _where_to_look(folder, next(iter(summary.verdicts), "ID"))


def _turn(folder: Path, platform: SamplePlatform) -> tuple[Loop, Told]:
    told = Told(node=usable_node() is not None)
    if not told.node:
        say("Node 18 or newer was not found, so the shop's Node service and its bugs are left out.")
    with _phase(told, "Building the sample shop's repository", len(history()), "commits") as step:
        platform.folder.mkdir()
        platform.create(step)
    with _phase(told, "Running the shop's own tests for their coverage"):
        coverage = platform.measure_coverage()
    _configure(folder, platform, coverage)
    loop, first_day = Loop(), now().date()
    _serve(loop, platform, "before", told)
    with _phase(told, "Looking for patterns"):
        turn_daily(loop, first_day, now().date())
        told.patterns = len(pattern_rows(loop))
    with _phase(told, "Drafting and proving fixes", told.patterns, "patterns") as step:
        _draft(loop, step)
    with _phase(told, "Approving and landing", APPROVALS, "of the proved fixes") as step:
        for chosen in _worth_approving(loop):
            seen = chosen.digest
            decisions.approve(loop.store, chosen.id, digest=seen, by=VISITOR, now=now(), policy=loop.policy, door="cli")
            execute_one(loop, chosen.id)
            step()
    with _phase(told, "Deploying what landed"):
        platform.deploy()
    _serve(loop, platform, "after", told)
    with _phase(told, "Measuring whether it helped"):
        turn_daily(loop, first_day, now().date())
        measure_landed(loop)
    return loop, told


def _serve(loop: Loop, platform: SamplePlatform, name: str, told: Told) -> None:
    """The same customers each time; what the services wrote about them goes into the warehouse."""
    with _phase(told, f"Serving simulated customers, {name}", REQUESTS, "requests") as step:
        traces, traffic = platform.serve_customers(name, step)
    told.traffic.append(traffic)
    files = [(table, file) for kind, table in TABLES.items() for file in sorted(traces.glob(f"{kind}-*.jsonl"))]
    with _phase(told, f"Taking their traces in, {name}", len(files), "files") as step:
        for table, file in files:
            ingest_file(loop, table, file)
            step()


def _draft(loop: Loop, step: Step) -> None:
    """A real Dagster run; each proposal that it tells of is a step."""

    def tell(text: str) -> None:
        say(f"  {text}")
        if text.startswith(("proposed: ", "specified: ")):
            step()

    ran = loop.runs.start("draft_proposals", told=tell)
    if not ran.succeeded:
        raise Failed(f"{ran.why or 'The drafting failed.'} The run's log is {ran.log}.")


def _worth_approving(loop: Loop) -> list[Proposal]:
    """What a careful visitor would approve first: the fixes seen to hold for the most other occurrences and callers, of the most
    frequent crashes; one per language before two of one."""
    occurrences = {str(row["pattern"]): int(str(row["occurrences"])) for row in pattern_rows(loop)}
    proved = [p for p in loop.store.proposals() if p.status is Status.PROPOSED and not p.critical]
    proved.sort(key=lambda p: (-_breadth(p), -occurrences.get(p.pattern_id, 0)))
    firsts = list({Path(p.implementation.file).suffix: p for p in reversed(proved)}.values())
    chosen = [*sorted(firsts, key=proved.index), *(p for p in proved if p not in firsts)]
    return chosen[:APPROVALS]


def _breadth(proposal: Proposal) -> int:
    """How many other logged calls and callers the proof tried."""
    steps = proposal.proof.steps if proposal.proof else ()
    others = sum(int(step.name.split()[0]) for step in steps if "other occurrence" in step.name)
    return others + sum(step.name.startswith("caller ") for step in steps)


def _configure(folder: Path, platform: SamplePlatform, coverage: Path) -> None:
    """The demo's own settings, for this process and, in `folder`/env, for whoever looks at it afterwards."""
    for name in [n for n in os.environ if n.startswith("IMPROVEMENT_") and n != "IMPROVEMENT_SANDBOX"] + [
        "REDIS_URL",
        "ENABLE_SELF_IMPROVEMENT",
    ]:
        os.environ.pop(name, None)
    settings = {
        "LIVHANA_HOME": str(folder),
        "DAGSTER_HOME": str(folder / "dagster"),
        "IMPROVEMENT_TARGET_REPO": str(platform.repository),
        "IMPROVEMENT_LAND": "fast_forward",
        "IMPROVEMENT_COVERAGE_REPORTS": str(coverage),
        "IMPROVEMENT_ANALYST": "rules",
    }
    if os.environ.get("IMPROVEMENT_SANDBOX") or shutil.which("bwrap") is None:
        settings["IMPROVEMENT_SANDBOX"] = os.environ.get("IMPROVEMENT_SANDBOX") or "none"
    if settings.get("IMPROVEMENT_SANDBOX") == "none":
        say(
            "No sandbox: bubblewrap is missing, so the demo runs its own sample code with IMPROVEMENT_SANDBOX=none. `apt-get install bubblewrap` mends it."
        )
    os.environ.update(settings)
    (folder / "env").write_text("".join(f"export {name}='{value}'\n" for name, value in settings.items()))


def _where_to_look(folder: Path, landed: str) -> None:
    commands = (
        f"livhana show {landed}",
        "livhana up      opens the review pages, and the Dagster UI on the finished graph; it prints the link",
    )
    out.print("\nWhere to look next (from the project's folder):", markup=False)
    for command in commands:
        out.print(f"  . '{folder / 'env'}' && .venv/bin/{command}", markup=False, soft_wrap=True)


@contextmanager
def _phase(told: Told, title: str, total: int | None = None, unit: str = "") -> Iterator[Step]:
    if not err.is_terminal:
        say(f"{title} …")
    started = time.monotonic()
    with progress(title, total, unit) as step:
        yield step
    took = time.monotonic() - started
    told.phases.append((title, took))
    say(f"✓ {title} ({took:.1f} s)")


@contextmanager
def _ends_in_order(folder: Path) -> Iterator[None]:
    """However the demo ends, its Redis ends too; the next command starts it again where it was. A second Ctrl-C disturbs no ending."""
    before = signal.signal(signal.SIGINT, _stop_once)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        _stop_redis(folder)
        signal.signal(signal.SIGINT, before)


def _stop_once(number: int, frame: FrameType | None) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    raise KeyboardInterrupt


@contextmanager
def _only_one(home: Path) -> Iterator[None]:
    with (home / "demo.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Failed("Another demo is running in this folder: wait for it, or use another LIVHANA_HOME.") from None
        yield


def _fresh(folder: Path) -> Path:
    """An empty folder of our own; what an earlier demo left is removed, anything else is not touched."""
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()) and not (folder / STAMP).exists():
        raise Failed(f"{folder} is there but is no demo of ours: move it away, or use another LIVHANA_HOME.")
    (folder / STAMP).touch()
    _stop_redis(folder)
    # The stamp stays: a removal that is interrupted half-way is still known as ours.
    for entry in folder.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        elif entry.name != STAMP:
            entry.unlink()
    return folder


def _stop_redis(folder: Path) -> None:
    from livhana_assets.adapters.embedded_redis import stop_embedded_redis

    if (folder / "redis").is_dir():
        stop_embedded_redis(folder / "redis")
