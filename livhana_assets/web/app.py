"""The whole web process as one ASGI application: what is ours first, then the Dagster UI, all behind the guard."""

from __future__ import annotations

from pathlib import Path

from starlette.applications import Starlette
from starlette.routing import BaseRoute, Mount
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from livhana_assets.web import api, pages, signing_in
from livhana_assets.web.desk import Desk
from livhana_assets.web.entrance import Entrance
from livhana_assets.web.guard import Guard, House

STATIC = Path(__file__).with_name("static")


def create_app(desk: Desk, entrance: Entrance, house: House, dagster: ASGIApp | None = None) -> ASGIApp:
    """Without `dagster` there are only the pages and the API (tests, and installations that serve Dagster elsewhere)."""
    routes: list[BaseRoute] = [
        *signing_in.routes(entrance, house),
        Mount("/review-static", StaticFiles(directory=STATIC)),
        *pages.routes(desk, house.key),
        *api.routes(desk),
    ]
    if dagster is not None:
        routes.append(Mount("/", dagster))
    return Guard(Starlette(routes=routes), entrance, house)
