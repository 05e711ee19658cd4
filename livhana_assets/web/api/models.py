"""What requests and answers of the API look like: camelCase, and nothing in a request that nobody knows."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, StringConstraints, computed_field, create_model
from pydantic.alias_generators import to_camel

from livhana_assets.loop.outcomes.metrics import COUNTERS
from livhana_assets.loop.patterns.model import Value
from livhana_assets.loop.proposals.model import Proposal, Status
from livhana_assets.web.desk import LONGEST_PATCH

TEXT = r"[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*"
ProposalId = Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,32}-[0-9a-z]{1,64}$")]
Digest = Annotated[
    str, Field(pattern=r"^[0-9a-f]{64}$", description="`digest` of the proposal, as it stood when you read it")
]


class Asked(Value):
    """A request's body. A name that the API does not know is refused, so that a misspelt one is not ignored."""

    model_config = ConfigDict(
        frozen=True, alias_generator=to_camel, populate_by_name=True, extra="forbid", hide_input_in_errors=True
    )


class Approve(Asked):
    digest: Digest
    comment: str = Field("", max_length=2000, pattern=f"^{TEXT}$", description="kept with the approval")


class Reject(Asked):
    digest: Digest
    reason: str = Field(
        min_length=1,
        max_length=2000,
        pattern=rf"^{TEXT}[^\s\x00-\x1f\x7f]{TEXT}$",
        description="why; drafting remembers it",
    )


class Accept(Asked):
    digest: Digest


class Attach(Asked):
    digest: Digest
    patch: str = Field(
        min_length=1,
        max_length=LONGEST_PATCH,
        description="what `git diff` printed on the branch to improve, with a new test in it",
    )


class Analyze(Asked):
    dry_run: bool = Field(False, strict=True, description="say what would be drafted, draft nothing")


class ShownProposal(Proposal):
    """A proposal with the digest that a decision has to name."""

    @computed_field(description="sha256 over everything that an approval is of")  # type: ignore[prop-decorator]
    @property
    def digest(self) -> str:
        return Proposal.model_construct(**self.__dict__).digest


def shown(proposal: Proposal) -> dict[str, Any]:
    """The JSON of ShownProposal."""
    return {**proposal.model_dump(mode="json", by_alias=True), "digest": proposal.digest}


class Page(Value):
    """Proposals, newest first."""

    proposals: tuple[ShownProposal, ...]
    next: str | None = Field(description="where the next page is; null on the last one")


class Decided(Value):
    """How a proposal stands after a decision."""

    id: str
    status: Status
    revision: int
    version: int
    digest: str
    decided_by: str
    decided_at: datetime


class Started(Value):
    """A run that was started; it goes on by itself, and the Dagster UI shows it."""

    job: str
    run_id: str


class Asking(Value):
    """What was last asked for about a proposal that takes a while, and how it ended."""

    kind: Literal["attach", "revert", "draft"]
    by: str
    asked_at: datetime
    state: Literal["proving", "proved", "refused"]
    told: str = Field(
        description="how it ended, in one sentence: where it was refused, which gate or which step of the proof spoke"
    )
    leads_to: str = Field(
        description="the proposal that came of it and waits for a decision; empty where there is none"
    )


class Candidate(Value):
    """A pattern, and what drafting would do with it."""

    pattern_id: str
    title: str
    occurrences: int
    customers: int
    last_seen: datetime
    next: str = Field(description="`is drafted`, or why not")


class DryRun(Value):
    patterns: tuple[Candidate, ...]


class Health(Value):
    """Answered where store and warehouse answer; else a 503 says which does not."""

    status: Literal["ok"]
    store: str
    warehouse: str
    paused: bool
    version: str


MEASURED = {
    "responseTimeReducedMs": "Milliseconds that measured performance changes took off, together.",
    "endpointsOptimized": "Endpoints with a performance change that was measured as improved.",
    "averageImprovementMs": "Milliseconds that a measured performance change took off, on average.",
}
SPEND = {
    "spentTodayUsd": "Dollars that model calls cost today (UTC), those that may have been billed at their worst.",
    "budgetUsd": "Dollars that a day's model calls may cost at most.",
}
MEANINGS = {**{name: counter.definition for name, counter in COUNTERS.items()}, **MEASURED, **SPEND}
_fields: dict[str, Any] = {
    name: (int if name in COUNTERS else float, Field(description=meaning)) for name, meaning in MEANINGS.items()
}
Metrics = create_model(
    "Metrics", __doc__="The ten counters over the audit, what was measured, and what models cost today.", **_fields
)


class Trouble(Value):
    """One part of a request that does not fit."""

    where: str
    what: str


class Problem(Value):
    """Any error (RFC 9457). `detail` is one sentence that says what to do."""

    type: str
    title: str
    status: int
    detail: str
    errors: tuple[Trouble, ...] = ()
    checks: dict[str, str] = {}
