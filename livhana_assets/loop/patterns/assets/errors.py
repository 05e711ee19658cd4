"""What keeps crashing, as assets."""

from typing import Any

import dagster as dg

from livhana_assets.loop.partitions import daily
from livhana_assets.loop.patterns.arrivals import days_held
from livhana_assets.loop.patterns.assets.days import GROUP, days_of, span_of
from livhana_assets.loop.patterns.checks import conserved, minimum_evidence, no_secrets
from livhana_assets.loop.patterns.errors import Conserved, error_patterns_day, rows_conserved
from livhana_assets.loop.patterns.fingerprinting import fingerprint_day
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
    counts = {}
    held = days_held(warehouse, *span_of(context))
    for number, day in enumerate(days_of(context), 1):
        rows = fingerprint_day(warehouse, day) if day in held else 0
        context.log.info(f"{day}: {rows} rows ({number} of {len(context.partition_keys)} days)")
        counts[day.isoformat()] = rows_conserved(warehouse, day) if day in held else Conserved(0, 0, 0)
        context.add_asset_metadata({"dagster/partition_row_count": rows}, partition_key=day.isoformat())
    return dg.MaterializeResult(
        metadata={"days": len(counts), **cost(warehouse)},
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
    days, held = days_of(context), days_held(warehouse, *span_of(context))
    for number, day in enumerate(days, 1):
        rows = error_patterns_day(warehouse, day) if day in held else 0
        context.log.info(f"{day}: {rows} patterns ({number} of {len(days)} days)")
        context.add_asset_metadata({"dagster/partition_row_count": rows}, partition_key=day.isoformat())
    warehouse.compact()
    return dg.MaterializeResult(
        metadata={"days": len(days), **cost(warehouse)},
        check_results=[
            check_result("minimum_evidence", minimum_evidence(warehouse, days, policy.min_errors)),
            check_result("no_secrets", no_secrets(warehouse, days)),
        ],
    )
