"""Kills parts of a running service at random, and checks that nothing is lost, doubled or stale.

    python -m tests.stack.chaos --database postgresql --minutes 3

Shoppers ask for recommendations and report events for what they are shown; staff switch products off and on.
Meanwhile web workers, commands, PostgreSQL and Redis are killed, stopped, paused or silenced. The command
exits with 1 if a check fails: an acknowledged event that is missing or stored twice, a product in a list
although the shopper has met it or it is inactive, an edit that is not seen, or a status that is not promised.
"""

import argparse
import itertools
import random
import shutil
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Any
from urllib.parse import urlsplit

import httpx2
import psutil
import psycopg

from recsite.http.healthcheck import is_healthy
from stack.deployment import ROOT
from stack.postgresql import Cluster, cluster
from stack.processes import Child, free_port
from tests.place import Place, client_of
from tests.silence import SilentProxy
from tests.stack.redis_server import RedisServer
from tests.stack.shops import filled

PROMISED = {200, 201, 207, 503}
N_SHOPPERS, N_PRODUCTS = 6, 8
COMMANDS: dict[str, tuple[str, ...]] = {
    "import": ("import_shop", str(ROOT / "data" / "example_shop")),
    "generation": ("generate_recommendations",),
    "training": ("train_models", "--strategy", "together", "--no-evaluate", "--activate"),
}


@dataclass
class Findings:
    """What the clients saw. Thread-safe."""

    n_checks: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    acknowledged: set[str] = field(default_factory=set)
    slowest: float = 0.0
    _lock: Lock = field(default_factory=Lock)

    def check(self, kind: str, holds: object, what: str) -> None:
        with self._lock:
            self.n_checks[kind] += 1
            if not holds:
                self.failures.append(f"{kind}: {what}")

    def answered(self, status: int, seconds: float) -> None:
        with self._lock:
            self.statuses[status] += 1
            self.slowest = max(self.slowest, seconds)

    def acknowledge(self, event_id: str) -> None:
        with self._lock:
            self.acknowledged.add(event_id)


class Client:
    """Sends requests, and sends them again while they are refused or the connection breaks."""

    def __init__(self, http: httpx2.Client, findings: Findings, over: Event) -> None:
        self._http, self._findings, self._over = http, findings, over

    def ask(self, method: str, path: str, json: Any = None, **headers: str) -> Any:
        """Return the JSON of the first answer that is not 503; None when the run is over before."""
        while True:
            began = time.monotonic()
            try:
                response = self._http.request(method, path, json=json, headers=headers)
            except httpx2.TransportError:
                self._findings.answered(0, time.monotonic() - began)
                time.sleep(0.05)
            else:
                self._findings.answered(response.status_code, time.monotonic() - began)
                self._findings.check(
                    "statuses",
                    response.status_code in PROMISED,
                    f"{method} {path}: {response.status_code} {response.text[:200]}",
                )
                if response.status_code != 503:
                    return response.json() if response.content else {}
                time.sleep(0.05)
            if self._over.is_set():
                return None


@dataclass
class Inactive:
    """The products that are certainly inactive, by external id. Thread-safe by the interpreter's lock."""

    now: set[str] = field(default_factory=set)


def shop(client: Client, findings: Findings, inactive: Inactive, number: int, over: Event) -> None:
    """Be a series of shoppers, each of whom meets what is recommended until nothing is left."""
    for generation in itertools.count():
        shopper = f"chaos-{number}-{generation}"
        if client.ask("POST", "/users", {"external_id": shopper, "name": "Chaos"}) is None:
            return
        met: set[int] = set()
        for step in itertools.count():
            if over.is_set():
                return
            certainly = set(inactive.now)
            answer = client.ask("GET", f"/recommend/ext:{shopper}?top_n=5")
            if answer is None:
                return
            still = certainly & inactive.now
            products = answer.get("recommended_products", [])
            shown = {product["id"] for product in products}
            names = {product["name"] for product in products}
            findings.check("met products are left out", not shown & met, f"{shopper} {shown & met}")
            findings.check("inactive products are left out", not names & still, f"{shopper} {names & still}")
            if not shown or step == 12:
                break
            product, event_id = min(shown), f"chaos-{number}-{generation}-{step}"
            body = {"user_id": f"ext:{shopper}", "product_id": product, "action_type": "purchase"}
            if client.ask("POST", "/interactions", {**body, "event_id": event_id}) is None:
                return
            met.add(product)
            findings.acknowledge(event_id)


def report_in_bulk(client: Client, findings: Findings, over: Event) -> None:
    """Report events in bulk, each request twice with the same key."""
    for number in itertools.count():
        if over.is_set():
            return
        ids = [f"chaos-bulk-{number}-{n}" for n in range(5)]
        body = [
            {"user_id": "ext:bob", "product_id": "ext:chaos-0", "action_type": "view", "event_id": event_id}
            for event_id in ids
        ]
        answers = [
            client.ask("POST", "/interactions/bulk", body, **{"Idempotency-Key": f"chaos-{number}"})
            for _ in range(2)
        ]
        if None in answers:
            return
        findings.check("repeated requests get one answer", answers[0] == answers[1], str(answers)[:300])
        for event_id in ids:
            findings.acknowledge(event_id)


def edit(client: Client, findings: Findings, inactive: Inactive, over: Event) -> None:
    """Switch products off and on, and read each edit back."""
    for number in itertools.count():
        name = f"chaos-{number % N_PRODUCTS}"
        for is_active in (False, True):
            if over.is_set():
                return
            if is_active:
                inactive.now.discard(name)
            price = f"{number % 90 + 1}.{number % 10}0"
            change = {"is_active": is_active, "price": price}
            if client.ask("PATCH", f"/products/ext:{name}", change) is None:
                return
            if not is_active:
                inactive.now.add(name)
            row = client.ask("GET", f"/products/ext:{name}")
            if row is None:
                return
            findings.check(
                "edits are seen",
                (float(row["price"]), row["is_active"]) == (float(price), is_active),
                f"{name}: {row['price']} {row['is_active']}, expected {price} {is_active}",
            )


class Killer:
    """Breaks one part at a time, at random."""

    def __init__(self, place: Place, web: Child, seed: int) -> None:
        self._place, self._web = place, web
        self._random = random.Random(seed)
        self.n_kills: Counter[str] = Counter()
        self._ways: dict[str, Callable[[], None]] = {"web worker": self._kill_worker}
        for name, command in COMMANDS.items():
            self._ways[name] = lambda command=command: self._kill_command(command)  # type: ignore[misc]

    def also(self, ways: dict[str, Callable[[], None]]) -> None:
        self._ways |= ways

    def run(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for name in self._random.sample(sorted(self._ways), len(self._ways)):
                if time.monotonic() < end:
                    self._ways[name]()
                    self.n_kills[name] += 1
                    self.pause(0.5, 2)

    def pause(self, low: float, high: float) -> None:
        time.sleep(self._random.uniform(low, high))

    def _kill_worker(self) -> None:
        if workers := psutil.Process(self._web.pid).children():
            self._random.choice(workers).kill()

    def _kill_command(self, command: tuple[str, ...]) -> None:
        child = self._place.start("command", "manage.py", *command)
        self.pause(0.5, 4)
        child.kill()


@contextmanager
def database(kind: str, folder: Path) -> Iterator[tuple[str, dict[str, Callable[[], None]]]]:
    """Yield the URL of a new database, and the ways to break it."""
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'shop.sqlite3'}", {}
        return
    with cluster() as server, SilentProxy(urlsplit(server.url).port or 0) as proxy:

        def restart(end: Callable[[Cluster], None]) -> None:
            end(server)
            time.sleep(0.5)
            server.start()

        def silence() -> None:
            with proxy.silence():
                time.sleep(4)

        ways = {
            "PostgreSQL killed": lambda: restart(Cluster.kill),
            "PostgreSQL stopped": lambda: restart(Cluster.stop),
            "PostgreSQL silent": silence,
        }
        yield server.url.replace(f":{server.port}/", f":{proxy.port}/"), ways


def redis_ways(server: RedisServer) -> dict[str, Callable[[], None]]:
    def kill() -> None:
        server.kill()
        time.sleep(1)
        server.start()

    def pause() -> None:
        server.pause()
        time.sleep(2)
        server.child.resume()

    return {"Redis killed": kill, "Redis paused": pause}


def stored(url: str) -> Counter[str]:
    """Return the number of rows of each event of this run."""
    if url.startswith("sqlite"):
        with sqlite3.connect(url.removeprefix("sqlite:///")) as file:
            rows = file.execute("SELECT event_key FROM catalog_interaction WHERE event_key LIKE 'chaos-%'")
            return Counter(key for (key,) in rows)
    with psycopg.connect(url) as connection:
        found = connection.execute("SELECT event_key FROM catalog_interaction WHERE event_key LIKE 'chaos-%'")
        return Counter(key for (key,) in found)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--minutes", type=float, default=2.0)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="chaos-"))
    findings, inactive, over = Findings(), Inactive(), Event()
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        url, ways = stack.enter_context(database(options.database, folder))
        if shutil.which("redis-server"):
            server = RedisServer(folder)
            stack.callback(server.stop)
            ways |= redis_ways(server)
            more = {"REDIS_URL": server.url}
        else:
            more = {}
        place = filled(folder, url, THROTTLE_RATES="all=off", DATABASE_TIMEOUT_SECONDS="2", **more)
        port = free_port()
        web = place.with_env(PORT=str(port)).start("web", "-m", "recsite.serve")
        stack.callback(web.stop)
        web.wait_until(lambda: is_healthy(port))
        http = stack.enter_context(client_of(f"http://127.0.0.1:{port}", key=place.api_key))
        client = Client(http, findings, over)
        for number in range(N_PRODUCTS):
            row = {"external_id": f"chaos-{number}", "name": f"chaos-{number}", "price": "1.00"}
            client.ask("POST", "/products", {**row, "category": "Electronics", "tags": ["wireless"]})
        jobs: list[tuple[Callable[..., None], tuple[Any, ...]]] = [
            *((shop, (client, findings, inactive, number, over)) for number in range(N_SHOPPERS)),
            (edit, (client, findings, inactive, over)),
            (report_in_bulk, (client, findings, over)),
        ]
        threads = [Thread(target=job, args=arguments) for job, arguments in jobs]
        for thread in threads:
            thread.start()
        killer = Killer(place, web, options.seed)
        killer.also(ways)
        try:
            killer.run(options.minutes * 60)
        finally:
            over.set()
            for thread in threads:
                thread.join()
        rows = stored(url)
    for event_id in findings.acknowledged:
        findings.check(
            "acknowledged events are stored once", rows[event_id] == 1, f"{event_id} {rows[event_id]}"
        )
    for event_id, n in rows.items():
        findings.check("no event is stored twice", n == 1, f"{event_id} {n}")
    print_findings(options, killer, findings)
    sys.exit(bool(findings.failures))


def print_findings(options: argparse.Namespace, killer: Killer, findings: Findings) -> None:
    lines = [
        f"{options.database}, {options.minutes:g} minutes, seed {options.seed}",
        *(f"  {n:6,} x {name}" for name, n in sorted(killer.n_kills.items())),
        f"  requests by status (0: connection broken): {dict(sorted(findings.statuses.items()))}",
        f"  slowest request {findings.slowest:.2f} s",
        *(f"  {n:6,} checks: {kind}" for kind, n in sorted(findings.n_checks.items())),
        f"  {len(findings.failures)} failures",
        *(f"    {failure}" for failure in findings.failures[:20]),
    ]
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
