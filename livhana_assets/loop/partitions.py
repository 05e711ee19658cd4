"""How the assets are partitioned: by UTC day up to and including today, and by proposal."""

import warnings

import dagster as dg

# every backfill here is one run, by an argument that dagster still calls beta; saying so at each start helps nobody
warnings.filterwarnings("ignore", message=".*`backfill_policy`.*", category=dg.BetaWarning)

FIRST_DAY = "2025-01-01"

daily = dg.DailyPartitionsDefinition(start_date=FIRST_DAY, timezone="UTC", end_offset=1)
proposals = dg.DynamicPartitionsDefinition(name="proposals")

weekly = dg.WeeklyPartitionsDefinition(start_date="2025-01-06", day_offset=1, timezone="UTC", end_offset=1)
"""From Monday to Sunday, the present week included."""
monthly = dg.MonthlyPartitionsDefinition(start_date=FIRST_DAY, timezone="UTC", end_offset=1)
