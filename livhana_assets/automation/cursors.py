"""What a sensor remembers between ticks, as JSON. A cursor that cannot be read is no cursor: the sensor looks at everything again."""

from __future__ import annotations

import json
from typing import Any

import dagster as dg


def read_cursor(context: dg.SensorEvaluationContext) -> dict[str, Any]:
    try:
        known = json.loads(context.cursor or "{}")
    except ValueError:
        return {}
    return known if isinstance(known, dict) else {}


def write_cursor(known: dict[str, Any]) -> str:
    return json.dumps(known, sort_keys=True, separators=(",", ":"))
