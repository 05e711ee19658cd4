"""Days grouped again after a correction: every row keeps its place in the warehouse, and gets the group that it belongs to now."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date

from livhana_assets.loop.patterns.correction_rows import days_of_patterns, days_of_template, load_corrections
from livhana_assets.loop.patterns.corrections import Correction, Standing, standing
from livhana_assets.loop.patterns.errors import error_patterns_day
from livhana_assets.loop.patterns.fingerprinting import fingerprint_day
from livhana_assets.loop.sources.arrow_rows import arrow_schema
from livhana_assets.loop.sources.ports import Warehouse
from livhana_assets.loop.sources.records import ERROR_LOOKS


def regroup(warehouse: Warehouse, days: Iterable[date], done: Callable[[], None] = lambda: None) -> None:
    """Fingerprints and patterns of the days as corrections have them now. Doing a day twice changes nothing."""
    for day in days:
        fingerprint_day(warehouse, day)
        error_patterns_day(warehouse, day)
        done()


def make_due(warehouse: Warehouse, days: Iterable[date]) -> None:
    """Forget what the days were grouped from, so that the next run over them groups them again, whoever starts it."""
    import pyarrow as pa

    for day in days:
        warehouse.replace_day(ERROR_LOOKS, day, pa.Table.from_pylist([], schema=arrow_schema(ERROR_LOOKS)))


def days_changed_by(warehouse: Warehouse, correction: Correction, stands: Standing) -> tuple[date, ...]:
    """The days whose groups are not yet as the correction wants them; of an undo every day that may be concerned."""
    if correction.kind == "merge":
        return days_of_patterns(warehouse, [correction.fingerprint])
    if correction.kind == "split":
        apart = stands.final(correction.into)
        return days_of_template(warehouse, correction.template_key or "", outside=apart)
    # `fingerprint` is where the rows went, perhaps by way of others
    return days_of_patterns(warehouse, [correction.fingerprint, stands.final(correction.fingerprint)])


def uncorrected_days(warehouse: Warehouse) -> tuple[date, ...]:
    """The days that merges and splits have not reached yet, oldest first: whoever decided was cut off before they were grouped again."""
    stands = standing(load_corrections(warehouse))
    due = set(days_of_patterns(warehouse, stands.moved()))
    for one in stands.splits.values():
        due |= set(days_changed_by(warehouse, one, stands))
    return tuple(sorted(due))
