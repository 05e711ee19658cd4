"""Route templates such as `GET /products/{id}` and the request they are matched against."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Callable

from shop.errors import BadRequest, NotFound


@dataclass
class Request:
    method: str
    path: str
    query: dict[str, str] = field(default_factory=dict)
    body: Any = None
    customer_id: str | None = None
    request_id: str = ""
    params: dict[str, str] = field(default_factory=dict)

    def int_param(self, name: str) -> int:
        value = self.params[name]
        if not value.isdigit():
            raise NotFound(f"no such {name}: {value}")
        return int(value)

    def fields(self, *required: str) -> dict[str, Any]:
        """The JSON body as a dict that has at least the required keys."""
        if not isinstance(self.body, dict):
            raise BadRequest("a JSON object is expected")
        missing = [name for name in required if name not in self.body]
        if missing:
            raise BadRequest("missing: " + ", ".join(missing))
        return self.body


@dataclass
class Response:
    status: int
    body: Any


@dataclass
class Route:
    method: str
    template: str
    handler: Callable[..., Any]

    def __post_init__(self) -> None:
        pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", self.template)
        self.pattern = re.compile(f"{pattern}/?")

    @property
    def name(self) -> str:
        return f"{self.method} {self.template}"


class Router:
    def __init__(self, routes: list[Route]) -> None:
        self.routes = routes

    def match(self, method: str, path: str) -> tuple[Route, dict[str, str]] | None:
        for route in self.routes:
            found = route.pattern.fullmatch(path) if route.method == method else None
            if found:
                return route, found.groupdict()
        return None
