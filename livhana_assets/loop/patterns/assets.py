"""Dagster's face of the patterns room."""

from datetime import date

import dagster as dg

from livhana_assets.loop.partitions import daily
from livhana_assets.loop.patterns.errors import error_patterns_day, fingerprint_day, rows_conserved
from livhana_assets.loop.sources.assets import error_logs
from livhana_assets.loop.sources.ports import Warehouse

GROUP = "patterns"


@dg.asset(
    key=["ai_learning", "error_fingerprints"],
    group_name=GROUP,
    partitions_def=daily,
    deps=[error_logs],
    backfill_policy=dg.BackfillPolicy.single_run(),
    kinds={"sql", "python"},
    owners=["team:improvement"],
    description="Which error row belongs to which group, and by which rule. Serves the original's analyzeBugDetection.",
    check_specs=[
        dg.AssetCheckSpec(
            "rows_conserved",
            asset=dg.AssetKey(["ai_learning", "error_fingerprints"]),
            description="Every error row of a day has exactly one fingerprint.",
        )
    ],
)
def error_fingerprints(
    context: dg.AssetExecutionContext, warehouse: dg.ResourceParam[Warehouse]
) -> dg.MaterializeResult:
    counts = []
    for number, day in enumerate(context.partition_keys, 1):
        rows = fingerprint_day(warehouse, date.fromisoformat(day))
        context.log.info(f"{day}: {rows} rows ({number} of {len(context.partition_keys)} days)")
        counts.append(rows_conserved(warehouse, date.fromisoformat(day)))
        context.add_asset_metadata({"dagster/partition_row_count": rows}, partition_key=day)
    told = {"error rows": sum(c.error_rows for c in counts), "fingerprinted": sum(c.fingerprinted for c in counts)}
    check = dg.AssetCheckResult(check_name="rows_conserved", passed=all(c.conserved for c in counts), metadata=told)
    return dg.MaterializeResult(check_results=[check])


@dg.asset(
    key=["ai_learning", "error_patterns"],
    group_name=GROUP,
    partitions_def=daily,
    deps=[error_fingerprints],
    backfill_policy=dg.BackfillPolicy.single_run(),
    kinds={"sql"},
    owners=["team:improvement"],
    description="What keeps crashing, one row per pattern and day: counts, first and last seen, endpoints, customers, exemplars. "
    "Serves the original's analyzeBugDetection.",
)
def error_patterns(context: dg.AssetExecutionContext, warehouse: dg.ResourceParam[Warehouse]) -> dg.MaterializeResult:
    for day in context.partition_keys:
        rows = error_patterns_day(warehouse, date.fromisoformat(day))
        context.log.info(f"{day}: {rows} patterns")
        context.add_asset_metadata({"dagster/partition_row_count": rows}, partition_key=day)
    warehouse.compact()
    return dg.MaterializeResult(metadata={"days": len(context.partition_keys)})
