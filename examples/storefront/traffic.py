"""Simulated customers for a running storefront.

The same seed gives the same visits: every customer sends the same requests in the same
order. Customers are spread over a few threads, each with its own kept-alive connections.
"""

from __future__ import annotations

import argparse
import http.client
import json
import random
import sys
import threading
import time
from collections import Counter
from typing import Iterator
from urllib.parse import urlsplit

from simulated.shopper import Call, Shopper, Visit
from simulated.visits import BACKEND_VISITS, EVERYDAY, OCCASIONAL

THREADS = 6


def plan(requests: int, seed: int, with_backend: bool = True) -> list[Visit]:
    """The visits of one run, which send exactly the wanted number of requests."""
    shopper = Shopper(random.Random(seed))
    skipped = set() if with_backend else BACKEND_VISITS
    visits = [
        maker(shopper)
        for maker, count in OCCASIONAL.items() if maker not in skipped
        for _ in range(round(count * requests / 3200))
    ]
    everyday = {maker: weight for maker, weight in EVERYDAY.items() if maker not in skipped}
    left = requests - sum(len(visit.calls) for visit in visits)
    while left > 0:
        visit = shopper.rng.choices(list(everyday), list(everyday.values()))[0](shopper)
        visit.calls = visit.calls[:left]
        left -= len(visit.calls)
        visits.append(visit)
    shopper.rng.shuffle(visits)
    return visits


class Worker(threading.Thread):
    """Sends the visits of its customers one after the other."""

    def __init__(self, urls: dict[str, str], visits: list[Visit], done: "Progress") -> None:
        super().__init__()
        self.connections = {
            name: http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
            for name, url in urls.items()
        }
        self.visits = visits
        self.done = done
        self.known: dict[str, str] = {}

    def run(self) -> None:
        for visit in self.visits:
            self.known = {"interaction": "none", "order": "none", "previous_order": "none"}
            for call in visit.calls:
                self.done.count(call, self._send(visit.customer, call))
        for connection in self.connections.values():
            connection.close()

    def _send(self, customer: int, call: Call) -> int:
        connection = self.connections[call.service]
        body = None if call.body is None else self._fill(json.dumps(call.body)).encode("utf-8")
        headers = {"X-Customer-Id": str(customer), "Content-Type": "application/json"}
        connection.request(call.method, self._fill(call.path), body, headers)
        answer = connection.getresponse()
        data = answer.read()
        if answer.status < 300:
            self._remember(call.path, json.loads(data))
        return answer.status

    def _fill(self, text: str) -> str:
        for name, value in self.known.items():
            text = text.replace("{" + name + "}", value)
        return text

    def _remember(self, path: str, answer: dict[str, str]) -> None:
        if path == "/ask":
            self.known["interaction"] = answer["interaction_id"]
        elif path == "/orders":
            self.known["previous_order"] = self.known["order"]
            self.known["order"] = answer["reference"]


class Progress:
    def __init__(self, show: bool) -> None:
        self._show = show
        self._lock = threading.Lock()
        self.by_status: Counter[str] = Counter()
        self.by_service: Counter[str] = Counter()

    def count(self, call: Call, status: int) -> None:
        with self._lock:
            self.by_status[f"{status // 100}xx"] += 1
            self.by_service[call.service] += 1
            total = self.by_service.total()
        if self._show and total % 400 == 0:
            print(f"{total} requests sent", file=sys.stderr, flush=True)


def split(visits: list[Visit]) -> Iterator[list[Visit]]:
    for number in range(THREADS):
        yield [visit for visit in visits if visit.customer % THREADS == number]


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shop", required=True, metavar="URL")
    parser.add_argument("--backend", required=True, metavar="URL", help="or none")
    parser.add_argument("--requests", type=int, default=3200)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--progress", action="store_true")
    return parser.parse_args()


def main() -> None:
    arguments = read_arguments()
    urls = {"shop": arguments.shop}
    if arguments.backend != "none":
        urls["backend"] = arguments.backend
    visits = plan(arguments.requests, arguments.seed, "backend" in urls)
    progress = Progress(arguments.progress)
    workers = [Worker(urls, part, progress) for part in split(visits)]
    started = time.monotonic()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    print(json.dumps({
        "requests": progress.by_status.total(),
        "by_status": dict(sorted(progress.by_status.items())),
        "by_service": dict(sorted(progress.by_service.items())),
        "seconds": round(time.monotonic() - started, 2),
    }))


if __name__ == "__main__":
    main()
