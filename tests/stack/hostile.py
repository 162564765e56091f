"""What strangers do to a web server, and what its other callers see: `python -m tests.stack.hostile`.

Starts a phase, measures others before and during each attack, then sends hostile bodies and measures the
memory of each worker. `--quick` takes about two minutes.
"""

import argparse
import itertools
import os
import statistics
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from threading import Event, Thread

import psutil

from stack.deployment import Deployment, deployed, working_folder
from tests.stack.attackers import GUESSES, SOCKETS, Attack, attacked

MIB = 1 << 20
OTHERS = ("/recommend/ext:alice", "/health/live", "/products?page_size=10")
PAUSE_SECONDS = 0.05  # of an honest client between two requests
GIVE_UP_SECONDS = 30.0
COLUMNS = ("attack", "connections", "p50 ms before", "during", "ratio", "p99 ms before", "during", "answers")
PARTS = ("sockets", "guesses", "bodies")
SCOPES = (
    "catalog:read",
    "catalog:write",
    "events:write",
    "recommend:read",
    "users:read",
    "users:write",
    "tokens:issue",
)


@dataclass(slots=True)
class Others:
    """Honest clients, each with a connection that it opens again if it is closed."""

    host: str
    port: int
    key: str
    seconds: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)

    def ask(self, over: Event) -> None:
        """Ask until it is over. A request without an answer has the status 0."""
        paths = itertools.cycle(OTHERS)
        connection = HTTPConnection(self.host, self.port, timeout=GIVE_UP_SECONDS)
        while not over.wait(PAUSE_SECONDS):
            start, status = time.perf_counter(), 0
            try:
                connection.request("GET", next(paths), headers={"Authorization": f"Api-Key {self.key}"})
                answer = connection.getresponse()
                answer.read()
                status = answer.status
            except (OSError, HTTPException):
                connection.close()
            self.seconds.append(time.perf_counter() - start)
            self.statuses[status] += 1

    def percentile(self, n: int) -> float:
        """Return the n-th percentile in milliseconds."""
        return statistics.quantiles(self.seconds, n=100)[n - 1] * 1000


def others_during(host: str, port: int, key: str, seconds: float, n: int = 4) -> Others:
    """Return what n honest clients have seen for so long."""
    others, over = Others(host, port, key), Event()
    threads = [Thread(target=others.ask, args=(over,)) for _ in range(n)]
    for thread in threads:
        thread.start()
    time.sleep(seconds)
    over.set()
    for thread in threads:
        thread.join()
    return others


@dataclass(frozen=True, slots=True)
class Target:
    """A web server. pid: the process whose children are its workers"""

    host: str
    port: int
    pid: int
    key: str

    def workers(self) -> dict[int, float]:
        """Return the MiB of each worker by its process id."""
        found = {}
        for process in psutil.Process(self.pid).children(recursive=True):
            memory = process.memory_full_info()
            found[process.pid] = getattr(memory, "pss", memory.uss) / MIB
        return found


def measure_attack(target: Target, name: str, attack: Attack, n: int, seconds: float) -> str:
    """Return a line of the table: others before the attack and during it."""
    before = others_during(target.host, target.port, target.key, seconds)
    with attacked(attack, target.host, target.port, n):
        during = others_during(target.host, target.port, target.key, seconds)
    p50, calm = during.percentile(50), before.percentile(50)
    cells = (
        *(name, f"{n:,}", f"{calm:.1f}", f"{p50:.1f}", f"{p50 / calm:.1f}"),
        *(f"{before.percentile(99):.0f}", f"{during.percentile(99):.0f}"),
        ", ".join(f"{n:,} × {status or 'no answer'}" for status, n in sorted(during.statuses.items())),
    )
    return f"| {' | '.join(cells)} |"


def hostile_bodies() -> Iterator[tuple[str, str, str, bytes]]:
    """Yield endlessly a kind, a path, a content type and a body, at and beyond the limits of the service."""
    for size in itertools.cycle((60_000, 250_000, 2_400_000, 5_000_000)):
        path = "/interactions/bulk" if size > 3_000_000 else "/recommend/session"
        yield "objects in a list", path, "application/json", _list_of(b'{"":0}', size)
        yield "empty objects", path, "application/json", _list_of(b"{}", size)
        yield "empty lists", path, "application/json", _list_of(b"[]", size)
        yield "numbers", path, "application/json", _list_of(b"1", size)
        yield "depth 1,000", path, "application/json", b'{"product_ids":' + b"[" * 1000 + b"]" * 1000 + b"}"
        names = b",".join(b'"%d":0' % n for n in range(size // 10))
        yield "unknown fields", "/interactions", "application/json", b"{" + names + b"}"
        yield "a long name", "/products", "application/json", b'{"name":"' + b"a" * size + b'"}'
        yield "escapes", "/products", "application/json", b'{"name":"' + b"\\u0000" * (size // 6) + b'"}'
        yield "cut off", path, "application/json", _list_of(b'{"":0}', size)[:-2]
        yield "not UTF-8", path, "application/json", b'{"product_ids":["' + b"\xff" * size + b'"]}'
        yield "lines", "/interactions/bulk", "application/x-ndjson", b"{}\n" * (size // 3)
        yield "blank lines", "/interactions/bulk", "application/x-ndjson", b"\n" * size
        yield "form fields", "/admin/login/", "application/x-www-form-urlencoded", b"a=&" * (size // 3)


def _list_of(element: bytes, size: int) -> bytes:
    return b'{"product_ids":[' + b",".join([element] * (size // (len(element) + 1))) + b"]}"


def send(target: Target, bodies: Sequence[tuple[str, str, str, bytes]]) -> Counter[int]:
    """Send these bodies over one connection at a time, and return the number of each status."""
    statuses: Counter[int] = Counter()
    for _, path, kind, body in bodies:
        connection = HTTPConnection(target.host, target.port, timeout=GIVE_UP_SECONDS)
        headers = {"Content-Type": kind, "Authorization": f"Api-Key {target.key}"}
        try:
            connection.request("POST", path, body, headers)
            statuses[connection.getresponse().status] += 1
        except (OSError, HTTPException):
            statuses[0] += 1
        finally:
            connection.close()
    return statuses


def measure_bodies(target: Target, n: int, connections: int = 8) -> Iterator[str]:
    """Send n bodies, and yield the growth of each worker and the number of each status."""
    bodies = hostile_bodies()
    send(target, list(itertools.islice(bodies, 13)))  # so that what is loaded once is loaded
    before, statuses = target.workers(), Counter[int]()
    with ThreadPoolExecutor(connections) as pool:
        for first in range(0, n, 104):
            some = list(itertools.islice(bodies, min(104, n - first)))
            for counted in pool.map(
                lambda part: send(target, part), (some[i::connections] for i in range(connections))
            ):
                statuses += counted
    after = target.workers()
    for number, pid in enumerate(before, start=1):
        growth = f"{after[pid] - before[pid]:+.1f} MiB" if pid in after else "died"
        yield f"worker {number}: {before[pid]:.1f} MiB before {n:,} bodies, {growth}"
    yield "statuses: " + ", ".join(
        f"{count:,} × {status or 'no answer'}" for status, count in sorted(statuses.items())
    )


def report(target: Target, options: argparse.Namespace) -> Iterator[str]:
    """Yield the lines of the report."""
    attacks = [
        (name, attack, options.sockets) for name, attack in SOCKETS.items() if "sockets" in options.parts
    ]
    attacks += [
        (name, attack, options.guesses) for name, attack in GUESSES.items() if "guesses" in options.parts
    ]
    if attacks:
        yield f"| {' | '.join(COLUMNS)} |"
        yield f"|{' --- |' * len(COLUMNS)}"
    for name, attack, n in attacks:
        yield measure_attack(target, name, attack, n, options.seconds)
    if "bodies" in options.parts:
        yield from measure_bodies(target, options.bodies)


def target_of(deployment: Deployment, name: str) -> Target:
    """Return the web server or gateway of this name. The gateway's memory is that of the first web server."""
    web = deployment.children[name if name != "gateway" else deployment.phase.web[0]]
    key = deployment.manage("apikey", "make", "hostile", "--scope", *SCOPES).strip()
    return Target("127.0.0.1", deployment.ports[name], web.pid, key)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--phase", type=int, default=1, choices=range(1, 5))
    parser.add_argument("--parts", nargs="+", default=PARTS, choices=PARTS, help="what to do (all)")
    parser.add_argument("--gateway", action="store_true", help="attack nginx instead of the first web server")
    parser.add_argument(
        "--sockets", type=int, default=500, help="connections of each attack by sockets (500)"
    )
    parser.add_argument("--guesses", type=int, default=64, help="connections that guess passwords (64)")
    parser.add_argument("--bodies", type=int, default=1000, help="hostile bodies (1,000)")
    parser.add_argument("--seconds", type=float, default=30.0, help="before and during each attack (30)")
    parser.add_argument("--quick", action="store_true", help="50 sockets, 16 guesses, 104 bodies, 4 seconds")
    options = parser.parse_args()
    if options.quick:
        options.sockets, options.guesses, options.bodies, options.seconds = 50, 16, 104, 4.0
    # The keys of honest clients have no limit; everybody else has the usual ones.
    os.environ.setdefault("THROTTLE_RATES", "all:key=off")
    with working_folder() as folder, deployed(options.phase, Path(folder)) as deployment:
        target = target_of(deployment, "gateway" if options.gateway else deployment.phase.web[0])
        for line in report(target, options):
            sys.stdout.write(f"{line}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
