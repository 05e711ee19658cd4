"""`/api/improvements` for programs, and `/metrics` for Prometheus. What it may ask is the desk's; nothing is decided here.

models      what requests and answers look like
problems    every error as problem+json, with its documented status
reading     proposals, counters, health
deciding    approve, reject, accept, attach, execute, analyze
bodies      none is too long
repeats     the same Idempotency-Key gets the same answer
figures     the counters as Prometheus text
reference   docs/api.md, made from the OpenAPI document
"""

from __future__ import annotations

import re

from starlette.routing import BaseRoute, Mount, Route

from livhana_assets.web.api.application import ROOT, create_api
from livhana_assets.web.api.figures import prometheus_endpoint
from livhana_assets.web.desk import Desk


def routes(desk: Desk) -> list[BaseRoute]:
    """The API and the Prometheus page. The guard in front of them says who asks."""
    mount = Mount(ROOT, create_api(desk))
    mount.path_regex = re.compile(mount.path_regex.pattern, re.DOTALL)  # else a path with a line break would pass it by
    return [mount, Route("/metrics", prometheus_endpoint(desk))]
