"""Messages of well-known programs, written for this project: templates in the programs' own wording, filled with seeded values.

Held out: the rules were made looking at other logs. `{name}` names a filler; the template's place is its label."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

Fill = Callable[[random.Random], str]
NAMES = (
    "alice",
    "bob",
    "carol",
    "dave",
    "erin",
    "frank",
    "grace",
    "heidi",
    "ivan",
    "judy",
    "mallory",
    "niaj",
    "olivia",
    "peggy",
    "rupert",
    "sybil",
    "trent",
    "victor",
    "wendy",
)
APPS = ("cart", "checkout", "search", "mailer", "billing", "catalog", "profile", "gateway")
PATHS = (
    "/",
    "/cart",
    "/favicon.ico",
    "/api/v1/items",
    "/static/app.js",
    "/login",
    "/wp-login.php",
    "/products/17",
    "/admin",
)


def _of(*values: str) -> Fill:
    return lambda rng: rng.choice(values)


def _hex(size: int) -> Fill:
    return lambda rng: "".join(rng.choice("0123456789abcdef") for _ in range(size))


FILLERS: dict[str, Fill] = {
    "ip": lambda rng: f"{rng.randrange(1, 255)}.{rng.randrange(255)}.{rng.randrange(255)}.{rng.randrange(255)}",
    "port": lambda rng: str(rng.randrange(1024, 65536)),
    "n": lambda rng: str(rng.randrange(1, 100_000)),
    "f": lambda rng: f"{rng.uniform(0, 900):.3f}",
    "user": _of(*NAMES),
    "app": _of(*APPS),
    "path": _of(*PATHS),
    "status": _of("200", "301", "404", "500", "502"),
    "pod": lambda rng: f"{rng.choice(APPS)}-{_hex(10)(rng)}-{_hex(5)(rng)}",
    "uuid": lambda rng: "-".join(_hex(size)(rng) for size in (8, 4, 4, 4, 12)),
    "hex": _hex(12),
    "host": lambda rng: f"{rng.choice(APPS)}-{rng.randrange(9)}.{rng.choice(('prod', 'stage'))}.shop.internal",
    "mail": lambda rng: f"{rng.choice(NAMES)}@{rng.choice(('shop', 'mail', 'corp'))}.example",
    "ms": lambda rng: f"{rng.randrange(1, 9000)}ms",
    "time": lambda rng: (
        f"2026-{rng.randrange(1, 13):02d}-{rng.randrange(1, 29):02d} {rng.randrange(24):02d}:{rng.randrange(60):02d}:{rng.randrange(60):02d}"
    ),
    "file": lambda rng: f"/var/lib/{rng.choice(APPS)}/{_hex(6)(rng)}.dat",
    "sha": _hex(40),
}
FAMILIES: dict[str, str] = {
    "nginx and gunicorn": """
        {ip} - - "GET {path} HTTP/1.1" {status} {n}
        {ip} - - "POST {path} HTTP/1.1" {status} {n}
        [error] {n}#{n}: *{n} open() "/usr/share/nginx/html{path}" failed (2: No such file or directory), client: {ip}, server: localhost
        [error] {n}#{n}: *{n} connect() failed (111: Connection refused) while connecting to upstream, client: {ip}, upstream: "http://{ip}:{port}{path}"
        [error] {n}#{n}: *{n} upstream timed out (110: Connection timed out) while reading response header from upstream, client: {ip}
        [warn] {n}#{n}: *{n} a client request body is buffered to a temporary file {file}, client: {ip}
        [notice] {n}#{n}: signal process started
        [notice] {n}#{n}: worker process {n} exited with code 0
        [CRITICAL] WORKER TIMEOUT (pid:{n})
        [INFO] Booting worker with pid: {n}
        [INFO] Worker exiting (pid: {n})
        [INFO] Starting gunicorn 20.1.0
        [INFO] Listening at: http://{ip}:{port} ({n})
        [ERROR] Worker (pid:{n}) was sent SIGKILL! Perhaps out of memory?""",
    "Kubernetes": """
        Successfully assigned default/{pod} to {host}
        Pulling image "registry.shop.internal/{app}:{n}"
        Successfully pulled image "registry.shop.internal/{app}:{n}" in {f}s
        Created container {app}
        Started container {app}
        Stopping container {app}
        Back-off restarting failed container {app} in pod {pod}_default({uuid})
        Readiness probe failed: HTTP probe failed with statuscode: {status}
        Liveness probe failed: Get "http://{ip}:{port}/healthz": context deadline exceeded
        Failed to pull image "registry.shop.internal/{app}:{n}": rpc error: code = NotFound desc = manifest unknown
        Scaled up replica set {app}-{hex} to {n}
        Scaled down replica set {app}-{hex} to {n}
        "SyncLoop DELETE" source="api" pods=["default/{pod}"]
        "SyncLoop ADD" source="api" pods=["default/{pod}"]
        0/{n} nodes are available: {n} Insufficient cpu.
        0/{n} nodes are available: {n} Insufficient memory.
        Node {host} status is now: NodeNotReady
        Evicted pod {pod}: The node was low on resource: memory.""",
    "Postgres": """
        connection received: host={ip} port={port}
        connection authorized: user={user} database=shop
        disconnection: session time: 0:00:{f} user={user} database=shop host={ip} port={port}
        duration: {f} ms  statement: SELECT * FROM orders WHERE id = {n}
        checkpoint starting: time
        checkpoint complete: wrote {n} buffers ({f}%); 0 WAL file(s) added, {n} removed, {n} recycled; write={f} s, sync={f} s, total={f} s
        automatic vacuum of table "shop.public.orders": index scans: {n}
        automatic analyze of table "shop.public.orders"
        deadlock detected
        Process {n} waits for ShareLock on transaction {n}; blocked by process {n}.
        duplicate key value violates unique constraint "orders_pkey"
        Key (id)=({n}) already exists.
        canceling statement due to statement timeout
        canceling autovacuum task
        password authentication failed for user "{user}"
        could not receive data from client: Connection reset by peer
        terminating connection due to administrator command
        relation "cart_items" does not exist at character {n}
        remaining connection slots are reserved for non-replication superuser connections
        database system was shut down at {time} UTC
        redo done at {hex}/{hex}""",
    "Java services": """
        HikariPool-1 - Connection is not available, request timed out after {ms}.
        HikariPool-1 - Starting...
        HikariPool-1 - Start completed.
        Started Application in {f} seconds (JVM running for {f})
        Tomcat started on port(s): {port} (http)
        Tomcat initialized with port(s): {port} (http)
        Resolved [org.springframework.web.HttpRequestMethodNotSupportedException: Request method 'GET' not supported]
        Resolved [org.springframework.web.HttpRequestMethodNotSupportedException: Request method 'POST' not supported]
        [Consumer clientId=consumer-{n}, groupId={app}] Offset commit failed on partition orders-{n} at offset {n}: The request timed out.
        [Consumer clientId=consumer-{n}, groupId={app}] Discovered group coordinator {host}:{port} (id: {n} rack: null)
        [Producer clientId=producer-{n}] Got error produce response with correlation id {n} on topic-partition orders-{n}, retrying ({n} attempts left)
        User {user} logged in from {ip}
        User {user} logged out
        Order {uuid} of {mail} was rejected: insufficient stock of item {n}
        Order {uuid} of {mail} was accepted
        Circuit breaker 'inventory' is OPEN and does not permit further calls
        Circuit breaker 'inventory' is HALF_OPEN and does not permit further calls
        GC pause (G1 Evacuation Pause) (young) {n}M->{n}M({n}M) {f}ms
        Could not load file {file}: Permission denied
        Thread starvation or clock leap detected (housekeeper delta={n}ms).""",
    "Node services": """
        connect ECONNREFUSED {ip}:{port}
        connect ETIMEDOUT {ip}:{port}
        getaddrinfo ENOTFOUND {host}
        Request failed with status code {status}
        timeout of {n}ms exceeded
        socket hang up
        read ECONNRESET
        listen EADDRINUSE: address already in use :::{port}
        User {user} has no cart
        Payment {uuid} for {mail} declined by issuer
        Payment {uuid} for {mail} refunded after {f} s
        (node:{n}) MaxListenersExceededWarning: Possible EventEmitter memory leak detected. {n} error listeners added.
        GET {path} {status} {f} ms - {n}
        DELETE {path} {status} {f} ms - {n}
        job {hex} of queue {app} stalled more than allowable limit
        jwt expired
        invalid signature
        ENOENT: no such file or directory, open '{file}'
        EACCES: permission denied, open '{file}'
        Redis connection to {ip}:{port} failed - connect ECONNREFUSED {ip}:{port}
        cache miss for key user:{n}:profile
        deployed {sha} to {host} in {f}s""",
}


def family(name: str, lines: int = 2000, seed: int = 7) -> tuple[list[str], list[str]]:
    """Messages and their labels; some templates occur often, some once or twice, as in real logs."""
    rng = random.Random(seed)
    templates = [line.strip() for line in FAMILIES[name].strip().splitlines()]
    weights = [rng.paretovariate(0.7) for _ in templates]
    chosen = [*range(len(templates)), *rng.choices(range(len(templates)), weights, k=lines - len(templates))]
    filled = [re.sub(r"\{(\w+)\}", lambda found: FILLERS[found[1]](rng), templates[place]) for place in chosen]
    return filled, [str(place) for place in chosen]
