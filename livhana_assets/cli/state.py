"""`livhana doctor`, `metrics`, `audit`, `pause`, `resume`, `down`: how the loop is."""

from __future__ import annotations

import getpass
import json
import shutil
from collections.abc import Callable
from typing import Annotated

import typer

from livhana_assets.cli.errors import Failed, exit_code, sentence
from livhana_assets.cli.tables import print_json, print_rows, say
from livhana_assets.cli.tools_of_tests import command_not_found, packages_not_found
from livhana_assets.cli.turns import NO_NODE, node_is_missing
from livhana_assets.loop.outcomes.metrics import COUNTERS, improvement_counters
from livhana_assets.loop.proposals.audit import export, verify
from livhana_assets.loop.proposals.wording import counted
from livhana_assets.wiring import Loop, now


def add_to(app: typer.Typer) -> None:
    for command in (doctor, metrics, audit, pause, resume, down):
        app.command()(command)


def doctor(as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False) -> None:
    """Check configuration, warehouse, Redis, analyst, sandbox and target; says how to mend each. Exit 1 where one is not well."""
    loop = Loop()
    rows = [_look(name, look) for name, look in _checks(loop)]
    print_json(rows) if as_json else print_rows(rows)
    if any(row["state"] != "well" for row in rows):
        raise typer.Exit(1)


def _checks(loop: Loop) -> tuple[tuple[str, Callable[[], str]], ...]:
    return (
        (
            "configuration",
            lambda: f"home {loop.home}, {'on' if loop.settings.enabled else 'schedules and sensors off'}",
        ),
        ("warehouse", lambda: _warehouse(loop)),
        (
            "store",
            lambda: (
                f"{counted(len(loop.store.proposals()), 'proposal')}, audit of {verify(loop.store.audit())} lines holds"
            ),
        ),
        ("redis", lambda: _redis(loop)),
        ("analyst", lambda: _analyst(loop)),
        ("sandbox", lambda: _sandbox(loop)),
        ("target", lambda: f"{loop.target.location} at {loop.base()[:12]}"),
        ("tests", lambda: _tests(loop)),
        ("node", lambda: _node(loop)),
    )


def _look(name: str, look: Callable[[], str]) -> dict[str, str]:
    try:
        return {"part": name, "state": "well", "found": look()}
    except Exception as error:
        if exit_code(error) is None:
            raise
        return {"part": name, "state": "not well", "found": sentence(error)}


def _warehouse(loop: Loop) -> str:
    rows = loop.warehouse.query("select count(*) as n from logs.error_logs").to_pylist()[0]["n"]
    return f"{loop.settings.warehouse}, {rows} error rows"


def _redis(loop: Loop) -> str:
    found = loop.redis_weaknesses()
    if found:
        raise Failed(" ".join(found))
    return "keeps every acknowledged decision"


def _analyst(loop: Loop) -> str:
    """Asks the way to the models whether it holds, at no cost. Raises ModelFailed where the key or a model is wrong."""
    if loop.claude_analyst is None:
        return "rules: works without a key"
    from livhana_assets.adapters.claude_analyst.client import look_at

    models = (loop.settings.model_analysis, loop.settings.model_screening)
    found = look_at(loop.claude_access, models)
    return (
        f"rules, then Claude where no rule's fix is proved: {found}; at most ${loop.settings.daily_budget_usd:g} a day"
    )


def _sandbox(loop: Loop) -> str:
    canaries = loop.sandbox.canaries()
    return f"{loop.sandbox.level}, {sum(c.held for c in canaries)} of {len(canaries)} canaries held"


def _node(loop: Loop) -> str:
    if loop.settings.target_repo and node_is_missing(loop):
        raise Failed(f"{NO_NODE}.")
    if loop.settings.target_repo and (absent := packages_not_found(loop, loop.base())):
        raise Failed(
            f"The sandbox does not see {counted(len(absent), 'Node package')} that the target imports, "
            f"{', '.join(absent[:5])}: run `npm install` in a checkout of it, and name its node_modules in "
            "IMPROVEMENT_SANDBOX_READABLE."
        )
    return shutil.which("node") or "not found, and not needed: JavaScript fixes need Node 18 or newer on PATH"


def _tests(loop: Loop) -> str:
    base = loop.base()
    runners = loop.runners(base)
    if not runners:
        raise Failed(
            "The target has no tests that are known: add pytest or node --test tests, or set IMPROVEMENT_TEST_COMMAND."
        )
    if word := command_not_found(loop, base):
        raise Failed(
            f"There is no program {word} in the sandbox: correct IMPROVEMENT_TEST_COMMAND, or name its folder in "
            "IMPROVEMENT_SANDBOX_READABLE."
        )
    return ", ".join(runner.name for runner in runners)


def metrics(as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False) -> None:
    """The ten counters over the audit, the measured latency gains, and what models cost today."""
    loop = Loop()
    counters = improvement_counters(tuple(loop.store.audit()), loop.store.proposals())
    counters |= loop.spend_figures(now().date())
    if as_json:
        print_json(counters)
        return
    print_rows(
        [
            {"counter": name, "value": value, "meaning": COUNTERS[name].definition if name in COUNTERS else ""}
            for name, value in counters.items()
        ]
    )


def audit(
    what: Annotated[str, typer.Argument(help="list, verify or export")] = "list",
    as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
) -> None:
    """Who did what, when; `verify` checks the hash chain, `export` prints it whole as JSON lines."""
    if what not in ("list", "verify", "export"):
        raise typer.BadParameter("say list, verify or export", param_hint="WHAT")
    entries = tuple(Loop().store.audit())
    if what == "verify":
        say(f"The audit's {verify(entries)} lines hold.")
    elif as_json:
        print_json([json.loads(line) for line in export(entries)])
    elif what == "export":
        for line in export(entries):
            print(line)
    else:
        print_rows(
            [
                {"#": e.sequence, "at": e.at, "who": e.actor, "what": e.action, "proposal": e.proposal_id}
                for e in entries
            ]
        )


def pause() -> None:
    """Stop everything that drafts, executes, spends or lands, until `livhana resume`."""
    Loop().store.pause(True, actor=getpass.getuser())
    say("Paused: nothing drafts, executes, spends or lands.")


def resume() -> None:
    """Take up work again."""
    Loop().store.pause(False, actor=getpass.getuser())
    say("Resumed.")


def down() -> None:
    """Stop the `livhana up` of this LIVHANA_HOME, and its embedded Redis."""
    from livhana_assets.adapters.embedded_redis import stop_embedded_redis
    from livhana_assets.adapters.running_up import NotOurs, stop_up

    loop = Loop()
    try:
        if stop_up(loop.home):
            say("`livhana up` is stopped.")
    except NotOurs as why:
        raise Failed(str(why)) from None
    if loop.settings.redis_url:
        say("REDIS_URL is set: that server is not ours to stop.")
        return
    stopped = stop_embedded_redis(loop.home / "redis")
    say("The embedded Redis is stopped; its data stays." if stopped else "No embedded Redis was running.")
