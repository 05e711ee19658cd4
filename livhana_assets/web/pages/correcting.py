"""What the forms of a pattern's page do: merge it with another, or split a template off."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from livhana_assets.loop.review.correcting import Corrected, merge_patterns, split_pattern
from livhana_assets.loop.review.correcting import Person as Corrector
from livhana_assets.loop.review.decisions import DigestChanged
from livhana_assets.web.desk import Desk, LaunchFailed, require
from livhana_assets.web.pages.deciding import CHANGED, TOLD_ON_THE_PAGE, WORDS_AT_MOST, NoReason, TooLong, posted
from livhana_assets.web.pages.forms import Form
from livhana_assets.web.pages.pattern import pattern_page, read_sheet, stamp_of
from livhana_assets.web.pages.press import Press, person_of, status_of
from livhana_assets.web.people import Person, Role

Correct = Callable[[Desk, Corrector, str, Form], tuple[Corrected, str]]
"""Carries a correction out; the pattern whose page it leads to."""


def routes(press: Press) -> list[BaseRoute]:
    corrections: Mapping[str, tuple[Correct, str]] = {"merge": (_merge, "merged"), "split": (_split, "split")}
    return [
        Route(
            f"/review/patterns/{{pattern_id}}/{name}",
            posted(press, _correcting(press, correct, told)),
            methods=["POST"],
        )
        for name, (correct, told) in corrections.items()
    ]


def _correcting(press: Press, correct: Correct, told: str) -> Callable[[Request, Form], Response]:
    def act(request: Request, form: Form) -> Response:
        pattern_id = request.path_params["pattern_id"]
        try:
            corrector = _corrector(press.desk, person_of(request), pattern_id, form)
            done, after = correct(press.desk, corrector, pattern_id, form)
        except TOLD_ON_THE_PAGE as error:
            status = 422 if isinstance(error, NoReason | TooLong) else status_of(error)
            typed = form.get("reason", "")[:WORDS_AT_MOST]
            return pattern_page(press, request, pattern_id, status=status, told=str(error), typed=typed)
        word = told if group_again(press.desk, done.days) else "later"
        return RedirectResponse(f"/review/patterns/{after}?told={word}", 303, {"Cache-Control": "no-store"})

    return act


def _corrector(desk: Desk, person: Person, pattern_id: str, form: Form) -> Corrector:
    """Every correction is of the pattern that the person had on the screen. Raises Refused."""
    require(person, Role.reviewer)
    reason = form.get("reason", "").strip()
    if not reason:
        raise NoReason("A correction needs a reason: say why; it stands beside the pattern from now on.")
    if len(reason) > WORDS_AT_MOST:
        raise TooLong(f"That is longer than {WORDS_AT_MOST} characters: say it shorter.")
    if form.get("digest", "") != stamp_of(read_sheet(desk, pattern_id)):
        raise DigestChanged(CHANGED)
    return Corrector(person.name, desk.clock(), reason, "pages", person.origin)


def _merge(desk: Desk, corrector: Corrector, pattern_id: str, form: Form) -> tuple[Corrected, str]:
    into = form.get("into", "")
    return merge_patterns(desk.loop.store, desk.loop.warehouse, pattern_id, into, corrector), into


def _split(desk: Desk, corrector: Corrector, pattern_id: str, form: Form) -> tuple[Corrected, str]:
    template = form.get("template", "")
    return split_pattern(desk.loop.store, desk.loop.warehouse, pattern_id, template, corrector), pattern_id


def group_again(desk: Desk, days: Sequence[date]) -> bool:
    """Start a run over the days; whether it could be started. Where it could not, they stay due for the next one."""
    if not days:
        return True
    first, last = days[0].isoformat(), days[-1].isoformat()
    tags = {"dagster/asset_partition_range_start": first, "dagster/asset_partition_range_end": last}
    try:
        desk.launcher.launch("daily_improvement", {"dagster/partition": first} if first == last else tags)
    except LaunchFailed:
        return False
    return True
