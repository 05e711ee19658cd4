"""When the loop turns: jobs, the schedules and sensors that start them, and the switch that turns all of these off."""

from typing import Any

from livhana_assets.automation.errands import ERRANDS
from livhana_assets.automation.jobs import JOBS as ASSET_JOBS
from livhana_assets.automation.schedules import SCHEDULES
from livhana_assets.automation.sensors import SENSORS

JOBS: list[Any] = [*ASSET_JOBS, *ERRANDS]

__all__ = ["JOBS", "SCHEDULES", "SENSORS"]
