"""The runs that carry out what a person asked for on a page: proving takes seconds to a minute, and a run outlives both the request and `livhana up`.

A run of Dagster rather than a thread of the web process: it is queued where others are, is carried out on whatever machine carries out runs, is not
lost when `up` is stopped while it waits, and its log says what was tried."""

from collections.abc import Callable, Mapping

import dagster as dg

from livhana_assets.automation.jobs import ONE_AT_A_TIME
from livhana_assets.loop.execution.reversal import draft_reversal
from livhana_assets.loop.patterns.errors import load_error_pattern
from livhana_assets.loop.proposals.assets import log_page
from livhana_assets.loop.proposals.attaching import attach
from livhana_assets.loop.proposals.carrying import carry_out_specification
from livhana_assets.loop.proposals.crashes import Unproved
from livhana_assets.loop.proposals.lifecycle import IllegalTransition
from livhana_assets.loop.proposals.model import Proposal
from livhana_assets.loop.proposals.ports import SandboxUnavailable, StoreError, TargetError
from livhana_assets.loop.review.decisions import Refused
from livhana_assets.loop.review.errands import TAG, Errand, NoSuchErrand, answer, find
from livhana_assets.loop.sources.ports import WarehouseError
from livhana_assets.loop.sources.redaction import redact_text
from livhana_assets.wiring import Loop, NotConfigured, now

PROVES = {ONE_AT_A_TIME: "errands"}
CARRIES_OUT = {ONE_AT_A_TIME: "agent"}
"""Beside the others: the agent works for minutes, and nobody's own patch waits for it."""
SAID = (Refused, IllegalTransition, StoreError, TargetError, SandboxUnavailable, WarehouseError, NotConfigured)
"""What is told in its own words."""
BROKE = "The proof broke off: the run's log says why. Nothing was changed."
TOLD = 2000
"""Characters of a refusal; a failing test can say more than a page should."""


def attach_patch_of(loop: Loop, errand: Errand) -> Proposal | Unproved:
    """As `livhana attach` does it: the same gates, the same proof."""
    pattern = load_error_pattern(loop.warehouse, loop.store.get(errand.proposal_id).pattern_id)
    base = loop.base()
    return attach(
        loop.store, errand.proposal_id, errand.text, pattern=pattern, ground=loop.ground(base), policy=loop.policy,
        effect=loop.effect, base=base, by=errand.by, now=now(),
    )  # fmt: skip


def take_back(loop: Loop, errand: Errand) -> Proposal:
    """As `livhana revert` does it."""
    return draft_reversal(
        loop.store, loop.ground, errand.proposal_id, by=errand.by, reason=errand.text, policy=loop.policy, now=now()
    )


def let_the_agent_draft(loop: Loop, errand: Errand) -> Proposal | Unproved:
    """As `livhana draft` does it."""
    pattern = load_error_pattern(loop.warehouse, loop.store.get(errand.proposal_id).pattern_id)
    base = loop.base()
    ground = loop.ground(base)
    return carry_out_specification(
        loop.store, errand.proposal_id, loop.agent(ground), pattern=pattern, ground=ground, policy=loop.policy,
        effect=loop.effect, base=base, by=errand.by, now=now(),
    )  # fmt: skip


PERFORM: Mapping[str, Callable[[Loop, Errand], Proposal | Unproved]] = {
    "attach": attach_patch_of,
    "revert": take_back,
    "draft": let_the_agent_draft,
}


def carry_out_errand(loop: Loop, number: int, shown: Callable[[Proposal], None]) -> Errand:
    """The errand with its outcome, which is in the audit by then; one that has an outcome is left as it is. Raises NoSuchErrand."""
    errand = find(loop.store, number)
    if errand.outcome is not None:
        return errand
    try:
        made = PERFORM[errand.kind](loop, errand)
    except SAID as why:
        return answer(loop.store, errand, told=_said(why))
    except BaseException:
        answer(loop.store, errand, told=BROKE)
        raise
    if isinstance(made, Unproved):
        return answer(
            loop.store, errand, told=_said(f"{made.reason.rstrip('.')}. {errand.proposal_id} stays as it is.")
        )
    shown(made)
    return answer(loop.store, errand, told=f"{made.id} is proved, as revision {made.revision}.", leads_to=made.id)


def _said(why: object) -> str:
    return redact_text(str(why))[:TOLD]


@dg.op(
    description="Carries out the errand whose number the web process wrote on the run, in the name of whoever asked for it."
)
def errand(context: dg.OpExecutionContext, loop: dg.ResourceParam[Loop]) -> dg.Output[str]:
    number = context.run.tags.get(TAG, "")
    if not number.isdecimal():
        raise dg.Failure(
            "Nobody asked for anything: attach a patch, let the agent draft, or take a change back, on a proposal's page of `livhana up`.",
            allow_retries=False,
        )
    try:
        done = carry_out_errand(loop, int(number), lambda made: log_page(context.instance, made))
    except NoSuchErrand as why:
        raise dg.Failure(str(why), allow_retries=False) from None
    told = done.outcome.told if done.outcome else ""
    context.log.info(told)
    return dg.Output(told, metadata={"asked by": done.by, "outcome": told})


@dg.job(
    tags=PROVES,
    description="Proves a person's own patch for an accepted specification. Started on the proposal's page or by the API.",
)
def attach_patch() -> None:
    errand()


@dg.job(tags=PROVES, description="Proves the reversal of a landed change. Started on the proposal's page.")
def propose_reversal() -> None:
    errand()


@dg.job(
    tags=CARRIES_OUT,
    description="Lets the coding agent carry out an accepted specification, within its limits; what is proved waits for its own approval. "
    "Started on the proposal's page.",
)
def draft_specification() -> None:
    errand()


ERRANDS = [attach_patch, propose_reversal, draft_specification]
