"""What is amiss in the code, as an asset."""

from typing import Any

import dagster as dg

from livhana_assets.loop.patterns.assets.days import GROUP
from livhana_assets.loop.patterns.code_quality.checks import minimum_evidence, no_secrets
from livhana_assets.loop.patterns.code_quality.page import plot_of, table_of, told_of
from livhana_assets.loop.patterns.code_quality.storing import Stored, look_when_new
from livhana_assets.loop.sources.assets import WEEKLY_LOOK, check_result, code_changes, test_coverage
from livhana_assets.loop.sources.ports import Warehouse

KEY = dg.AssetKey(["ai_learning", "code_quality_patterns"])


@dg.asset(
    key=KEY,
    group_name=GROUP,
    deps=[code_changes, test_coverage],
    kinds={"git", "python"},
    freshness_policy=WEEKLY_LOOK,
    owners=["team:improvement"],
    description="What in the code invites the next fault: changed lines that no test runs, complex functions that change often, functions that "
    "others call without documentation, duplicated blocks, tests that never fail. Serves the original's analyzeCodeQualityImprovements.",
    check_specs=[
        dg.AssetCheckSpec(
            "minimum_evidence",
            asset=KEY,
            description="Every pattern names lines that the commit holds, and a commit that touched them.",
        ),
        dg.AssetCheckSpec(
            "no_secrets",
            asset=KEY,
            description="Redaction, run again over every text of the patterns, changes nothing.",
        ),
    ],
)
def code_quality_patterns(
    context: dg.AssetExecutionContext,
    warehouse: dg.ResourceParam[Warehouse],
    target: dg.ResourceParam[Any],
    coverage_reports: dg.ResourceParam[Any],
    clock: dg.ResourceParam[Any],
) -> dg.MaterializeResult:
    target.refresh()
    look = look_when_new(warehouse, target, coverage_reports(), clock().date()) or Stored()
    context.log.info(told_of(look))
    return dg.MaterializeResult(
        metadata={
            "looked at": told_of(look),
            "new": look.new,
            "patterns": dg.MetadataValue.md(table_of(look.patterns)),
            "plot": dg.MetadataValue.md(plot_of(look)),
            "dagster/row_count": len(look.patterns),
            **{f"found: {kind}": count for kind, count in look.found.items()},
        },
        data_version=dg.DataVersion(look.inputs or "none"),
        check_results=[
            check_result("minimum_evidence", minimum_evidence(look, target)),
            check_result("no_secrets", no_secrets(look)),
        ],
    )
