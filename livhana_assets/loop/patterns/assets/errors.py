"""What keeps crashing, as assets."""

from typing import Any

import dagster as dg

from livhana_assets.loop.partitions import daily
from livhana_assets.loop.patterns.assets.days import GROUP, span_of
from livhana_assets.loop.patterns.checks import conserved, minimum_evidence, no_secrets
from livhana_assets.loop.patterns.error_looks import error_days, note_fingerprints, note_patterns
from livhana_assets.loop.patterns.errors import error_patterns_day, rows_conserved
from livhana_assets.loop.patterns.fingerprinting import fingerprint_day
from livhana_assets.loop.patterns.regrouping import uncorrected_days
from livhana_assets.loop.sources.assets import check_result, cost, error_logs
from livhana_assets.loop.sources.ports import Warehouse


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
    days = error_days(warehouse, *span_of(context))
    corrected = uncorrected_days(warehouse)
    due = [one for one in days.values() if one.due_for_fingerprints or one.day in corrected]
    context.log.info(f"errors that are not grouped yet: on {len(due)} of {len(context.partition_keys)} days")
    for number, one in enumerate(due, 1):
        rows = fingerprint_day(warehouse, one.day)
        note_fingerprints(warehouse, one, rows)
        context.log.info(f"{one.day}: errors grouped: {rows} ({number} of {len(due)} days with new rows)")
        context.add_asset_metadata({"dagster/partition_row_count": rows}, partition_key=one.day.isoformat())
    counts = {one.day.isoformat(): rows_conserved(warehouse, one.day) for one in due}
    return dg.MaterializeResult(
        metadata={"days": len(context.partition_keys), "made": len(due), **cost(warehouse)},
        check_results=[check_result("rows_conserved", conserved(counts))],
    )


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
    check_specs=[
        dg.AssetCheckSpec(
            "minimum_evidence",
            asset=dg.AssetKey(["ai_learning", "error_patterns"]),
            description="Every pattern has a logged row that can be counted, and exemplars that are such rows.",
        ),
        dg.AssetCheckSpec(
            "no_secrets",
            asset=dg.AssetKey(["ai_learning", "error_patterns"]),
            description="Redaction, run again over every text of the patterns, changes nothing.",
        ),
    ],
)
def error_patterns(
    context: dg.AssetExecutionContext, warehouse: dg.ResourceParam[Warehouse], policy: dg.ResourceParam[Any]
) -> dg.MaterializeResult:
    days = error_days(warehouse, *span_of(context))
    due = [one for one in days.values() if one.due_for_patterns]
    for number, one in enumerate(due, 1):
        rows = error_patterns_day(warehouse, one.day)
        note_patterns(warehouse, one)
        context.log.info(f"{one.day}: patterns of crashes: {rows} ({number} of {len(due)} days with new rows)")
        context.add_asset_metadata({"dagster/partition_row_count": rows}, partition_key=one.day.isoformat())
    if due:
        warehouse.compact()
    made = [one.day for one in due]
    return dg.MaterializeResult(
        metadata={"days": len(context.partition_keys), "made": len(made), **cost(warehouse)},
        check_results=[
            check_result("minimum_evidence", minimum_evidence(warehouse, made, policy.min_errors)),
            check_result("no_secrets", no_secrets(warehouse, made)),
        ],
    )
