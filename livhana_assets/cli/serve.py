"""`livhana up` and `livhana token`: the guarded web process with everything it needs, and who may come in."""

from __future__ import annotations

import getpass
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, Annotated

import typer

from livhana_assets.cli.errors import Failed
from livhana_assets.cli.tables import print_json, print_rows, say
from livhana_assets.wiring import Loop, NotConfigured

if TYPE_CHECKING:
    from starlette.types import ASGIApp

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
REDIS_LOOK_SECONDS = 5.0

token = typer.Typer(
    help="Who may come in by `livhana up`: people and machines with a token each.", no_args_is_help=True
)


def add_to(app: typer.Typer) -> None:
    app.command()(up)
    app.add_typer(token, name="token")


def up(
    host: Annotated[str, typer.Option(help="where to listen")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="on which port; 0 takes a free one", min=0, max=65535)] = 3000,
    daemon: Annotated[bool, typer.Option(help="schedules, sensors and the queue of runs")] = True,
    link: Annotated[bool | None, typer.Option(help="print a sign-in link; default: only on loopback")] = None,
) -> None:
    """The Dagster UI, the review pages and the API on one port, behind a sign-in, with the daemon. Ctrl-C stops everything."""
    from livhana_assets.web import server

    loop = Loop()
    server.proxy_of(loop.settings)
    with_link = server.is_loopback(host) if link is None else link
    _require_sign_in(loop, host, with_link)
    with stopped_by_signal() as stop:
        _stay_up(loop, host, port, daemon, with_link, stop)


def _require_sign_in(loop: Loop, host: str, with_link: bool) -> None:
    """Beyond this machine only where somebody was let in by name. Raises NotConfigured."""
    from livhana_assets.web.server import is_loopback

    named = any(kept.name != link_name() for kept in loop.access.tokens())
    if not (is_loopback(host) or named or loop.settings.proxy_header or loop.settings.proxy_assertion):
        raise NotConfigured(
            f"Nobody could sign in at {host}: give somebody a token first (`livhana token add NAME --role reviewer`), or set IMPROVEMENT_PROXY_HEADER."
        )


def _stay_up(loop: Loop, host: str, port: int, daemon: bool, with_link: bool, stop: threading.Event) -> None:
    """Start everything, wait to be stopped, stop everything in the opposite order."""
    from livhana_assets.web import server

    with ExitStack() as started:
        bound, url = started.enter_context(_alone_at(loop, host, port, daemon))
        server.log_to(loop.home / "logs" / "web.log")
        started.enter_context(_redis(loop))
        app = started.enter_context(_dagster_and_pages(loop, host, daemon, stop))
        if app is None:
            return
        started.enter_context(server.serving(app, bound, stop))
        _tell(loop, url, link=_link(loop, url) if with_link else None, daemon=daemon)
        stop.wait()
        say("Stopping: what is being carried out is put back first.")


@contextmanager
def _alone_at(loop: Loop, host: str, port: int, daemon: bool) -> Iterator[tuple[socket.socket, str]]:
    """The bound socket and its address, for the only `up` of this home. Raises NotConfigured."""
    from livhana_assets.adapters.running_up import AlreadyUp, the_only_up
    from livhana_assets.web.server import CannotListen, listening, local_url

    with ExitStack() as held:
        try:
            is_at = held.enter_context(the_only_up(loop.home, loop.settings.work, daemon=daemon))
            bound = held.enter_context(listening(host, port))
        except (AlreadyUp, CannotListen) as why:
            raise NotConfigured(str(why)) from None
        url = local_url(host, bound.getsockname()[1])
        is_at(url)
        yield bound, url


@contextmanager
def _dagster_and_pages(loop: Loop, host: str, daemon: bool, stop: threading.Event) -> Iterator[ASGIApp | None]:
    """The whole application over running services; None where we are stopped before they are ready. Raises Failed."""
    from livhana_assets.adapters.dagster_services import DagsterServices, ServiceFailed

    loop.runs.prepare()
    with ExitStack() as started:
        try:
            services = DagsterServices(loop.home, daemon=daemon)
            started.callback(services.stop)
            services.start()
            from livhana_assets.adapters.dagster_pages import pages_kept
            from livhana_assets.web.dagster_ui import dagster_ui  # takes seconds, as the code server does meanwhile
            from livhana_assets.web.server import guarded_app

            with suppress(NotConfigured):  # as the pages will say
                _ = loop.warehouse  # loads what reads it, so that nobody's first page waits for that
            services.wait(stop)
        except ServiceFailed as why:
            raise Failed(str(why)) from None
        if stop.is_set():
            yield None
            return
        started.enter_context(pages_kept(loop.home / "dagster", loop.store))
        ui = started.enter_context(dagster_ui(loop.home / "dagster", services.workspace))
        yield guarded_app(loop, ui, host)


@contextmanager
def _redis(loop: Loop) -> Iterator[None]:
    """The store is there, and an embedded Redis is started again should it die. It stays when we go: other commands may be using it."""
    from livhana_assets.loop.proposals.ports import StoreUnavailable

    loop.store.paused()
    over = threading.Event()

    def look() -> None:
        from livhana_assets.adapters.embedded_redis import open_embedded_redis

        while not over.wait(REDIS_LOOK_SECONDS):
            with suppress(StoreUnavailable):
                open_embedded_redis(loop.home / "redis")

    watching = threading.Thread(target=look, name="watches redis", daemon=True)
    if not loop.settings.redis_url:
        watching.start()
    try:
        yield
    finally:
        over.set()
        if watching.is_alive():
            watching.join()


@contextmanager
def stopped_by_signal() -> Iterator[threading.Event]:
    """Set when somebody wants us to end. Asking twice changes nothing: the end is on its way."""
    stop = threading.Event()
    before = {asked: signal.signal(asked, lambda *_: stop.set()) for asked in STOPPING}
    try:
        yield stop
    finally:
        for asked, handler in before.items():
            signal.signal(asked, handler)


# --- who may come in -------------------------------------------------------------------------------------------------


def link_name() -> str:
    """Whose name the decisions carry of whoever opens the printed link: the user's who started us."""
    try:
        name = getpass.getuser()
    except (OSError, KeyError):
        return "operator"
    return name if name.isprintable() else "operator"


def _link(loop: Loop, url: str) -> str:
    return f"{url}/sign-in?token={loop.access.add(link_name(), 'admin')}"


def _tell(loop: Loop, url: str, link: str | None, daemon: bool) -> None:
    """One block on stdout, so that a script can read it as well."""
    public = loop.settings.public_url
    lines = [
        "Liv Hana is up.",
        f"  sign in   {link}" if link else f"  open      {public or url}  (sign in with your token)",
        f"  also at   {public}" if link and public else "",
        f"  logs      {loop.home / 'logs'}",
        "" if daemon else "  daemon    none here: schedules, sensors and runs wait for one that runs elsewhere",
        "  stop      Ctrl-C here, or `livhana down`",
    ]
    with suppress(BrokenPipeError):
        print("\n".join(line for line in lines if line), flush=True)


@token.command("add")
def add_token(
    name: Annotated[str, typer.Argument(help="whose; decisions carry this name")],
    role: Annotated[str, typer.Option(help="viewer, reviewer or admin")],
) -> None:
    """Let somebody in. Prints the token once; a token of the same name ends."""
    _require_role(role)
    if not name.strip() or not name.isprintable() or name != name.strip():
        raise typer.BadParameter("say a name that can be printed", param_hint="NAME")
    if name == link_name():
        raise NotConfigured(f"{name} is the name of the link that `livhana up` prints: choose another one.")
    print(Loop().access.add(name, role))
    say(f"That is {name}'s token, shown this once: paste it at the sign-in, or send it as `Authorization: Bearer`.")


@token.command("list")
def list_tokens(as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False) -> None:
    """Who may come in, and as what."""
    rows = [{"name": kept.name, "role": kept.role} for kept in Loop().access.tokens()]
    print_json(rows) if as_json else print_rows(rows)


@token.command("remove")
def remove_token(name: Annotated[str, typer.Argument(help="whose")]) -> None:
    """Let somebody in no more; sessions end with the token."""
    if not Loop().access.remove(name):
        raise NotConfigured(f"Nobody has a token under the name {name}: `livhana token list` shows who has one.")
    say(f"{name} may come in no more.")


def _require_role(role: str) -> None:
    from livhana_assets.web.people import Role

    try:
        Role.named(role)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--role") from None
