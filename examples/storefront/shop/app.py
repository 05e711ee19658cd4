"""The application behind the HTTP server: routes, error handling, traces."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path

from shop.api import accounts, backoffice, browsing, ordering
from shop.db import Database, connect, migrate
from shop.error_reporting import ErrorReporter
from shop.errors import ClientError
from shop.router import Request, Response, Route, Router
from shop.trace_log import InteractionLog, MetricLog, TraceFile

SERVICE = "shop"
ROUTES = [
    Route("GET", "/health", browsing.health),
    Route("GET", "/products", browsing.list_products),
    Route("GET", "/products/{id}", browsing.show_product),
    Route("GET", "/products/{id}/availability", browsing.show_availability),
    Route("GET", "/products/{id}/reviews", browsing.show_reviews),
    Route("POST", "/products/{id}/reviews", browsing.add_review),
    Route("GET", "/search", browsing.run_search),
    Route("GET", "/search/suggest", browsing.suggest),
    Route("GET", "/categories/{category}/facets", browsing.show_facets),
    Route("GET", "/customers/{id}", accounts.show_customer),
    Route("GET", "/customers/{id}/address", accounts.show_address),
    Route("GET", "/customers/{id}/activity", accounts.show_activity),
    Route("GET", "/customers/{id}/loyalty", accounts.show_loyalty),
    Route("GET", "/customers/{id}/points", accounts.show_points),
    Route("GET", "/customers/{id}/orders", accounts.list_orders),
    Route("GET", "/customers/{id}/cart", ordering.show_cart),
    Route("PUT", "/customers/{id}/cart", ordering.update_cart),
    Route("POST", "/cart/quote", ordering.quote_cart),
    Route("POST", "/shipping/quote", ordering.quote_shipping),
    Route("GET", "/delivery-slots/next", ordering.next_slot),
    Route("POST", "/orders", ordering.place_order),
    Route("GET", "/orders/{reference}", ordering.show_order),
    Route("DELETE", "/orders/{reference}", ordering.cancel_order),
    Route("GET", "/orders/{reference}/label", ordering.order_label),
    Route("POST", "/payments/events", ordering.payment_event),
    Route("POST", "/gift-cards", ordering.buy_gift_card),
    Route("GET", "/reports/sales", backoffice.sales_report),
    Route("GET", "/reports/categories", backoffice.category_report),
    Route("GET", "/reports/low-stock", backoffice.low_stock),
]


class Application:
    __slots__ = ("database", "router", "files", "metrics", "interactions", "reporter")

    def __init__(self, database_path: str, traces: Path, release: str) -> None:
        self.database = Database(database_path)
        names = ("errors", "metrics", "interactions")
        self.files = [TraceFile(traces / f"{name}-{SERVICE}.jsonl") for name in names]
        errors, metrics, interactions = self.files
        self.metrics = MetricLog(metrics, SERVICE, release)
        self.interactions = InteractionLog(interactions)
        self.reporter = ErrorReporter(errors, SERVICE, release, Path(__file__).parent)
        self.router = Router(ROUTES + assistant_routes(self.interactions))

    def respond(self, request: Request) -> Response:
        started = time.perf_counter()
        match = self.router.match(request.method, request.path)
        if match is None:
            endpoint, response = "unmatched", Response(404, {"error": "no such page"})
        else:
            route, request.params = match
            endpoint, response = route.name, self._run(route, request)
        seconds = time.perf_counter() - started
        self.metrics.request(
            endpoint, request.method, response.status, seconds, request.request_id
        )
        return response

    def _run(self, route: Route, request: Request) -> Response:
        try:
            answer = route.handler(request, self.database.connection())
        except ClientError as error:
            return Response(error.status, {"error": error.message})
        except Exception as error:
            self._report(error, route.name, request)
            return Response(500, {"request_id": request.request_id})
        return answer if isinstance(answer, Response) else Response(200, answer)

    def _report(self, error: Exception, endpoint: str, request: Request) -> None:
        seen = {key: asdict(request)[key] for key in ("method", "path", "query", "body")}
        self.reporter.report(error, endpoint, request.request_id, seen, request.customer_id)

    def close(self) -> None:
        self.interactions.flush(everything=True)
        for file in self.files:
            file.close()


def assistant_routes(log: InteractionLog) -> list[Route]:
    return [
        Route("POST", "/ask", backoffice.ask_handler(log)),
        Route("POST", "/ask/{interaction}/feedback", backoffice.feedback_handler(log)),
    ]


def prepare_database(path: str, customers: int) -> None:
    """Schema and, if the database is empty, the sample data."""
    from shop.seed import seed

    conn = connect(path)
    migrate(conn)
    if customers:
        seed(conn, customers)
    conn.close()
