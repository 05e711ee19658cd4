"""Dagster's face of the sources room."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any

import dagster as dg

from livhana_assets.loop.partitions import daily
from livhana_assets.loop.sources.checks import (
    Looked,
    days_with_rows,
    newest_row,
    report_ages,
    rows_amiss,
    snapshot_age,
)
from livhana_assets.loop.sources.coverage import read_reports
from livhana_assets.loop.sources.day_facts import Facts, day_facts, read, told
from livhana_assets.loop.sources.live_metrics import Reading, alarms, fresh, readable
from livhana_assets.loop.sources.ports import Warehouse
from livhana_assets.loop.sources.records import API_METRICS, CUSTOMER_INTERACTIONS, ERROR_LOGS, Table
from livhana_assets.loop.sources.redaction import redact_text

GROUP = "sources"
RECENT_COMMITS = 50
DAILY_LOOK = dg.FreshnessPolicy.time_window(fail_window=timedelta(days=2), warn_window=timedelta(hours=26))
"""Looked at by the daily run, so that one that was missed is seen."""
WEEKLY_LOOK = dg.FreshnessPolicy.time_window(fail_window=timedelta(days=9), warn_window=timedelta(days=8))
"""Looked at whenever something is drafted: once a week at least."""


def check_result(
    name: str,
    looked: Looked,
    *,
    key: dg.AssetKey | None = None,
    severity: dg.AssetCheckSeverity = dg.AssetCheckSeverity.ERROR,
) -> dg.AssetCheckResult:
    """A check's result as Dagster shows it: what was looked at, how many of it are amiss, and which."""
    return dg.AssetCheckResult(
        check_name=name,
        asset_key=key,
        passed=looked.passed,
        severity=severity,
        description=looked.told(),
        metadata={
            "looked at": looked.denominator,
            "amiss": len(looked.amiss),
            "which": looked.listed(),
            **looked.figures,
        },
    )


def cost(warehouse: Warehouse) -> dict[str, int]:
    """What the asset's queries cost, as metadata; nothing where queries cost nothing."""
    bill = warehouse.bill()
    if bill is None:
        return {}
    return {"queries run": bill.queries, "bytes estimated": bill.estimated_bytes, "bytes billed": bill.billed_bytes}


def _updated(warehouse: Warehouse, table: Table) -> dict[str, dg.TimestampMetadataValue]:
    """When the table was last written, under the name that Dagster shows it by."""
    moment = warehouse.last_updated(table)
    return {"dagster/last_updated_timestamp": dg.MetadataValue.timestamp(moment)} if moment else {}


def _source_asset(table: Table, serves: str) -> dg.AssetsDefinition:
    key = dg.AssetKey(table.name.split("."))
    columns = [
        dg.TableColumn(c.name, c.type, c.description, dg.TableColumnConstraints(nullable=not c.required))
        for c in table.columns
    ]

    @dg.asset(
        key=key,
        group_name=GROUP,
        partitions_def=daily,
        backfill_policy=dg.BackfillPolicy.single_run(),
        kinds={"bigquery", "sql"},
        owners=["team:platform"],
        description=f"Rows of {table.name} as the platform wrote them, by UTC day; looked at, never copied. {serves}",
        freshness_policy=DAILY_LOOK,
        metadata={"dagster/column_schema": dg.TableSchema(columns)},
        check_specs=[
            dg.AssetCheckSpec("schema", asset=key, description="Required columns hold a value in every row."),
            dg.AssetCheckSpec("duplicates", asset=key, description="No two rows of a day have the same key."),
            dg.AssetCheckSpec("freshness", asset=key, description="The newest row is at most two days old."),
            dg.AssetCheckSpec("volume", asset=key, description="The day has rows."),
        ],
    )
    def source(
        context: dg.AssetExecutionContext, warehouse: dg.ResourceParam[Warehouse], clock: dg.ResourceParam[Any]
    ) -> dg.MaterializeResult:
        days = [date.fromisoformat(day) for day in context.partition_keys]
        facts = day_facts(warehouse, table, days, _known(context, key))
        for day, found in facts.items():
            metadata = {"dagster/partition_row_count": found["row_count"], **told(found)}
            context.add_asset_metadata(metadata, partition_key=day.isoformat())
        return dg.MaterializeResult(
            data_version=_version(facts),
            metadata={**_updated(warehouse, table), **cost(warehouse)},
            check_results=_checks(facts, clock(), key),
        )

    return source


def _version(facts: Mapping[date, Mapping[str, Any]]) -> dg.DataVersion:
    watermark = max((str(found["watermark"]) for found in facts.values() if found["watermark"]), default="none")
    return dg.DataVersion(f"{watermark}:{sum(found['row_count'] for found in facts.values())}")


def _known(context: dg.AssetExecutionContext, key: dg.AssetKey) -> dict[date, Facts]:
    """What the newest materialization of each partition says of it."""
    event, wanted = dg.DagsterEventType.ASSET_MATERIALIZATION, set(context.partition_keys)
    newest = context.instance.get_latest_storage_id_by_partition(key, event, wanted)
    if not newest:
        return {}
    records = dg.AssetRecordsFilter(asset_key=key, storage_ids=list(newest.values()))
    found = context.instance.fetch_materializations(records, limit=len(newest)).records
    said = {
        date.fromisoformat(str(one.partition_key)): read(
            {n: v.value for n, v in one.asset_materialization.metadata.items()}
        )
        for one in found
        if one.asset_materialization and one.partition_key
    }
    return {day: facts for day, facts in said.items() if facts is not None}


def _checks(facts: Mapping[date, Mapping[str, Any]], now: datetime, key: dg.AssetKey) -> list[dg.AssetCheckResult]:
    warn, days = dg.AssetCheckSeverity.WARN, {day.isoformat(): found for day, found in facts.items()}
    return [
        check_result("schema", rows_amiss(days, "missing_required", "required values missing"), key=key),
        check_result("duplicates", rows_amiss(days, "duplicate_rows", "rows with the key of another"), key=key),
        check_result("freshness", newest_row(days, now), key=key, severity=warn),
        check_result("volume", days_with_rows(days), key=key, severity=warn),
    ]


error_logs = _source_asset(ERROR_LOGS, "The original's error source.")
api_metrics = _source_asset(API_METRICS, "The original's API metrics.")
customer_interactions = _source_asset(CUSTOMER_INTERACTIONS, "The original's customer interactions.")


@dg.asset(
    group_name=GROUP,
    kinds={"git"},
    freshness_policy=WEEKLY_LOOK,
    owners=["team:platform"],
    description="Recent commits of the target repository, newest first; blame of crashing lines is asked from here. The original's git source.",
)
def code_changes(target: dg.ResourceParam[Any]) -> dg.MaterializeResult:
    target.refresh()
    head = target.head()
    commits = target.history(head, RECENT_COMMITS) if head else ()
    rows = [
        f"| `{c.sha[:12]}` | {c.committed_at:%Y-%m-%d} | {_cell(c.author)} | {_cell(c.summary)} | {len(c.paths)} |"
        for c in commits
    ]
    table = "\n".join(("| commit | date | author | summary | files |", "|---|---|---|---|---|", *rows))
    return dg.MaterializeResult(
        metadata={"commits": len(commits), "head": head or "none", "recent": dg.MetadataValue.md(table)},
        data_version=dg.DataVersion(head or "none"),
    )


CODE_CHECKS = [
    dg.AssetCheckSpec(
        "freshness", asset=code_changes, description="The last snapshot shows the target's present head."
    ),
    dg.AssetCheckSpec(
        "readable", asset=code_changes, description="The target's head, its history and its files can be read."
    ),
]


@dg.multi_asset_check(name="code_changes_checks", specs=CODE_CHECKS)
def code_changes_checks(
    context: dg.AssetCheckExecutionContext, target: dg.ResourceParam[Any]
) -> Iterator[dg.AssetCheckResult]:
    """One look at the target for both. They can be run without the asset, and then tell whether it is behind."""
    freshness, readable = look_at_code(target, _shown_head(context.instance))
    yield check_result("freshness", freshness, key=code_changes.key, severity=dg.AssetCheckSeverity.WARN)
    yield check_result("readable", readable, key=code_changes.key)


def look_at_code(target: Any, shown: str | None) -> tuple[Looked, Looked]:
    """(freshness, readable). Whatever keeps the target from being read is what the second is there to find."""
    try:
        target.refresh()
        head = target.head()
        recent = [commit.sha for commit in target.history(head, RECENT_COMMITS)]
        files = len(target.paths(head))
    except Exception as why:
        unread = {"target": f"{type(why).__name__}: {why}"}
        return Looked("snapshots", int(shown is not None), unread), Looked("commits", 0, unread)
    return snapshot_age(shown, head, recent), Looked("commits", len(recent), figures={"files": files, "head": head})


def _shown_head(instance: dg.DagsterInstance) -> str | None:
    event = instance.get_latest_materialization_event(code_changes.key)
    said = event.asset_materialization.metadata.get("head") if event and event.asset_materialization else None
    return str(said.value) if said else None


@dg.asset(
    group_name=GROUP,
    deps=[code_changes],
    kinds={"coverage"},
    freshness_policy=WEEKLY_LOOK,
    owners=["team:platform"],
    description="What the target's tests run, from coverage.py JSON, Cobertura XML or lcov. The original's coverage reports.",
    check_specs=[
        dg.AssetCheckSpec(
            "freshness", asset="test_coverage", description="Reports were found, each at most 30 days old."
        ),
        dg.AssetCheckSpec("readable", asset="test_coverage", description="Each report found could be read."),
    ],
)
def test_coverage(coverage_reports: dg.ResourceParam[Any], clock: dg.ResourceParam[Any]) -> dg.MaterializeResult:
    reports = coverage_reports()
    files, unreadable = read_reports(reports)
    lines, covered = sum(f.lines for f in files), sum(f.covered for f in files)
    least = sorted((f for f in files if f.lines), key=lambda f: f.share)[:20]
    rows = [f"| {_cell(f.path)} | {f.lines} | {f.share:.0%} |" for f in least]
    return dg.MaterializeResult(
        metadata={
            "reports": len(reports),
            "files": len(files),
            "lines covered": f"{covered} of {lines}",
            "least covered": dg.MetadataValue.md("\n".join(("| file | lines | covered |", "|---|---|---|", *rows))),
        },
        check_results=[
            check_result("freshness", report_ages(reports, clock()), severity=dg.AssetCheckSeverity.WARN),
            check_result("readable", Looked("coverage reports", len(reports), unreadable)),
        ],
    )


@dg.asset(
    group_name=GROUP,
    kinds={"redis"},
    freshness_policy=WEEKLY_LOOK,
    owners=["team:platform"],
    description="What the platform's own Redis tells now: streams, hashes and sorted sets, mapped in livhana.toml. Only numbers are read. "
    "The original's live metrics.",
    check_specs=[
        dg.AssetCheckSpec("freshness", asset="live_metrics", description="Each metric with times has a recent number."),
        dg.AssetCheckSpec("readable", asset="live_metrics", description="Each metric that is mapped could be read."),
    ],
)
def live_metrics(live_readings: dg.ResourceParam[Any]) -> dg.MaterializeResult:
    readings: tuple[Reading, ...] = live_readings()
    rows = [f"| {_cell(r.name)} | {'–' if r.value is None else f'{r.value:g}'} | {r.limit or '–'} |" for r in readings]
    told = dg.MetadataValue.md("\n".join(("| metric | now | alarm |", "|---|---|---|", *rows)))
    return dg.MaterializeResult(
        metadata={"metrics": len(readings), "alarms": len(alarms(readings)), "readings": told},
        check_results=[
            check_result("freshness", fresh(readings), severity=dg.AssetCheckSeverity.WARN),
            check_result("readable", readable(readings)),
        ],
    )


def _cell(text: str) -> str:
    """A commit's words and a path are others' text: they may hold a secret, or end the cell."""
    return redact_text(text).replace("|", "\\|").replace("\n", " ")[:200]
