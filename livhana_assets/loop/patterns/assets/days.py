"""What the assets of this room share: their group, and the days that a run asks for."""

from datetime import date

import dagster as dg

GROUP = "patterns"


def days_of(context: dg.AssetExecutionContext) -> list[date]:
    return [date.fromisoformat(day) for day in context.partition_keys]


def span_of(context: dg.AssetExecutionContext) -> tuple[date, date]:
    days = days_of(context)
    return min(days), max(days)
