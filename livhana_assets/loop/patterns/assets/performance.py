"""What is slow and what became slower, as assets."""

from typing import Any

import dagster as dg

from livhana_assets.loop.partitions import daily
from livhana_assets.loop.patterns.assets.days import GROUP, days_of, page_of, span_of
from livhana_assets.loop.patterns.performance.checks import (
    days_conserved,
    histograms_conserved,
    minimum_evidence,
    no_secrets,
)
from livhana_assets.loop.patterns.performance.days import (
    day_marks,
    store_endpoint_days,
    store_endpoint_histograms,
)
from livhana_assets.loop.patterns.performance.found import MINIMUM_REQUESTS, performance_patterns_day
from livhana_assets.loop.patterns.performance.page import plot_of, table_of
from livhana_assets.loop.patterns.performance.patterns import load_performance_patterns
from livhana_assets.loop.sources.assets import api_metrics, check_result, cost
from livhana_assets.loop.sources.ports import Warehouse

DAYS, HISTOGRAMS, PATTERNS = (
    dg.AssetKey(["ai_learning", name]) for name in ("endpoint_days", "endpoint_histograms", "performance_patterns")
)
SERVES = "Serves the original's analyzePerformanceOptimizations."


@dg.asset(
    key=DAYS,
    group_name=GROUP,
    partitions_def=daily,
    deps=[api_metrics],
    backfill_policy=dg.BackfillPolicy.single_run(),
    kinds={"sql"},
    owners=["team:improvement"],
    description="One row per endpoint, method and day: requests, errors, exact p50, p95 and p99, and the releases that answered. "
    + SERVES,
    check_specs=[
        dg.AssetCheckSpec(
            "rows_conserved", asset=DAYS, description="Every request of a day is counted by exactly one endpoint."
        )
    ],
)
def endpoint_days(context: dg.AssetExecutionContext, warehouse: dg.ResourceParam[Warehouse]) -> dg.MaterializeResult:
    marks = day_marks(warehouse, *span_of(context))
    due = [day for day in days_of(context) if day in marks and marks[day].days_due]
    for number, day in enumerate(due, 1):
        rows = store_endpoint_days(warehouse, day)
        context.log.info(f"{day}: endpoints counted: {rows} ({number} of {len(due)} days with new rows)")
        context.add_asset_metadata({"dagster/partition_row_count": rows}, partition_key=day.isoformat())
    after = day_marks(warehouse, *span_of(context)) if due else marks
    return dg.MaterializeResult(
        metadata={"days": len(context.partition_keys), "made": len(due), **cost(warehouse)},
        check_results=[check_result("rows_conserved", days_conserved(after))],
    )


@dg.asset(
    key=HISTOGRAMS,
    group_name=GROUP,
    partitions_def=daily,
    deps=[api_metrics],
    backfill_policy=dg.BackfillPolicy.single_run(),
    kinds={"sql"},
    owners=["team:improvement"],
    description="How many requests of an endpoint and day took how long, in buckets of 2 %: weeks and months are merged from them, never "
    "read from the requests again. " + SERVES,
    check_specs=[
        dg.AssetCheckSpec(
            "rows_conserved", asset=HISTOGRAMS, description="Every request of a day lies in exactly one bucket."
        )
    ],
)
def endpoint_histograms(
    context: dg.AssetExecutionContext, warehouse: dg.ResourceParam[Warehouse]
) -> dg.MaterializeResult:
    marks = day_marks(warehouse, *span_of(context))
    due = [day for day in days_of(context) if day in marks and marks[day].histograms_due]
    for number, day in enumerate(due, 1):
        rows = store_endpoint_histograms(warehouse, day)
        context.log.info(f"{day}: buckets of latency counted: {rows} ({number} of {len(due)} days with new rows)")
        context.add_asset_metadata({"dagster/partition_row_count": rows}, partition_key=day.isoformat())
    after = day_marks(warehouse, *span_of(context)) if due else marks
    return dg.MaterializeResult(
        metadata={"days": len(context.partition_keys), "made": len(due), **cost(warehouse)},
        check_results=[check_result("rows_conserved", histograms_conserved(after))],
    )


@dg.asset(
    key=PATTERNS,
    group_name=GROUP,
    partitions_def=daily,
    deps=[endpoint_days],
    backfill_policy=dg.BackfillPolicy.single_run(),
    kinds={"sql", "python"},
    owners=["team:improvement"],
    description="Which endpoints are slow, and which became slower and stayed so: by how much, since when, and which release is suspected. "
    + SERVES,
    check_specs=[
        dg.AssetCheckSpec(
            "minimum_evidence",
            asset=PATTERNS,
            description="Every pattern is of an endpoint with enough measured requests; the bounds of a regression leave out 1.",
        ),
        dg.AssetCheckSpec(
            "no_secrets",
            asset=PATTERNS,
            description="Redaction, run again over every text of the patterns, changes nothing.",
        ),
    ],
)
def performance_patterns(
    context: dg.AssetExecutionContext,
    warehouse: dg.ResourceParam[Warehouse],
    performance_threshold_ms: dg.ResourceParam[int],
) -> dg.MaterializeResult:
    marks = day_marks(warehouse, *span_of(context))
    held, made = [day for day in days_of(context) if day in marks], []
    for number, day in enumerate(held, 1):
        looked = performance_patterns_day(warehouse, day, performance_threshold_ms)
        context.add_asset_metadata({"dagster/partition_row_count": looked.patterns}, partition_key=day.isoformat())
        if looked.made:
            made.append(day)
            told = f"{day}: slow or slower than before: {looked.patterns} of {looked.endpoints} endpoints"
            context.log.info(f"{told} ({number} of {len(held)} days with requests)")

    def draw() -> dict[str, Any]:
        found = load_performance_patterns(warehouse, *span_of(context))
        return {"patterns": dg.MetadataValue.md(table_of(found)), "plot": dg.MetadataValue.md(plot_of(found))}

    return dg.MaterializeResult(
        metadata={
            "days": len(context.partition_keys),
            "made": len(made),
            **page_of(context, bool(made), ("patterns", "plot"), draw),
            **cost(warehouse),
        },
        check_results=[
            check_result("minimum_evidence", minimum_evidence(warehouse, made, MINIMUM_REQUESTS)),
            check_result("no_secrets", no_secrets(warehouse, made)),
        ],
    )
