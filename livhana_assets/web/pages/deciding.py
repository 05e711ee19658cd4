"""What a person's forms do: approve, reject, accept, attach, draft, execute, revert, analyze, pause, resume. Each answer leads back to a page, or shows one with the reason why not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from livhana_assets.loop.proposals.lifecycle import IllegalTransition
from livhana_assets.loop.proposals.model import Status
from livhana_assets.loop.proposals.ports import SandboxUnavailable, StaleVersion, TargetError
from livhana_assets.loop.review.decisions import DigestChanged, Refused
from livhana_assets.loop.sources.ports import WarehouseError
from livhana_assets.web.desk import LONGEST_PATCH, Desk, LaunchFailed, NotAllowed, PatchTooLong
from livhana_assets.web.pages.counting import Counting
from livhana_assets.web.pages.forms import FORM_BYTES, Form, read_form
from livhana_assets.web.pages.press import Endpoint, Press, person_of, status_of
from livhana_assets.web.pages.proposal import proposal_page
from livhana_assets.web.people import Person, Role
from livhana_assets.web.sessions import is_form_token
from livhana_assets.wiring import NotConfigured

PATCH_BYTES = 4 * LONGEST_PATCH
"""A character is at most four bytes in a file, and three where a form writes it by its number."""
WORDS_AT_MOST = 4000
CHANGED = "It changed since you saw it, so nothing was decided. This is how it stands now: read it and decide again."
NOT_OURS = "This form is not from a page of yours, so nothing was changed: load the page again and use its form."

TOLD_ON_THE_PAGE = (
    Refused, StaleVersion, IllegalTransition, LaunchFailed, NotConfigured, TargetError, SandboxUnavailable, WarehouseError,
)  # fmt: skip
Decide = Callable[[Desk, Person, str, Form], str]
"""Carries a decision out; the page that it leads to, below the proposals."""


class TooLong(Refused):
    """More words than a decision holds."""


class NoReason(Refused):
    """A rejection without its reason."""


class NoPatch(Refused):
    """A form for a patch without one that can be read."""


def routes(press: Press, counting: Counting) -> list[BaseRoute]:
    decisions: Mapping[str, Decide] = {
        "approve": _approve,
        "reject": _reject,
        "accept": _accept,
        "attach": _attach,
        "draft": _draft,
        "execute": _execute,
        "revert": _revert,
    }
    return [
        *(
            Route(
                f"/review/proposals/{{proposal_id}}/{name}",
                posted(press, _deciding(press, counting, decide), PATCH_BYTES if name == "attach" else FORM_BYTES),
                methods=["POST"],
            )
            for name, decide in decisions.items()
        ),
        Route("/review/analyze", posted(press, _analyzing(press)), methods=["POST"]),
        Route("/review/pause", posted(press, _pausing(press, True)), methods=["POST"]),
        Route("/review/resume", posted(press, _pausing(press, False)), methods=["POST"]),
    ]


def posted(press: Press, act: Callable[[Request, Form], Response], limit: int = FORM_BYTES) -> Callable[[Request], Any]:
    """Reads the form and lets it act only where it carries the person's own token."""

    async def post(request: Request) -> Response:
        form = await read_form(request, limit)
        if form is None:
            return press.sentence(request, 413, f"That was more than a form holds ({limit} bytes): say it shorter.")
        if not is_form_token(press.key, person_of(request).name, form.get("form_token", "")):
            return press.sentence(request, 403, NOT_OURS)
        answered: Endpoint = press.spoken(lambda asked: act(asked, form))
        return await run_in_threadpool(answered, request)

    return post


def _deciding(press: Press, counting: Counting, decide: Decide) -> Callable[[Request, Form], Response]:
    def act(request: Request, form: Form) -> Response:
        proposal_id = request.path_params["proposal_id"]
        try:
            after = _decided(press.desk, person_of(request), proposal_id, form, decide)
        except TOLD_ON_THE_PAGE as error:
            told = CHANGED if isinstance(error, DigestChanged | StaleVersion) else str(error)
            status = 422 if isinstance(error, NoReason | TooLong | NoPatch | PatchTooLong) else status_of(error)
            return proposal_page(
                press, counting, request, proposal_id, status=status, told=told, typed=_words(form)[:WORDS_AT_MOST],
                patch=_patch(form)[:LONGEST_PATCH],
            )  # fmt: skip
        return RedirectResponse(f"/review/proposals/{after}", 303, {"Cache-Control": "no-store"})

    return act


def _decided(desk: Desk, person: Person, proposal_id: str, form: Form, decide: Decide) -> str:
    """Every decision is on the digest that the person had on the screen."""
    if not person.may(Role.reviewer):
        raise NotAllowed(f"Deciding needs the role reviewer; yours is {person.role.name}.")
    if len(_words(form)) > WORDS_AT_MOST:
        raise TooLong(f"That is longer than {WORDS_AT_MOST} characters: say it shorter.")
    if form.get("digest", "") != desk.proposal(proposal_id).digest:
        raise DigestChanged(CHANGED)
    return decide(desk, person, proposal_id, form)


def _approve(desk: Desk, person: Person, proposal_id: str, form: Form) -> str:
    comment = form.get("comment", "").strip()
    desk.approve(person, proposal_id, digest=form.get("digest", ""), comment=comment, door="pages")
    return f"{proposal_id}?told=approved"


def _reject(desk: Desk, person: Person, proposal_id: str, form: Form) -> str:
    reason = form.get("reason", "").strip()
    if not reason:
        raise NoReason("A rejection needs a reason: say why; it is remembered for the next time.")
    desk.reject(person, proposal_id, reason=reason, digest=form.get("digest", ""))
    return f"{proposal_id}?told=rejected"


def _accept(desk: Desk, person: Person, proposal_id: str, form: Form) -> str:
    desk.accept(person, proposal_id, digest=form.get("digest", ""))
    return f"{proposal_id}?told=accepted"


def _attach(desk: Desk, person: Person, proposal_id: str, form: Form) -> str:
    """On the page of a specification it is accepted by the same form, which says so."""
    patch, digest = _patch(form), form.get("digest", "")
    if not patch.strip():
        raise NoPatch("There is no patch in the form: paste what `git diff` printed, or choose its file.")
    if not patch.isascii() and patch != patch.encode("utf-8", "replace").decode():
        raise NoPatch(f"The file is not in UTF-8: `livhana attach {proposal_id} FILE` takes it as it is.")
    if len(patch) <= LONGEST_PATCH and desk.proposal(proposal_id).status is Status.SPECIFIED:
        desk.accept(person, proposal_id, digest=digest)
    desk.attach(person, proposal_id, patch=patch, digest=digest, door="pages")
    return f"{proposal_id}?told=proving"


def _draft(desk: Desk, person: Person, proposal_id: str, form: Form) -> str:
    """On the page of a specification it is accepted by the same form, which says so; not where there is no agent."""
    digest = form.get("digest", "")
    if desk.loop.has_agent and not desk.paused() and desk.proposal(proposal_id).status is Status.SPECIFIED:
        desk.accept(person, proposal_id, digest=digest)
    desk.draft(person, proposal_id, digest=digest, door="pages")
    return f"{proposal_id}?told=drafting"


def _execute(desk: Desk, person: Person, proposal_id: str, form: Form) -> str:
    desk.execute(person, proposal_id)
    return f"{proposal_id}?told=started"


def _revert(desk: Desk, person: Person, proposal_id: str, form: Form) -> str:
    """Leads to the reversal where one stands already; else back, to wait until it is proved."""
    standing = desk.revert(person, proposal_id, reason=form.get("reason", "").strip(), door="pages")
    return f"{standing.id}?told=reversal" if standing else f"{proposal_id}?told=reverting"


def _analyzing(press: Press) -> Callable[[Request, Form], Response]:
    """Leads to the queue, which names the run: what it finds will stand there."""

    def act(request: Request, form: Form) -> Response:
        run_id = press.desk.analyze(person_of(request))
        return RedirectResponse(f"/review?{urlencode({'run': run_id})}", 303, {"Cache-Control": "no-store"})

    return act


def _pausing(press: Press, paused: bool) -> Callable[[Request, Form], Response]:
    def act(request: Request, form: Form) -> Response:
        press.desk.pause(person_of(request), paused)
        return RedirectResponse("/review", 303, {"Cache-Control": "no-store"})

    return act


def _words(form: Form) -> str:
    return form.get("reason", "") or form.get("comment", "")


def _patch(form: Form) -> str:
    """The chosen file, else what was pasted, whose last line may lack its end."""
    pasted = form.get("patch", "")
    return form.get("file", "") or (pasted if not pasted.strip() or pasted.endswith("\n") else f"{pasted}\n")
