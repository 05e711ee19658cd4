"""Which days have to be looked at again, over all analyses: those whose traces are not what their patterns were made of."""

from __future__ import annotations

from datetime import date

from livhana_assets.loop.patterns.error_looks import error_days
from livhana_assets.loop.patterns.features import states as features
from livhana_assets.loop.patterns.interactions import states as interactions
from livhana_assets.loop.patterns.performance.days import day_marks
from livhana_assets.loop.patterns.regrouping import uncorrected_days
from livhana_assets.loop.sources.ports import Warehouse


def due_days(warehouse: Warehouse, since: date, until: date) -> tuple[date, ...]:
    """Of a range, both ends included, the days with new or late rows of any kind, or that a person's correction has not reached, oldest first."""
    errors = (day for day, one in error_days(warehouse, since, until).items() if one.due)
    requests = (day for day, one in day_marks(warehouse, since, until).items() if one.days_due or one.histograms_due)
    asked = (day for day, one in interactions.day_states(warehouse, since, until).items() if one.due)
    wished = (day for day, one in features.day_states(warehouse, since, until).items() if one.due)
    corrected = (day for day in uncorrected_days(warehouse) if since <= day <= until)
    return tuple(sorted({*errors, *corrected, *requests, *asked, *wished}))
