"""When the loop turns: jobs, the schedules and sensors that start them, and the switch that turns all of these off."""

from livhana_assets.automation.jobs import JOBS
from livhana_assets.automation.schedules import SCHEDULES
from livhana_assets.automation.sensors import SENSORS

__all__ = ["JOBS", "SCHEDULES", "SENSORS"]
