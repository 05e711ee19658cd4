"""What a reviewer can do: approve, reject, accept, attach, execute, analyze. Each change carries who, from where and by which door."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Body, Header, Request
from starlette.responses import JSONResponse, Response

from livhana_assets.loop.proposals.lifecycle import IllegalTransition
from livhana_assets.loop.proposals.model import Proposal
from livhana_assets.web.api import models
from livhana_assets.web.api.problems import DECIDING, KNOWN, documented, problem_of, status_of
from livhana_assets.web.api.repeats import SERVER_ERROR, Answer, once
from livhana_assets.web.api.repeats import Request as Keyed
from livhana_assets.web.desk import RUNS, Desk, require
from livhana_assets.web.people import Person, Role

DOOR = "api"
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        max_length=255,
        pattern=r"^[!-~]+$",
        description="the same key with the same request gets the same answer again, for 30 days; with another request 422",
    ),
]
BODILESS = documented(400, 401, 403, 404, 409, 422, 429, 503)
ANALYZING = documented(400, 401, 403, 409, 413, 422, 429, 503)
DRY: dict[int | str, dict[str, Any]] = {200: {"model": models.DryRun, "description": "A dry run: nothing was drafted."}}


def deciding(desk: Desk) -> APIRouter:
    router = APIRouter(tags=["deciding"])

    def answered(request: Request, key: str | None, asked: Any, perform: Callable[[Person], Answer]) -> Response:
        """Roles first, then the key, then the change."""
        person: Person = request.state.person
        require(person, Role.reviewer)
        keyed = Keyed(person.name, key, [request.url.path, asked])
        answer = once(desk.loop.store, desk.clock(), keyed, lambda: _told(lambda: perform(person)))
        media = "application/problem+json" if answer.status >= 400 else "application/json"
        return JSONResponse(answer.body, status_code=answer.status, media_type=media)

    @router.post("/proposals/{proposal_id}/approve", response_model=models.Decided, responses=DECIDING)
    def approve(
        request: Request, proposal_id: models.ProposalId, body: models.Approve, key: IdempotencyKey = None
    ) -> Response:
        """Say yes to exactly the digest that you saw. It is carried out at once where the loop is set so."""

        def perform(person: Person) -> Answer:
            return _decided(
                desk.approve(person, proposal_id, digest=body.digest, comment=body.comment, door=DOOR), "approved"
            )

        return answered(request, key, body.model_dump(), perform)

    @router.post("/proposals/{proposal_id}/reject", response_model=models.Decided, responses=DECIDING)
    def reject(
        request: Request, proposal_id: models.ProposalId, body: models.Reject, key: IdempotencyKey = None
    ) -> Response:
        """Say no, and why. The pattern is not proposed again until its evidence changes in kind."""

        def perform(person: Person) -> Answer:
            change = lambda: desk.reject(person, proposal_id, reason=body.reason, digest=body.digest)  # noqa: E731
            return _decided(_or_standing(desk, person, proposal_id, "rejected", body.reason, change), "rejected")

        return answered(request, key, body.model_dump(), perform)

    @router.post("/proposals/{proposal_id}/accept", response_model=models.Decided, responses=DECIDING)
    def accept(
        request: Request, proposal_id: models.ProposalId, body: models.Accept, key: IdempotencyKey = None
    ) -> Response:
        """Say that a specification is worth building."""

        def perform(person: Person) -> Answer:
            change = lambda: desk.accept(person, proposal_id, digest=body.digest)  # noqa: E731
            return _decided(_or_standing(desk, person, proposal_id, "accepted", "", change), "accepted")

        return answered(request, key, body.model_dump(), perform)

    @router.post("/proposals/{proposal_id}/attach", status_code=202, response_model=models.Started, responses=DECIDING)
    def attach(
        request: Request, proposal_id: models.ProposalId, body: models.Attach, key: IdempotencyKey = None
    ) -> Response:
        """Start proving your own patch for an accepted specification, as every patch is proved. What holds becomes the next revision, which
        waits for its own approval; `GET …/asked` says how it ended. A refusal changes nothing."""

        def perform(person: Person) -> Answer:
            run_id = desk.attach(person, proposal_id, patch=body.patch, digest=body.digest, door=DOOR)
            return _started(RUNS["attach"], run_id)

        return answered(request, key, body.model_dump(), perform)

    @router.post("/proposals/{proposal_id}/execute", status_code=202, response_model=models.Started, responses=BODILESS)
    def execute(request: Request, proposal_id: models.ProposalId, key: IdempotencyKey = None) -> Response:
        """Start carrying out an approved proposal; the answer does not wait for the end. Nothing starts while the loop is paused."""

        def perform(person: Person) -> Answer:
            return _started("execute_proposal", desk.execute(person, proposal_id))

        return answered(request, key, None, perform)

    @router.post("/analyze", status_code=202, response_model=models.Started, responses={**DRY, **ANALYZING})
    def analyze(
        request: Request,
        body: Annotated[models.Analyze, Body()] = models.Analyze(),  # noqa: B008
        key: IdempotencyKey = None,
    ) -> Response:
        """Draft proposals for what the last thirty days show, or say with `dryRun` what would be drafted."""

        def perform(person: Person) -> Answer:
            if body.dry_run:
                return Answer(200, models.DryRun(patterns=_candidates(desk)).model_dump(mode="json", by_alias=True))
            return _started("draft_proposals", desk.analyze(person))

        return answered(request, key, body.model_dump(), perform)

    return router


def _told(perform: Callable[[], Answer]) -> Answer:
    """A refusal is an answer as well, and the same one the next time; that something is down is not."""
    try:
        return perform()
    except KNOWN as error:
        if status_of(error) >= SERVER_ERROR:
            raise
        return Answer(status_of(error), _body(problem_of(error)))


def _body(answer: Response) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(bytes(answer.body))
    return body


def _or_standing(
    desk: Desk, person: Person, proposal_id: str, action: str, detail: str, change: Callable[[], Proposal]
) -> Proposal:
    """The same person's same word again, where nothing happened since, returns what stands."""
    try:
        return change()
    except IllegalTransition:
        proposal = desk.proposal(proposal_id)
        last = proposal.history[-1:]
        if [(event.actor, event.action, event.detail) for event in last] != [(person.name, action, detail)]:
            raise
        return proposal


def _decided(proposal: Proposal, action: str) -> Answer:
    event = next(event for event in reversed(proposal.history) if event.action == action)
    decided = models.Decided(
        id=proposal.id,
        status=proposal.status,
        revision=proposal.revision,
        version=proposal.version,
        digest=proposal.digest,
        decided_by=event.actor,
        decided_at=event.at,
    )
    return Answer(200, decided.model_dump(mode="json", by_alias=True))


def _started(job: str, run_id: str) -> Answer:
    return Answer(202, models.Started(job=job, run_id=run_id).model_dump(mode="json", by_alias=True))


def _candidates(desk: Desk) -> tuple[models.Candidate, ...]:
    return tuple(
        models.Candidate(
            pattern_id=pattern.pattern_id,
            title=pattern.title,
            occurrences=pattern.occurrences,
            customers=pattern.customers,
            last_seen=pattern.last_seen,
            next=why_not or "is drafted",
        )
        for pattern, why_not in desk.patterns()
    )
