"""Dagster's face of the review room."""

import dagster as dg

from livhana_assets.loop.partitions import proposals as proposal_partitions
from livhana_assets.loop.proposals.assets import proposal
from livhana_assets.loop.proposals.ports import ProposalStore
from livhana_assets.loop.review import checks
from livhana_assets.loop.sources.assets import check_result


class DecisionConfig(dg.Config):
    """What a person says, and to which digest. None has a default: a decision is never a slip."""

    decision: str
    digest: str
    comment: str


@dg.asset(
    group_name="review",
    partitions_def=proposal_partitions,
    deps=[proposal],
    kinds={"human"},
    owners=["team:improvement"],
    backfill_policy=dg.BackfillPolicy.multi_run(max_partitions_per_run=1),
    description="A person's yes or no to one proposal's digest. No run without a signed person decides anything, so a plain "
    "`dg dev` refuses: decide with `livhana approve` or `livhana reject`.",
)
def decision(context: dg.AssetExecutionContext, config: DecisionConfig) -> None:
    raise dg.Failure(
        f"Nothing was decided about {context.partition_key}: this Dagster process cannot tell who you are. "
        f"Decide with `livhana approve {context.partition_key}` or `livhana reject {context.partition_key} --reason TEXT`.",
        allow_retries=False,
    )


@dg.asset_check(
    asset=decision,
    description="Each approval in the store names a person or the policy, and the audit tells of that very approval.",
)
def signed(store: dg.ResourceParam[ProposalStore]) -> dg.AssetCheckResult:
    return check_result("signed", checks.signed(store.proposals(), store.audit()))


@dg.asset_check(asset=decision, description="Each approval in the store is of the digest that its proposal has.")
def digest_current(store: dg.ResourceParam[ProposalStore]) -> dg.AssetCheckResult:
    return check_result("digest_current", checks.digest_current(store.proposals()))
