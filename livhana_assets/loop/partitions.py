"""How the assets are partitioned: by UTC day up to and including today, and by proposal."""

import dagster as dg

FIRST_DAY = "2025-01-01"

daily = dg.DailyPartitionsDefinition(start_date=FIRST_DAY, timezone="UTC", end_offset=1)
proposals = dg.DynamicPartitionsDefinition(name="proposals")
