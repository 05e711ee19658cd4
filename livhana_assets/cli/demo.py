"""`livhana demo`: the sample platform, one whole turn of the loop, then where to look."""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import typer

from livhana_assets.cli.errors import Failed
from livhana_assets.cli.sample_platform import SamplePlatform, Traffic, usable_node
from livhana_assets.cli.tables import err, out, print_rows, printable, say, shortened
from livhana_assets.cli.traces import TABLES, ingest_file
from livhana_assets.cli.turns import execute_one, measure_landed, pattern_rows, start_job, turn_daily
from livhana_assets.loop.proposals.lifecycle import LANDED
from livhana_assets.loop.proposals.model import Proposal, Status
from livhana_assets.loop.review import decisions
from livhana_assets.wiring import Loop, now

STAMP = ".livhana-demo"
APPROVALS = 2
VISITOR = "demo visitor"


def add_to(app: typer.Typer) -> None:
    app.command()(demo)


@dataclass
class Told:
    """What the demo saw, for its last table."""

    traffic: list[Traffic] = field(default_factory=list)
    patterns: int = 0
    phases: list[tuple[str, float]] = field(default_factory=list)


def demo() -> None:
    """A sample shop with real crash bugs: run it, find what crashes, prove fixes, approve two, land them, see the errors stop."""
    home = Loop().home
    with _only_one(home):
        folder = _fresh(home / "demo")
        platform = SamplePlatform(folder / "platform")
        told = Told()
        _turn(folder, platform, told)


def _turn(folder: Path, platform: SamplePlatform, told: Told) -> None:
    with _phase(told, "Building the sample shop's repository"):
        platform.folder.mkdir()
        platform.create()
        coverage = platform.measure_coverage()
    _configure(folder, platform, coverage)
    loop, first_day = Loop(), now().date()
    if usable_node() is None:
        say("Node 18 or newer was not found, so the shop's Node service and its bugs are left out.")
    with _phase(told, "Serving simulated customers"):
        _take_in(loop, platform, "before", told)
    with _phase(told, "Looking for patterns"):
        turn_daily(loop, first_day, now().date())
        told.patterns = len(pattern_rows(loop))
    with _phase(told, f"Drafting and proving fixes for {told.patterns} patterns in the sandbox"):
        start_job(loop, "draft_proposals")
    with _phase(told, f"Approving {APPROVALS} of the proved fixes and landing them"):
        for chosen in _worth_approving(loop):
            seen = chosen.digest
            decisions.approve(loop.store, chosen.id, digest=seen, by=VISITOR, now=now(), policy=loop.policy, door="cli")
            execute_one(loop, chosen.id)
    with _phase(told, "Deploying, and serving the same customers again"):
        platform.deploy()
        _take_in(loop, platform, "after", told)
    with _phase(told, "Measuring whether it helped"):
        turn_daily(loop, first_day, now().date())
        measure_landed(loop)
    _summary(loop, folder, told)


def _take_in(loop: Loop, platform: SamplePlatform, name: str, told: Told) -> None:
    traces, traffic = platform.serve_customers(name)
    told.traffic.append(traffic)
    for kind, table in TABLES.items():
        for file in sorted(traces.glob(f"{kind}-*.jsonl")):
            ingest_file(loop, table, file)


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
    others = sum(int(step.name.split()[0]) for step in steps if step.name.endswith("other occurrences"))
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


def _summary(loop: Loop, folder: Path, told: Told) -> None:
    rows = [
        _row(proposal)
        for proposal in sorted(loop.store.proposals(), key=lambda p: (not p.implementation.patch, p.status))
    ]
    print_rows(rows, "What was found and what became of it")
    for proposal in loop.store.proposals():
        if proposal.verdict:
            out.print(f"{proposal.id}: {printable(proposal.verdict.reason)}", markup=False)
    proposals = loop.store.proposals()
    before, after = told.traffic
    proved = [p for p in proposals if p.implementation.patch]
    landed = [p for p in proposals if p.landing]
    print_rows(
        [
            {"figure": "requests served", "value": f"{before.requests} before, {after.requests} after"},
            {"figure": "requests that crashed", "value": f"{before.crashes} before, {after.crashes} after"},
            {"figure": "crash patterns found", "value": told.patterns},
            {
                "figure": "proved fixes",
                "value": f"{len(proved)} ({_of(proved, '.py')} Python, {_of(proved, '.js')} JavaScript)",
            },
            {"figure": "left as specifications", "value": sum(not p.implementation.patch for p in proposals)},
            {"figure": "approved and landed", "value": len(landed)},
            {"figure": "improved by the same traffic", "value": sum(p.status is Status.IMPROVED for p in landed)},
            {
                "figure": "landed without approval",
                "value": sum(p.approval is None for p in proposals if p.status in LANDED),
            },
            {"figure": "seconds", "value": f"{sum(seconds for _, seconds in told.phases):.0f}"},
        ],
        "In figures",
    )
    out.print("\nWhere to look next (from the project's folder):", markup=False)
    out.print(
        f"  . '{folder / 'env'}' && .venv/bin/livhana show {landed[0].id if landed else 'ID'}",
        markup=False,
        soft_wrap=True,
    )
    out.print(
        f"  . '{folder / 'env'}' && .venv/bin/dg dev      opens the Dagster UI on the finished graph: http://127.0.0.1:3000",
        markup=False,
        soft_wrap=True,
    )


def _row(proposal: Proposal) -> dict[str, object]:
    return {
        "proposal": proposal.id,
        "became": str(proposal.status),
        "priority": str(proposal.priority),
        "title": shortened(proposal.title),
    }


def _of(proposals: list[Proposal], suffix: str) -> int:
    return sum(proposal.implementation.file.endswith(suffix) for proposal in proposals)


@contextmanager
def _phase(told: Told, title: str) -> Iterator[None]:
    started = time.monotonic()
    with err.status(f"{title} …") if err.is_terminal else _plainly(title):
        yield
    took = time.monotonic() - started
    told.phases.append((title, took))
    say(f"✓ {title} ({took:.1f} s)")


@contextmanager
def _plainly(title: str) -> Iterator[None]:
    say(f"{title} …")
    yield


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
    if folder.exists():
        if not (folder / STAMP).exists():
            raise Failed(f"{folder} is there but is no demo of ours: move it away, or use another LIVHANA_HOME.")
        _stop_redis(folder)
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    (folder / STAMP).touch()
    return folder


def _stop_redis(folder: Path) -> None:
    from livhana_assets.adapters.embedded_redis import stop_embedded_redis

    if (folder / "redis").is_dir():
        stop_embedded_redis(folder / "redis")
