"""`PUT /products/bulk` of 200,000 products in 20 calls, and again with 1 % changed, on both databases."""

import http.client
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil

from bench import servers, shops
from bench.figures import Figure
from bench.measured import Measured
from bench.options import Options
from stack.postgresql import cluster

ONLY_WHEN_ASKED = True
N_PRODUCTS, N_CALLS = 200_000, 20
MOST_SECONDS, MOST_SECONDS_AGAIN, MOST_MIB = 120.0, 20.0, 400.0


def measure(options: Options) -> Measured:
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory() as folder, cluster() as server:
        for name, database in (("SQLite", Path(folder) / "shop.sqlite3"), ("PostgreSQL", server.url)):
            figures += _figures(name, database)
    return Measured(figures, {})


def _figures(name: str, database: shops.Database) -> Iterator[Figure]:
    _run(database, "migrate", "--verbosity", "0")
    key = _run(database, "apikey", "make", "bench", "--scope", "catalog:write").split()
    header = next(word for word in key if word.startswith("recs_"))
    with servers.ours(database) as url:
        most = [0.0]
        first = _sent(url, header, _bodies(""), "first", most)
        again = _sent(url, header, _bodies(" (new)"), "again", most)
        same = _sent(url, header, _bodies(" (new)"), "same", most)
    yield Figure(f"200,000 products, {name}", first, "s", (first, first), most=MOST_SECONDS)
    yield Figure(f"again, 1 % changed, {name}", again, "s", (again, again), most=MOST_SECONDS_AGAIN)
    yield Figure(f"again, none changed, {name}", same, "s", (same, same), most=MOST_SECONDS_AGAIN)
    yield Figure(f"memory of the server, {name}", most[0], "MiB", (most[0], most[0]), most=MOST_MIB)


def _bodies(suffix: str) -> Iterator[bytes]:
    """Yield the body of each call. suffix: of the names of one product in a hundred"""
    n = N_PRODUCTS // N_CALLS
    for start in range(0, N_PRODUCTS, n):
        rows = [_product(number, suffix if number % 100 == 0 else "") for number in range(start, start + n)]
        yield json.dumps(rows).encode()


def _product(number: int, suffix: str) -> dict[str, Any]:
    return {
        "external_id": f"sku-{number}",
        "name": f"Article {number} of the catalogue{suffix}",
        "category": f"Department {number % 20} > Shelf {number % 400}",
        "price": number % 10_000 / 100,
        "brand": f"Brand {number % 300}",
        "description": f"An article that is described in some sentences, number {number}. " * 6,
        "tags": [f"tag {number % 50}", f"tag {number % 70 + 50}"],
        "stock": number % 100,
        "url": f"https://shop.example/articles/{number}",
        "image_url": f"https://cdn.shop.example/images/{number}.jpg",
        "attributes": {"colour": [f"colour {number % 12}"], "size": ["M", "L"]},
    }


def _sent(url: str, key: str, bodies: Iterator[bytes], name: str, most: list[float]) -> float:
    """Return the seconds that the service needs for all calls of an import."""
    host, seconds = url.removeprefix("http://"), 0.0
    for number, body in enumerate(bodies, start=1):
        query = f"?import={name}" + (f"&finish=true&total={N_PRODUCTS}" if number == N_CALLS else "")
        connection = http.client.HTTPConnection(host, timeout=120)
        began = time.perf_counter()
        headers = {"Authorization": f"Api-Key {key}", "Content-Type": "application/json"}
        connection.request("PUT", f"/products/bulk{query}", body, headers)
        answer = connection.getresponse()
        told = json.loads(answer.read())
        took = time.perf_counter() - began
        seconds += took
        print(f"{name} {number}: {took:.1f} s, {most[0]:.0f} MiB", file=sys.stderr, flush=True)
        most[0] = max(most[0], _mib(int(host.rpartition(":")[2])))
        if answer.status != 207 or told["refused"]:
            raise SystemExit(f"{answer.status}: {str(told)[:500]}")
    return seconds


def _mib(port: int) -> float:
    """Return the memory of the processes that listen, shared pages counted once."""
    listening = {c.pid for c in psutil.net_connections("tcp") if c.laddr and c.laddr.port == port and c.pid}
    return sum(psutil.Process(pid).memory_full_info().pss for pid in listening) / (1 << 20)


def _run(database: shops.Database, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=shops.ROOT,
        env={**os.environ, **shops.environment(database)},
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout
