"""`GET /metrics`: the counters and the state of the queue as Prometheus text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from starlette.requests import Request
from starlette.responses import Response

from livhana_assets.loop.proposals.model import Status
from livhana_assets.web.api.models import MEANINGS
from livhana_assets.web.api.problems import KNOWN, problem_of
from livhana_assets.web.desk import Desk

PREFIX = "livhana_"


class Figures:
    """Reads the desk at every scrape. All are gauges: what was improved can turn out not to be."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def collect(self) -> Iterator[Metric]:
        for name, value in self._desk.counters().items():
            yield GaugeMetricFamily(metric_name(name), MEANINGS.get(name, name), value=float(value))
        yield self._proposals()
        yield GaugeMetricFamily(f"{PREFIX}waiting", "Proposals that wait for a person.", value=len(self._desk.queue()))
        paused = float(self._desk.paused())
        yield GaugeMetricFamily(f"{PREFIX}paused", "1 while nothing is carried out.", value=paused)

    def _proposals(self) -> Metric:
        family = GaugeMetricFamily(f"{PREFIX}proposals", "Proposals by status.", labels=["status"])
        counted = Counter(proposal.status for proposal in self._desk.proposals())
        for status in Status:
            family.add_metric([str(status)], counted[status])
        return family


def metric_name(counter: str) -> str:
    """`bugsFixed` is `livhana_bugs_fixed`."""
    return PREFIX + re.sub(r"(?<=[a-z])(?=[A-Z])", "_", counter).lower()


def prometheus_endpoint(desk: Desk) -> Callable[[Request], Response]:
    registry = CollectorRegistry()
    registry.register(Figures(desk))

    def metrics(request: Request) -> Response:
        encode, media_type = choose_encoder(request.headers.get("accept", ""))
        try:
            return Response(encode(registry), headers={"Content-Type": media_type})
        except KNOWN as error:
            return problem_of(error)

    return metrics
