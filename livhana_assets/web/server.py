"""The web process at work: where it listens, under which names, whom it believes, and how it is served."""

from __future__ import annotations

import ipaddress
import logging
import logging.handlers
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Receive, Scope, Send

from livhana_assets.settings import Settings
from livhana_assets.web.desk import Desk, Shelf
from livhana_assets.web.entrance import Assertions, Entrance, Proxy
from livhana_assets.web.guard import House
from livhana_assets.web.people import Role
from livhana_assets.wiring import Loop, NotConfigured, now

if TYPE_CHECKING:
    from livhana_assets.web.dagster_ui import DagsterUI

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
EVERYWHERE = frozenset({"", "0.0.0.0", "::"})
LOG_BYTES = 2 * 1024 * 1024
START_SECONDS, ANSWERING_SECONDS = 30.0, 5
BACKLOG, CONNECTIONS = 512, 1000


class CannotListen(Exception):
    """The address cannot be listened on; the message says why and what to do."""


def guarded_app(loop: Loop, dagster: DagsterUI, host: str) -> ASGIApp:
    """Pages, API and Dagster UI over this loop, behind the guard."""
    from livhana_assets.web.app import create_app

    key = loop.access.key()
    entrance = Entrance(loop.access, key, now, proxy_of(loop.settings))
    house = House(names(host, loop.settings.public_url), key, now)
    desk = Desk(loop, dagster.launcher, now, Shelf(loop.store))
    return published(create_app(desk, entrance, house, dagster.app), loop.settings.public_url)


def proxy_of(settings: Settings) -> Proxy:
    """The proxy that is believed. Raises NotConfigured where only a part of it is set, or where it would be anybody."""
    addresses = tuple(settings.proxy_addresses.split())
    asserted = (settings.proxy_assertion, settings.proxy_audience, settings.proxy_issuer, settings.proxy_keys)
    if not any((*asserted, settings.proxy_header, addresses, settings.proxy_roles)):
        return Proxy()
    if any(asserted):
        _require_assertion(settings)
    elif not all((settings.proxy_header, addresses, settings.proxy_roles)):
        raise NotConfigured(
            "Set IMPROVEMENT_PROXY_HEADER, IMPROVEMENT_PROXY_ADDRESSES and IMPROVEMENT_PROXY_ROLES together, or none of them."
        )
    for address in addresses:
        _require_narrow(address)
    for role in settings.proxy_roles.values():
        try:
            Role.named(role)
        except ValueError as error:
            raise NotConfigured(f"IMPROVEMENT_PROXY_ROLES: {error}") from None
    header = settings.proxy_assertion or settings.proxy_header
    return Proxy(header, addresses, settings.proxy_roles, _assertions_of(settings) if any(asserted) else None)


def _require_assertion(settings: Settings) -> None:
    parts = ("proxy_assertion", "proxy_audience", "proxy_issuer", "proxy_keys", "proxy_roles")
    missing = [f"IMPROVEMENT_{name.upper()}" for name in parts if not getattr(settings, name)]
    if missing:
        raise NotConfigured(f"A proxy's signed assertion cannot be judged without {' and '.join(missing)}: set it.")


def _assertions_of(settings: Settings) -> Assertions:
    from livhana_assets.adapters.signed_assertions import BadKeys, KeySet, SignedAssertions

    try:
        return SignedAssertions(KeySet(settings.proxy_keys), settings.proxy_audience, settings.proxy_issuer)
    except BadKeys as why:
        raise NotConfigured(f"IMPROVEMENT_PROXY_KEYS: {why}.") from None


def _require_narrow(address: str) -> None:
    try:
        network = ipaddress.ip_network(address, strict=False)
    except ValueError:
        raise NotConfigured(f"IMPROVEMENT_PROXY_ADDRESSES: {address!r} is no address and no network.") from None
    if network.prefixlen == 0:
        raise NotConfigured(f"IMPROVEMENT_PROXY_ADDRESSES: {address} would let anybody be anybody; name the proxy's.")


def is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def names(host: str, public_url: str) -> frozenset[str]:
    """The names under which this server answers: this machine's own, and the public one."""
    known = {*LOOPBACK, host.lower(), (urlsplit(public_url).hostname or "").lower()}
    if host in EVERYWHERE:
        known |= {socket.gethostname().lower(), socket.getfqdn().lower(), *_own_addresses()}
    return frozenset(known - EVERYWHERE)


def _own_addresses() -> set[str]:
    try:
        return {str(found[4][0]) for found in socket.getaddrinfo(socket.gethostname(), None)}
    except OSError:
        return set()


def local_url(host: str, port: int) -> str:
    """An address at which somebody on this machine reaches it."""
    reached = "127.0.0.1" if host in EVERYWHERE else f"[{host}]" if ":" in host else host
    return f"http://{reached}:{port}"


@contextmanager
def listening(host: str, port: int) -> Iterator[socket.socket]:
    """The bound socket. Raises CannotListen."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        bound = socket.create_server((host, port), family=family, backlog=BACKLOG)
    except (OSError, OverflowError) as error:
        raise CannotListen(
            f"Port {port} of {host} cannot be used ({_why(error)}): choose another with --port."
        ) from None
    with bound:
        yield bound


def _why(error: Exception) -> str:
    number = getattr(error, "errno", None)
    return os.strerror(number) if number and number > 0 else str(error)


def published(app: ASGIApp, public_url: str) -> ASGIApp:
    """The same application, which knows that people reach it by https where the public address says so: cookies are then sent only there."""
    public = urlsplit(public_url)
    if public.scheme != "https":
        return app

    async def reached(scope: Scope, receive: Receive, send: Send) -> None:
        host = dict(scope.get("headers") or ()).get(b"host", b"").decode("latin-1").lower()
        is_public = urlsplit(f"//{host}").hostname == public.hostname
        secure = {"http": "https", "websocket": "wss"}.get(scope["type"]) if is_public else None
        await app({**scope, "scheme": secure} if secure else scope, receive, send)

    return reached


@contextmanager
def serving(app: ASGIApp, bound: socket.socket, stop: threading.Event) -> Iterator[None]:
    """The application, served in a thread. Sets `stop` should it end by itself; at the end it answers what was asked, and no more."""
    import uvicorn

    server = uvicorn.Server(
        uvicorn.Config(
            app,
            log_config=None,
            access_log=False,  # the sign-in link carries its token
            proxy_headers=False,  # the entrance judges them
            server_header=False,
            lifespan="off",
            limit_concurrency=CONNECTIONS,
            timeout_graceful_shutdown=ANSWERING_SECONDS,
        )
    )

    def serve() -> None:
        try:
            server.run(sockets=[bound])
        finally:
            stop.set()

    thread = threading.Thread(target=serve, name="web", daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(timeout=ANSWERING_SECONDS * 4)


def log_to(file: Path) -> None:
    """Everything that this process has to say goes into the file, which is put aside when it is large."""
    file.parent.mkdir(parents=True, exist_ok=True)
    handler = logging.handlers.RotatingFileHandler(file, maxBytes=LOG_BYTES, backupCount=1, delay=True)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logging.captureWarnings(True)
    root: Any = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.INFO)
