"""Command line: `python -m shop --port 8080 --database shop.db --traces traces --release SHA`."""

from __future__ import annotations

import argparse
import signal
import threading
from pathlib import Path

from shop.app import Application, prepare_database
from shop.server import ShopServer


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="shop", description="The storefront's shop service.")
    parser.add_argument("--port", type=int, default=8080, help="0 takes any free port")
    parser.add_argument("--database", required=True, metavar="FILE")
    parser.add_argument("--traces", required=True, type=Path, metavar="DIR")
    parser.add_argument("--release", required=True, metavar="SHA")
    parser.add_argument("--seed-data", type=int, default=400, metavar="N",
                        help="customers to create in an empty database (0: none)")
    return parser.parse_args()


def wait_for_stop() -> None:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    stop.wait()


def main() -> None:
    arguments = read_arguments()
    prepare_database(arguments.database, arguments.seed_data)
    application = Application(arguments.database, arguments.traces, arguments.release)
    server = ShopServer(arguments.port, application)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"listening on http://127.0.0.1:{server.server_address[1]}", flush=True)
    wait_for_stop()
    server.shutdown()
    server.server_close()
    application.close()


if __name__ == "__main__":
    main()
