"""What customers ask and how it is answered, as assets."""

from typing import Any

import dagster as dg

from livhana_assets.loop.partitions import daily
from livhana_assets.loop.patterns.assets.days import GROUP, days_of, page_of, span_of
from livhana_assets.loop.patterns.interactions.checks import minimum_evidence, no_secrets
from livhana_assets.loop.patterns.interactions.findings import load_interaction_patterns
from livhana_assets.loop.patterns.interactions.grouping import group_interactions
from livhana_assets.loop.patterns.interactions.page import plot_of, table_of
from livhana_assets.loop.patterns.interactions.partials import interaction_patterns_day
from livhana_assets.loop.patterns.interactions.states import day_states, note_look, rows_conserved
from livhana_assets.loop.sources.assets import check_result, cost, customer_interactions
from livhana_assets.loop.sources.ports import Warehouse

CLUSTERS, PATTERNS = (dg.AssetKey(["ai_learning", name]) for name in ("interaction_clusters", "interaction_patterns"))
SERVES = "Serves the original's analyzeLearningOpportunities."


@dg.asset(
    key=CLUSTERS,
    group_name=GROUP,
    partitions_def=daily,
    deps=[customer_interactions],
    backfill_policy=dg.BackfillPolicy.single_run(),
    kinds={"sql", "python", "scikitlearn"},
    owners=["team:improvement"],
    description="Which interaction asks the like of which: questions grouped without knowing how many kinds there are. "
    + SERVES,
    check_specs=[
        dg.AssetCheckSpec(
            "rows_conserved", asset=CLUSTERS, description="Every interaction of a day stands in exactly one group."
        )
    ],
)
def interaction_clusters(
    context: dg.AssetExecutionContext, warehouse: dg.ResourceParam[Warehouse]
) -> dg.MaterializeResult:
    states = day_states(warehouse, *span_of(context))
    due = [day for day in sorted(days_of(context)) if day in states and states[day].due_for_groups]
    for number, day in enumerate(due, 1):
        rows = group_interactions(warehouse, day)
        context.log.info(f"{day}: interactions grouped: {rows} ({number} of {len(due)} days with new rows)")
        context.add_asset_metadata({"dagster/partition_row_count": rows}, partition_key=day.isoformat())
    if due:
        states = day_states(warehouse, *span_of(context))
    return dg.MaterializeResult(
        metadata={"days": len(context.partition_keys), "made": len(due), **cost(warehouse)},
        check_results=[check_result("rows_conserved", rows_conserved(states))],
    )


@dg.asset(
    key=PATTERNS,
    group_name=GROUP,
    partitions_def=daily,
    deps=[interaction_clusters],
    backfill_policy=dg.BackfillPolicy.single_run(),
    kinds={"sql", "python"},
    owners=["team:improvement"],
    description="What customers ask, one row per kind of question and day: how often it is served, rated and asked again, what tells served "
    "customers from the others, and what the platform has no answer to. " + SERVES,
    check_specs=[
        dg.AssetCheckSpec(
            "minimum_evidence",
            asset=PATTERNS,
            description="Every pattern counts exactly the interactions of its group, and its exemplars are such interactions.",
        ),
        dg.AssetCheckSpec(
            "no_secrets",
            asset=PATTERNS,
            description="Redaction, run again over every text of the patterns, changes nothing.",
        ),
    ],
)
def interaction_patterns(
    context: dg.AssetExecutionContext,
    warehouse: dg.ResourceParam[Warehouse],
    min_interactions: dg.ResourceParam[int],
) -> dg.MaterializeResult:
    days, states = sorted(days_of(context)), day_states(warehouse, *span_of(context))
    due = [day for day in days if day in states and states[day].due_for_patterns]
    for number, day in enumerate(due, 1):
        rows = interaction_patterns_day(warehouse, day)
        note_look(warehouse, day, states[day].mark, rows)
        context.log.info(f"{day}: kinds of questions: {rows} ({number} of {len(due)} days with new rows)")
        context.add_asset_metadata({"dagster/partition_row_count": rows}, partition_key=day.isoformat())

    def draw() -> dict[str, Any]:
        found = load_interaction_patterns(warehouse, *span_of(context), minimum=min_interactions)
        table, plot = dg.MetadataValue.md(table_of(found)), dg.MetadataValue.md(plot_of(found))
        return {"found": found.told, "patterns": table, "plot": plot}

    return dg.MaterializeResult(
        metadata={
            "days": len(days),
            "made": len(due),
            **page_of(context, bool(due), ("found", "patterns", "plot"), draw),
            **cost(warehouse),
        },
        check_results=[
            check_result("minimum_evidence", minimum_evidence(warehouse, due, min_interactions)),
            check_result("no_secrets", no_secrets(warehouse, due)),
        ],
    )
