"""`livhana merge`, `split`, `corrections`, `uncorrect`, and `show` of a pattern: a person says what is one crash and what is two."""

from __future__ import annotations

import getpass
from typing import Annotated

import typer

from livhana_assets.cli.tables import out, print_json, print_rows, printable, progress, say
from livhana_assets.loop.patterns.correction_rows import load_corrections
from livhana_assets.loop.patterns.corrections import pattern_id
from livhana_assets.loop.patterns.regrouping import regroup, uncorrected_days
from livhana_assets.loop.proposals.crashes import with_suspect_commit
from livhana_assets.loop.proposals.wording import counted
from livhana_assets.loop.review.correcting import Corrected, Person, merge_patterns, split_pattern, undo_correction
from livhana_assets.loop.review.pattern_sheet import PatternSheet, pattern_sheet, told
from livhana_assets.wiring import Loop, now

Reason = Annotated[str, typer.Option("--reason", help="why; it stands beside the pattern from now on")]
By = Annotated[str, typer.Option("--by", help="who decides; default: the system's user name")]
BARS = "▁▂▃▄▅▆▇█"
NAMES = 5


def add_to(app: typer.Typer) -> None:
    for command in (merge, split, corrections, uncorrect):
        app.command()(command)


def merge(
    one: Annotated[str, typer.Argument(metavar="PATTERN", help="the pattern whose errors count as the other's")],
    other: Annotated[str, typer.Argument(metavar="INTO", help="the pattern that stays")],
    reason: Reason,
    by: By = "",
) -> None:
    """Let two patterns be one, from the first day on. Its open proposal, if it has one, is superseded; no error is lost."""
    loop = Loop()
    done = merge_patterns(loop.store, loop.warehouse, one, other, _person(by, reason))
    _regrouped(loop, done)
    say(f"{one} counts as {pattern_id(done.correction.into)} now. {_back(done)}")


def split(
    one: Annotated[str, typer.Argument(metavar="PATTERN", help="the pattern that holds two things")],
    template: Annotated[str, typer.Option("--template", help="the number that `livhana show` gives it, or its key")],
    reason: Reason,
    by: By = "",
) -> None:
    """Give one template of a pattern a pattern of its own, from the first day on; no error is lost."""
    loop = Loop()
    done = split_pattern(loop.store, loop.warehouse, one, template, _person(by, reason))
    _regrouped(loop, done)
    say(f"{pattern_id(done.correction.into)} stands apart from {one} now. {_back(done)}")


def corrections(as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False) -> None:
    """Every merge, split and undoing that somebody decided, oldest first."""
    rows = [told(one).model_dump(by_alias=True) for one in load_corrections(Loop().warehouse)]
    print_json(rows) if as_json else print_rows([{k: v for k, v in row.items() if k != "templateKey"} for row in rows])


def uncorrect(
    correction: Annotated[str, typer.Argument(help="a correction's id, from `livhana corrections`")],
    reason: Reason,
    by: By = "",
) -> None:
    """Take a merge or a split back: every error goes where it would be without it."""
    loop = Loop()
    done = undo_correction(loop.store, loop.warehouse, correction, _person(by, reason))
    _regrouped(loop, done)
    say(f"{correction} is taken back.")


def _person(by: str, reason: str) -> Person:
    return Person(by or getpass.getuser(), now(), reason, "cli")


def _regrouped(loop: Loop, done: Corrected) -> None:
    """Also the days that an earlier correction was cut off from."""
    days = sorted({*done.days, *uncorrected_days(loop.warehouse)})
    with progress("Grouping the days again", len(days), "days") as step:
        regroup(loop.warehouse, days, step)
    if days:
        say(f"{counted(len(days), 'day')} grouped again, {days[0]} to {days[-1]}; no error was lost.")
    for proposal in done.superseded:
        say(f"{proposal} is superseded: its pattern is gone.")


def _back(done: Corrected) -> str:
    return f"Take it back with `livhana uncorrect {done.correction.correction_id} --reason TEXT`."


# --- livhana show error-… --------------------------------------------------------------------------------------------


def show_pattern(loop: Loop, name: str, *, as_json: bool) -> None:
    """Raises NoSuchPattern."""
    sheet = pattern_sheet(loop.warehouse, loop.store, loop.holds, name)
    if loop.settings.target_repo:
        found = with_suspect_commit(sheet.pattern, loop.target, loop.base())
        sheet = sheet.model_copy(update={"pattern": found})
    print_json(sheet.model_dump(mode="json", by_alias=True)) if as_json else _print(sheet)


def _print(sheet: PatternSheet) -> None:
    state = sheet.state.state.replace("_", " ") if sheet.state else "state not known"
    out.rule(
        f"{sheet.pattern.pattern_id}  ·  {state}  ·  {counted(sheet.pattern.occurrences, 'occurrence')}", align="left"
    )
    out.print(printable(sheet.pattern.title), markup=False)
    print_rows([{"what": what, "found": found} for what, found in _facts(sheet) if found])
    print_rows(
        [
            {
                "": one.number,
                "rows": one.occurrences,
                "rule": one.rule,
                "template": one.template,
                "key": one.template_key[:12],
            }
            for one in sheet.explanation.templates
        ],
        "Which rule joined what",
    )
    if sheet.explanation.more_templates:
        more = counted(sheet.explanation.more_templates, "more template")
        out.print(f"and {more} with {counted(sheet.explanation.more_occurrences, 'row')}")
    if sheet.corrections:
        rows = [
            {"correction": c.correction_id, "what": c.kind, "pattern": c.pattern, "into": c.into, "by": c.decided_by, "why": c.reason}
            for c in sheet.corrections
        ]  # fmt: skip
        print_rows(rows, "Corrections")


def _facts(sheet: PatternSheet) -> list[tuple[str, str]]:
    pattern, suspect, release = sheet.pattern, sheet.pattern.suspect, sheet.suspect_release
    return [
        ("state", sheet.state.why if sheet.state else ""),
        ("customers", f"{pattern.customers:,}"),
        ("first seen", pattern.first_seen.isoformat(timespec="seconds")),
        ("last seen", pattern.last_seen.isoformat(timespec="seconds")),
        ("trend", f"{sparkline(sheet.trend)}  {len(sheet.trend)} days to {pattern.days[-1].day}, at most {max(sheet.trend):,} a day"),
        ("endpoints", ", ".join(f"{one.name} ({one.occurrences})" for one in pattern.endpoints[:NAMES])),
        ("releases", ", ".join(f"{one.name[:40]} ({one.occurrences})" for one in pattern.releases[:NAMES])),
        ("suspect release", f"{release.name[:40]}, first seen {release.first_seen:%Y-%m-%d %H:%M}" if release else ""),
        ("suspect commit", f"{suspect.commit[:12]} {suspect.summary} ({suspect.author})" if suspect else ""),
    ]  # fmt: skip


def sparkline(counts: tuple[int, ...]) -> str:
    """One sign for each day; a day without any is a dot."""
    most = max(counts, default=0)
    return "".join(BARS[(len(BARS) * count - 1) // most] if count else "·" for count in counts)
