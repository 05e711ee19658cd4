"""Dagster's face of the review room."""

from enum import Enum
from typing import Any

import dagster as dg

from livhana_assets.loop.partitions import proposals as proposal_partitions
from livhana_assets.loop.proposals.assets import log_page, proposal
from livhana_assets.loop.proposals.policy import Policy
from livhana_assets.loop.proposals.ports import ProposalStore
from livhana_assets.loop.review import checks
from livhana_assets.loop.review.decisions import Refused
from livhana_assets.loop.review.signatures import decide_signed
from livhana_assets.loop.sources.assets import check_result


class Answer(Enum):
    """What a person may say: yes to a proved change, no, or that a specification is worth building."""

    APPROVE = "approve"
    REJECT = "reject"
    ACCEPT = "accept"


class DecisionConfig(dg.Config):
    """What a person says, and to which digest. None has a default: a decision is never a slip."""

    decision: Answer
    digest: str
    comment: str


@dg.asset(
    group_name="review",
    partitions_def=proposal_partitions,
    deps=[proposal],
    kinds={"human"},
    owners=["team:improvement"],
    backfill_policy=dg.BackfillPolicy.multi_run(max_partitions_per_run=1),
    description="A person's yes or no to one proposal's digest. `livhana up` signs the launch with the signed-in person's name; a run "
    "without that signature decides nothing, so a plain `dg dev` refuses. Serves the original's approval dashboard.",
)
def decision(
    context: dg.AssetExecutionContext,
    config: DecisionConfig,
    store: dg.ResourceParam[ProposalStore],
    policy: dg.ResourceParam[Policy],
    clock: dg.ResourceParam[Any],
    signing_key: dg.ResourceParam[Any],
) -> dg.MaterializeResult:
    typed = {"decision": config.decision.name, "digest": config.digest, "comment": config.comment}
    try:
        decided = decide_signed(
            store,
            context.partition_key,
            typed,
            context.run.tags,
            key=signing_key(),
            run_id=context.run_id,
            now=clock(),
            policy=policy,
        )
    except Refused as why:
        raise dg.Failure(f"Nothing was decided about {context.partition_key}: {why}", allow_retries=False) from None
    log_page(context.instance, decided)
    context.log.info(f"{decided.id} is {decided.status}: {decided.history[-1].actor}")
    return dg.MaterializeResult(metadata={"person": decided.history[-1].actor, "status": str(decided.status)})


@dg.asset_check(
    asset=decision,
    description="Each approval in the store names a person or the policy, and the audit tells of that very approval.",
)
def signed(store: dg.ResourceParam[ProposalStore]) -> dg.AssetCheckResult:
    return check_result("signed", checks.signed(store.proposals(), store.audit()))


@dg.asset_check(asset=decision, description="Each approval in the store is of the digest that its proposal has.")
def digest_current(store: dg.ResourceParam[ProposalStore]) -> dg.AssetCheckResult:
    return check_result("digest_current", checks.digest_current(store.proposals()))
