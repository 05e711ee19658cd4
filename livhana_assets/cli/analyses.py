"""`livhana analyze`: the five analyses, each from the traces of the last thirty days, and `show` of what they find."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Annotated, Any

import typer

from livhana_assets.cli.model_calls import print_model_calls, with_model_calls
from livhana_assets.cli.tables import out, print_json, print_rows, printable, say
from livhana_assets.cli.turns import first_due, pattern_rows, settle, start_job, turn_daily
from livhana_assets.loop.patterns.model import Value
from livhana_assets.loop.proposals.wording import counted
from livhana_assets.loop.review.correcting import NoSuchPattern
from livhana_assets.wiring import Loop, now

WINDOW_DAYS = 30
SHOWN = 20
KINDS = ("bugs", "performance", "learning", "features", "quality")


@dataclass(frozen=True)
class Found:
    """What an analysis has: whole values for machines, short rows for people, and the sentence above them."""

    told: str
    values: Sequence[Any]
    rows: Sequence[Mapping[str, object]]


def add_to(app: typer.Typer) -> None:
    app.command()(analyze)


def analyze(
    what: Annotated[str, typer.Argument(help=f"{', '.join(KINDS)}; default: all five")] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="look at nothing anew and draft nothing: say what is known")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
) -> None:
    """Look at the traces of the last thirty days, as far as they are new, and list what keeps happening; of crashes draft proposals too."""
    if what and what not in KINDS:
        raise typer.BadParameter(f"say {', '.join(KINDS[:-1])} or {KINDS[-1]}", param_hint="WHAT")
    chosen, loop = (what,) if what else KINDS, Loop()
    if not dry_run:
        _look(loop, chosen)
    found = {kind: FINDERS[kind](loop) for kind in chosen}
    asks = dry_run and "bugs" in chosen
    if asks:
        found["bugs"] = replace(found["bugs"], values=with_model_calls(loop, found["bugs"].values))
    if as_json:
        values = {kind: list(one.values) for kind, one in found.items()}
        print_json(values[what] if what else values)
        return
    for kind, one in found.items():
        out.print(f"{kind}: {printable(one.told)}", style="bold", markup=False)
        if one.rows:
            print_rows(one.rows[:SHOWN])
        if len(one.rows) > SHOWN:
            say(f"and {len(one.rows) - SHOWN} more: `livhana analyze {kind} --dry-run --json`")
    if asks:
        print_model_calls(loop, found["bugs"].values)


def _look(loop: Loop, chosen: Sequence[str]) -> None:
    """The runs that bring the chosen patterns up to date; days without new rows cost nothing."""
    if {"bugs", "quality"} & set(chosen):
        loop.base()
        settle(loop)
    if set(chosen) - {"quality"}:
        today = now().date()
        turn_daily(loop, first_due(loop, today), today)
    if "bugs" in chosen:
        start_job(loop, "draft_proposals")
    elif "quality" in chosen:
        start_job(loop, "analyze_quality")


def _bugs(loop: Loop) -> Found:
    rows = pattern_rows(loop)
    return Found(counted(len(rows), "pattern") + " of crashes", rows, rows)


def _performance(loop: Loop) -> Found:
    from livhana_assets.loop.patterns.performance.model import pattern_rows as values
    from livhana_assets.loop.patterns.performance.patterns import load_performance_patterns

    found = load_performance_patterns(loop.warehouse, *_window())
    rows = [
        {
            "pattern": one.pattern_id,
            "title": one.title,
            "requests": one.requests,
            "p95Ms": _rounded(one.p95_ms),
            "ratio": _rounded(one.ratio, 2),
            "since": one.changed_on,
            "suspectRelease": one.suspect_release,
        }
        for one in found
    ]
    slow = sum(one.kind == "slow" for one in found)
    return Found(f"{counted(slow, 'slow endpoint')}, {len(found) - slow} that became slower", values(found), rows)


def _learning(loop: Loop) -> Found:
    from livhana_assets.loop.patterns.interactions.findings import load_interaction_patterns

    found = load_interaction_patterns(loop.warehouse, *_window(), minimum=loop.settings.min_interactions)
    rows = [
        {
            "pattern": one.pattern_id,
            "kind": one.kind,
            "asked": one.interactions,
            "served": None if one.success.rate is None else f"{one.success.rate:.0%}",
            "title": one.title,
            "why": one.why,
        }
        for one in found.patterns
    ]
    return Found(found.told, _dumped(found.patterns), rows)


def _features(loop: Loop) -> Found:
    from livhana_assets.loop.patterns.features.findings import load_feature_patterns

    found = load_feature_patterns(loop.warehouse, *_window(), minimum=loop.settings.min_feature_requests)
    rows = [
        {
            "pattern": one.pattern_id,
            "customers": one.customers,
            "requests": one.requests,
            "value": _rounded(one.value.value, 2),
            "title": one.title,
        }
        for one in found.patterns
    ]
    return Found(found.told, _dumped(found.patterns), rows)


def _quality(loop: Loop) -> Found:
    from livhana_assets.loop.patterns.code_quality.storing import load_code_quality_patterns

    found = load_code_quality_patterns(loop.warehouse)
    rows = [
        {
            "pattern": one.pattern_id,
            "kind": one.kind.replace("_", " "),
            "title": one.title,
            "where": one.places[0].told,
            "commit": one.commit[:12],
        }
        for one in sorted(found, key=lambda one: (one.rank, one.kind))
    ]
    return Found(counted(len(found), "place") + " in the code that may bring the next fault", _dumped(found), rows)


FINDERS: dict[str, Callable[[Loop], Found]] = {
    "bugs": _bugs,
    "performance": _performance,
    "learning": _learning,
    "features": _features,
    "quality": _quality,
}


def _window() -> tuple[Any, Any]:
    today = now().date()
    return today - timedelta(days=WINDOW_DAYS - 1), today


def _dumped(values: Sequence[Value]) -> list[dict[str, Any]]:
    return [one.model_dump(mode="json", by_alias=True) for one in values]


def _rounded(value: float | None, digits: int = 0) -> float | None:
    return None if value is None else round(value, digits)


# --- livhana show performance-…, interaction-…, feature-…, quality-… --------------------------------------------------

PREFIXES = {"performance": "performance", "interaction": "learning", "feature": "features", "quality": "quality"}


def is_finding(name: str) -> bool:
    """Whether a name is a pattern's of one of the analyses other than that of crashes: proposals end in ten digits, those in twelve hexadecimal ones."""
    kind, _, rest = name.partition("-")
    return kind in PREFIXES and len(rest) == 12


def show_finding(loop: Loop, name: str, *, as_json: bool) -> None:
    """Raises NoSuchPattern."""
    kind = PREFIXES[name.partition("-")[0]]
    value = next((one for one in FINDERS[kind](loop).values if one["patternId"] == name), None)
    if value is None:
        raise NoSuchPattern(f"There is no {name}: `livhana analyze {kind} --dry-run` lists what there is.")
    if as_json:
        print_json(value)
        return
    out.rule(printable(str(value.get("title", name))), align="left")
    shown = {_words(key): _told(held) for key, held in value.items() if held not in (None, [], {}, "")}
    print_rows([{"what": what, "value": told} for what, told in shown.items()])


def _words(key: str) -> str:
    """`lostMs` as `lost ms`."""
    return re.sub(r"(?<=[a-z0-9])[A-Z]", lambda found: f" {found[0].lower()}", key)


def _told(held: object) -> object:
    """A value in one cell: members of a list below each other, figures rounded, a share with its bounds."""
    if isinstance(held, float):
        return round(held, 2)
    if isinstance(held, list):
        return "\n".join(str(_told(one)) for one in held[-SHOWN:])
    if not isinstance(held, dict):
        return held
    return _share(held) or ", ".join(
        f"{_words(key)} {_told(one)}" for key, one in held.items() if one not in (None, False)
    )


def _share(held: Mapping[str, Any]) -> str:
    """What a rate with its confidence bounds says; empty where it is none."""
    if held.keys() != {"hits", "of", "rate", "low", "high"} or held["rate"] is None:
        return ""
    return f"{held['hits']} of {held['of']}: {held['rate']:.0%} (95 %: {held['low']:.0%} to {held['high']:.0%})"
