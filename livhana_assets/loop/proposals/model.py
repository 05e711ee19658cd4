"""A proposal: what could be changed, why, the patch, its proof, and everything that happened to it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

from livhana_assets.loop.patterns.model import Value

SCHEMA_VERSION = 1

ProposalType = Literal["learning", "performance", "quality", "feature", "bugfix"]
Priority = Literal["critical", "high", "medium", "low"]
LandMode = Literal["branch", "fast_forward", "pull_request"]


class Status(StrEnum):
    SPECIFIED = "specified"
    ACCEPTED = "accepted"
    DRAFTING = "drafting"
    PROPOSED = "proposed"
    APPROVED = "approved"
    EXECUTING = "executing"
    IMPLEMENTED = "implemented"
    ROLLED_BACK = "rolled_back"
    REJECTED = "rejected"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"
    IMPROVED = "improved"
    NOT_IMPROVED = "not_improved"
    INCONCLUSIVE = "inconclusive"
    REVERTED = "reverted"


class Evidence(Value):
    """One figure a reviewer sees, with the command or query that gives it again."""

    label: str
    value: str
    source: str


class Hypothesis(Value):
    """Why it happens, and the observation that would show that it does not."""

    statement: str
    refuted_by: str
    template: str = ""


class Step(Value):
    """One step of a proof or an execution: what had to happen, what did."""

    name: str
    expected: str
    observed: str
    passed: bool
    seconds: float = 0.0


class Reason(Value):
    """Why a reproducing test has to fail: the exception of production, raised in the same function of the same file."""

    error_type: str
    file: str
    function: str

    def __str__(self) -> str:
        return f"{self.error_type} in {self.function} ({self.file})"


class Proof(Value):
    """What was seen in the sandbox. `commit` is the proved commit, `tree` its content."""

    base_commit: str
    commit: str
    tree: str
    runner: str
    sandbox: str
    reason: Reason | None = None
    """None for a reversal, which brings no test of its own, and where no crash asked for the change."""
    tests: tuple[str, ...]
    """The new regression tests: failed on the base, pass with the patch, fail again on revert."""
    demanded: tuple[str, ...]
    """Ids of the existing suite that passed in both baseline runs and must pass again."""
    steps: tuple[Step, ...]

    @property
    def holds(self) -> bool:
        return bool(self.steps) and all(step.passed for step in self.steps)


class Origin(Value):
    """What a model was shown and asked when it thought of a proposal, so that an outcome can be traced to the wording."""

    model: str
    pack: str
    """sha256 of the evidence pack, which is `packs/DIGEST.json` in LIVHANA_HOME."""
    prompt: str
    """sha256 of the system prompt."""
    requests: tuple[str, ...] = ()
    """The ids that the model's server gave the requests."""


class Effect(Value):
    """Where an approved change goes."""

    repository: str
    branch: str
    land: LandMode


class Implementation(Value):
    """The change itself. `patch` is the whole of what lands, its regression tests included."""

    file: str = ""
    fix: str = ""
    code: str = ""
    optimizations: tuple[str, ...] = ()
    patch: str = ""
    base_commit: str = ""


class Gate(Value):
    """One rule that a change must satisfy, and what it said."""

    name: str
    passed: bool
    reason: str


class Approval(Value):
    """A yes to exactly one digest. Used once."""

    by: str
    digest: str
    approved_at: datetime
    expires_at: datetime
    comment: str = ""
    door: str = "cli"
    """Where the decision came in: cli, api, pages, dagster, policy."""


class Claim(Value):
    """Who carries a proposal out. `fence` is the proposal's version at the claim; a later version fences the claimant out."""

    run_id: str
    claimed_at: datetime
    fence: int


class Landing(Value):
    """The ref update that made an approved change real."""

    commit: str
    branch: str
    previous: str
    """The branch's commit before, 40 zeros where the branch was new."""
    landed_at: datetime


class PullRequest(Value):
    """Where an approved change waits for somebody to merge it."""

    number: int
    url: str
    branch: str
    commit: str
    """The branch's commit that was looked at last."""
    revision: int
    """The proposal's revision that it shows; a later one has to be approved and carried out first."""
    state: Literal["open", "merged", "closed"] = "open"
    merge_commit: str = ""


class Verdict(Value):
    """Whether it helped, and the figures that say so."""

    result: Literal["improved", "not_improved", "inconclusive", "waiting"]
    reason: str
    measured_at: datetime
    figures: Mapping[str, float | int | str | None] = {}


class Event(Value):
    """One line of a proposal's history."""

    at: datetime
    actor: str
    action: str
    status: Status
    detail: str = ""


class Proposal(Value):
    """A frozen snapshot; `version` counts every change of it, `revision` only those of what would be approved."""

    id: str
    type: ProposalType
    status: Status
    revision: int = 1
    version: int = 1
    priority: Priority = "medium"
    title: str
    description: str
    specification: str = ""
    pattern_id: str
    analyst: str = "rules"
    template: str = ""
    hypotheses: tuple[Hypothesis, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    implementation: Implementation = Implementation()
    tests: tuple[str, ...] = ()
    proof: Proof | None = None
    gates: tuple[Gate, ...] = ()
    effect: Effect | None = None
    policy_version: str = ""
    requires_approval: bool = True
    auto_fix_eligible: bool = False
    critical: bool = False
    metrics: Mapping[str, float | None] = {}
    unproved_reason: str = ""
    """Why there is no patch, for a specification."""
    created_at: datetime
    approval: Approval | None = None
    claim: Claim | None = None
    landing: Landing | None = None
    verdict: Verdict | None = None
    pull_request: PullRequest | None = None
    reverts: str = ""
    """The landed commit that this change takes back, for a reversal."""
    origin: Origin | None = None
    """None where rules or a person thought of it."""
    history: tuple[Event, ...] = ()
    schema_version: int = SCHEMA_VERSION

    @property
    def waits_for_merge(self) -> bool:
        """Carried out as far as the loop goes: the approved revision is in an open pull request."""
        shown = self.pull_request
        return shown is not None and shown.state == "open" and shown.revision == self.revision

    @property
    def digest(self) -> str:
        """sha256 over everything an approval is of (DESIGN §4.4). Status, history and later occurrences are not in it."""
        return digest_of(self)


DIGESTED = (
    "id", "type", "revision", "title", "description", "specification", "implementation", "tests", "proof", "evidence",
    "policyVersion", "effect", "reverts",
)  # fmt: skip


def digest_of(proposal: Proposal) -> str:
    whole = proposal.model_dump(mode="json", by_alias=True)
    return hashlib.sha256(canonical_json({name: whole[name] for name in DIGESTED})).hexdigest()


def canonical_json(value: Any) -> bytes:
    """One byte string per value: sorted keys, no spaces, UTF-8."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode(
        "utf-8", "surrogatepass"
    )
