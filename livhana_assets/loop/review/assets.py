"""Dagster's face of the review room."""

import dagster as dg

from livhana_assets.loop.partitions import proposals as proposal_partitions
from livhana_assets.loop.proposals.assets import proposal


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
