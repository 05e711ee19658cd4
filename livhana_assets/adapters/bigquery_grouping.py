"""`SELECT DISTINCT keys, f(x) OVER (PARTITION BY keys)` said as `GROUP BY keys`, which DuckDB answers in a fraction of the memory.

BigQuery has exact percentiles only as window functions, so its dialect has no other way to ask for them; DuckDB has them as aggregates.
"""

from __future__ import annotations

from sqlglot import exp

AGGREGATES = (exp.Avg, exp.Count, exp.CountIf, exp.Max, exp.Min, exp.PercentileCont, exp.Sum)
"""What says the same of a partition by window and by group."""


def group_windows(select: exp.Select) -> None:
    """Ask for the same rows by GROUP BY, in place, where every column is a key of one partition or an aggregate over all of it."""
    distinct, keys = select.args.get("distinct"), _partition(select)
    if not (distinct and keys and not distinct.args.get("on") and _plain(select)):
        return
    names = [_key(column) for column in select.expressions if not _window(column)]
    if sorted(filter(None, names)) != sorted(keys) or None in names:
        return
    for column in select.expressions:
        window = _window(column)
        if window:
            window.replace(window.this)
    select.set("distinct", None)
    select.set("windows", None)
    select.group_by(*(exp.column(name) for name in names if name), copy=False)


def _plain(select: exp.Select) -> bool:
    return not any(select.args.get(part) for part in ("group", "having", "qualify", "limit", "offset"))


def _partition(select: exp.Select) -> list[str]:
    """The keys that all of the SELECT's windows share; none where they differ, or where one is ordered or framed."""
    named = {window.name.lower(): window for window in select.args.get("windows") or ()}
    windows = [window for column in select.expressions if (window := _window(column))]
    partitions = {_keys(named.get(window.alias.lower(), window)) for window in windows}
    aggregates = all(isinstance(window.this, AGGREGATES) for window in windows)
    return list(partitions.pop()) if len(partitions) == 1 and aggregates else []


def _window(column: exp.Expr) -> exp.Window | None:
    inner = column.this if isinstance(column, exp.Alias) else column
    return inner if isinstance(inner, exp.Window) else None


def _keys(window: exp.Expr) -> tuple[str, ...]:
    columns = window.args.get("partition_by") or []
    whole = not window.args.get("order") and not window.args.get("spec")
    return tuple(column.name for column in columns) if whole and all(map(_key, columns)) else ()


def _key(column: exp.Expr) -> str | None:
    return column.name if isinstance(column, exp.Column) and not column.table else None
