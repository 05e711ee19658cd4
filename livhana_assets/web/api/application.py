"""The API as one FastAPI application, with an OpenAPI document that declares every answer."""

from __future__ import annotations

from typing import Any

from fastapi import Depends, FastAPI
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from livhana_assets.web.api import models, problems
from livhana_assets.web.api.bodies import BoundedBody
from livhana_assets.web.api.deciding import deciding
from livhana_assets.web.api.reading import only_known_parameters, reading
from livhana_assets.web.desk import LONGEST_PATCH, Desk

ROOT = "/api/improvements"
BODY_BYTES = 64 * 1024
PATCH_BYTES = 4 * LONGEST_PATCH
SUMMARY = "What the loop proposes, and what a reviewer says to it."


def create_api(desk: Desk) -> FastAPI:
    """To be mounted at ROOT behind the guard, which sets `request.state.person`. There is no page of docs from elsewhere."""
    api = FastAPI(
        title="Liv Hana self-improvement",
        version="1",
        summary=SUMMARY,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        dependencies=[Depends(only_known_parameters)],
    )
    api.add_middleware(BoundedBody, limit=BODY_BYTES, longer={"/attach": PATCH_BYTES})
    api.include_router(reading(desk, ROOT))
    api.include_router(deciding(desk))
    problems.add_to(api)

    @api.get("/openapi.json", include_in_schema=False)
    async def read_openapi(request: Request) -> Response:
        return JSONResponse(openapi(api))

    return api


def openapi(api: FastAPI) -> dict[str, Any]:
    """The OpenAPI document: FastAPI's, with where it stands, how to sign in, and the one shape of errors."""
    document = dict(api.openapi())
    document["servers"] = [{"url": ROOT}]
    schemas = document["components"]["schemas"]
    schemas["Problem"] = models.Problem.model_json_schema(by_alias=True, ref_template="#/components/schemas/{model}")
    schemas.update(schemas["Problem"].pop("$defs"))
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    document["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    document["security"] = [{"token": []}]
    return document
