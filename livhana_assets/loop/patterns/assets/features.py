"""What customers wish for, as an asset."""

from typing import Any

import dagster as dg

from livhana_assets.loop.partitions import daily
from livhana_assets.loop.patterns.assets.days import GROUP, days_of, page_of, span_of
from livhana_assets.loop.patterns.features.findings import load_feature_patterns
from livhana_assets.loop.patterns.features.grouping import feature_patterns_day
from livhana_assets.loop.patterns.features.page import plot_of, table_of
from livhana_assets.loop.patterns.features.states import (
    day_states,
    minimum_evidence,
    no_secrets,
    note_look,
    rows_conserved,
)
from livhana_assets.loop.sources.assets import check_result, cost, customer_interactions
from livhana_assets.loop.sources.ports import Warehouse

PATTERNS = dg.AssetKey(["ai_learning", "feature_patterns"])


@dg.asset(
    key=PATTERNS,
    group_name=GROUP,
    partitions_def=daily,
    deps=[customer_interactions],
    backfill_policy=dg.BackfillPolicy.single_run(),
    kinds={"sql", "python"},
    owners=["team:improvement"],
    description="What customers wish for, told apart from complaints and fault reports by cues that can be read, grouped, and ranked by how "
    "many ask, how lately, how badly, and how small it looks. Serves the original's analyzeFeatureDiscovery.",
    check_specs=[
        dg.AssetCheckSpec(
            "rows_conserved",
            asset=PATTERNS,
            description="Every interaction of a day was read, and every request stands in exactly one group.",
        ),
        dg.AssetCheckSpec(
            "minimum_evidence",
            asset=PATTERNS,
            description="Every pattern has exemplars, and all of them are interactions of its day.",
        ),
        dg.AssetCheckSpec(
            "no_secrets",
            asset=PATTERNS,
            description="Redaction, run again over every text of the patterns, changes nothing.",
        ),
    ],
)
def feature_patterns(
    context: dg.AssetExecutionContext,
    warehouse: dg.ResourceParam[Warehouse],
    min_feature_requests: dg.ResourceParam[int],
) -> dg.MaterializeResult:
    days, states = sorted(days_of(context)), day_states(warehouse, *span_of(context))
    due = [day for day in days if day in states and states[day].due]
    for number, day in enumerate(due, 1):
        read = feature_patterns_day(warehouse, day)
        note_look(warehouse, day, states[day].mark, read)
        context.log.info(f"{day}: wishes: {read.patterns} in {read.rows} interactions ({number} of {len(due)})")
        context.add_asset_metadata({"dagster/partition_row_count": read.patterns}, partition_key=day.isoformat())
    if due:
        states = day_states(warehouse, *span_of(context))

    def draw() -> dict[str, Any]:
        found = load_feature_patterns(warehouse, *span_of(context), minimum=min_feature_requests)
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
            check_result("rows_conserved", rows_conserved(states)),
            check_result("minimum_evidence", minimum_evidence(warehouse, due, min_feature_requests)),
            check_result("no_secrets", no_secrets(warehouse, due)),
        ],
    )
