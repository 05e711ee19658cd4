"""What the assets of this room share: their group, and the days that a run asks for."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

import dagster as dg

GROUP = "patterns"


def days_of(context: dg.AssetExecutionContext) -> list[date]:
    return [date.fromisoformat(day) for day in context.partition_keys]


def span_of(context: dg.AssetExecutionContext) -> tuple[date, date]:
    days = days_of(context)
    return min(days), max(days)


def page_of(
    context: dg.AssetExecutionContext, made: bool, names: Sequence[str], draw: Callable[[], Mapping[str, Any]]
) -> Mapping[str, Any]:
    """What an asset shows of its patterns under these names: drawn anew where some were made, else as its newest materialization shows it."""
    shown = {} if made else _newest(context)
    return {name: shown[name] for name in names} if all(name in shown for name in names) else draw()


def _newest(context: dg.AssetExecutionContext) -> Mapping[str, dg.MetadataValue]:
    """The metadata of the last partition's newest materialization."""
    last = dg.AssetRecordsFilter(asset_key=context.asset_key, asset_partitions=[context.partition_keys[-1]])
    found = context.instance.fetch_materializations(last, limit=1).records
    event = found[0].asset_materialization if found else None
    return event.metadata if event else {}
