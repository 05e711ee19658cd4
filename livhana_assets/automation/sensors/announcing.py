"""What people are told in their channel, where there is one."""

from __future__ import annotations

import dagster as dg

from livhana_assets.automation.cursors import read_cursor, write_cursor
from livhana_assets.automation.switch import off
from livhana_assets.loop.review.announcements import announce
from livhana_assets.wiring import Loop, now


@dg.sensor(minimum_interval_seconds=30, default_status=dg.DefaultSensorStatus.RUNNING)
def announcements(context: dg.SensorEvaluationContext, loop: dg.ResourceParam[Loop]) -> dg.SensorResult | dg.SkipReason:
    """Tells the webhook what waits, landed, was rolled back or did not improve, and which run failed, once each. What was told is in the audit, so that a
    lost cursor tells nothing twice."""
    if why := off(loop):
        return dg.SkipReason(why)
    if loop.channel is None:
        return dg.SkipReason("Nobody is told: set IMPROVEMENT_WEBHOOK_URL to a channel that takes Slack's JSON.")
    after = int(read_cursor(context).get("through", 0))
    told = announce(loop.store, loop.channel, public_url=loop.settings.public_url, now=now(), after=after)
    said = f"{told.sent} told." + (f" The next is not: {told.why}" if told.why else "")
    return dg.SensorResult(skip_reason=said, cursor=write_cursor({"through": told.through}))
