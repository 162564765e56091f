"""HTTP responses of two servers, compared in one run, so that only ratios count.

Sections: peer (a plain FastAPI service), reads (a view that only makes the same reads), growth (the largest
shop against the smallest), stored (a stored list against a view that reads rendered bytes), postgresql (the
same with PostgreSQL, on the middle one of the shops).
"""

import subprocess
import sys
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench import recording, servers, shops
from bench.ab import Ratios, Side, compared
from bench.figures import Figure
from bench.measured import Measured
from bench.options import Options
from stack.postgresql import cluster

SECTIONS = ("peer", "reads", "growth", "stored", "postgresql")
LIVE = "/recommend/{id}?top_n=5"
PRODUCT = "/products/{id}"
RECORDED = 500  # users whose responses the plain views have
# The peer handles seven requests a second at 20,000 products, so its turns must be long enough to count some.
# If one takes seconds, two turns are enough to detect a regression by a factor of a hundred.
TURNS = {"S": 1, "M": 3, "L": 6, "XL": 20}  # times the usual turn
FEW = {"L": 2, "XL": 2}  # turns
LOWEST_PEER = 100.0  # times the peer's requests a second, at 20,000 products


def measure(options: Options) -> Measured:
    found: list[tuple[Figure, Ratios]] = []
    for size in options.sizes:
        if options.wants("peer"):
            found += _peer(size, options)
        if options.wants("reads"):
            found += _reads(size, options)
        if options.wants("stored"):
            found += _stored(size, options)
    if options.wants("postgresql"):
        found += _stored_on_postgresql(options.sizes[len(options.sizes) // 2], options)
    if options.wants("growth") and len(options.sizes) > 1:
        found += _growth(options.sizes[0], options.sizes[-1], options)
    details: dict[str, Any] = {figure.name: ratios.found for figure, ratios in found}
    return Measured([figure for figure, _ in found], details)


def _peer(size: str, options: Options) -> list[tuple[Figure, Ratios]]:
    known, database = shops.manifest(size), shops.generated(size)
    users, n_products = tuple(known["warm_user_ids"]), known["products"]
    with ExitStack() as stack:
        here = stack.enter_context(servers.ours(database, keeps=False))
        there = stack.enter_context(servers.peer(size))
        slowly = replace(options, seconds=options.seconds * TURNS[size], slices=FEW.get(size, options.slices))
        live = compared(Side(there, LIVE, users), Side(here, LIVE, users), slowly, f"peer {size}")
        products = (1, n_products)
        one = compared(
            Side(there, PRODUCT, products), Side(here, PRODUCT, products), options, f"product {size}"
        )
    return [
        (
            _figure(
                f"/recommend, nothing stored, against the peer, {n_products:,} products",
                live,
                least=LOWEST_PEER if size == "M" else None,
            ),
            live,
        ),
        (_figure(f"/products/id against the peer, {n_products:,} products", one, least=1), one),
    ]


def _reads(size: str, options: Options) -> list[tuple[Figure, Ratios]]:
    database, users = shops.generated(size), _some_users(size)
    file = _recorded(database, size, users)
    with ExitStack() as stack:
        here = stack.enter_context(servers.ours(database, keeps=False))
        there = stack.enter_context(servers.plain(database, file))
        ratios = compared(
            Side(there, "/same-reads/{id}", users), Side(here, LIVE, users), options, f"reads {size}"
        )
    name = f"/recommend against its own reads, {shops.manifest(size)['products']:,} products"
    return [(_figure(name, ratios, least=0.5, also=f"{recording.reads_of(file):.2f} reads"), ratios)]


def _stored(size: str, options: Options) -> list[tuple[Figure, Ratios]]:
    ratios, n_reads = _against_ready_bytes(shops.copied(shops.generated(size), "stored"), size, options)
    name = f"stored answer against ready bytes, {shops.manifest(size)['products']:,} products"
    return [(_figure(name, ratios, least=0.7, also=f"{n_reads:.2f} reads"), ratios)]


def _stored_on_postgresql(size: str, options: Options) -> list[tuple[Figure, Ratios]]:
    """Return the ratios with PostgreSQL, which have no target."""
    with cluster() as made:
        shops.fill(size, made.url)
        # PostgreSQL serves both sides in its own processes, which would count as foreign load.
        ratios, _ = _against_ready_bytes(made.url, size, replace(options, max_foreign=0))
    name = f"the same with PostgreSQL, {shops.manifest(size)['products']:,} products"
    return [(_figure(name, ratios, least=None), ratios)]


def _against_ready_bytes(database: shops.Database, size: str, options: Options) -> tuple[Ratios, float]:
    """Return the ratios and the queries of an uncached response. The database gets lists and responses."""
    users = _some_users(size)
    subprocess.run(
        [sys.executable, "manage.py", "generate_recommendations"],
        cwd=shops.ROOT,
        env=shops.environment(database),
        check=True,
        stdout=sys.stderr,
    )
    file = _recorded(database, size, users)
    recording.keep_answers(file, database)
    with ExitStack() as stack:
        here = stack.enter_context(servers.ours(database))
        there = stack.enter_context(servers.plain(database, file))
        ratios = compared(
            Side(there, "/one-read/{id}", users), Side(here, LIVE, users), options, f"stored {size}"
        )
    return ratios, recording.reads_of(file)


def _growth(small: str, large: str, options: Options) -> list[tuple[Figure, Ratios]]:
    shop = {size: shops.manifest(size) for size in (small, large)}
    with ExitStack() as stack:
        little, big = (
            Side(
                stack.enter_context(servers.ours(shops.generated(size), keeps=False)),
                LIVE,
                tuple(shop[size]["warm_user_ids"]),
            )
            for size in (small, large)
        )
        ratios = compared(little, big, options, f"growth {small} {large}")
    name = f"/recommend, p50, {shop[large]['products']:,} products against {shop[small]['products']:,}"
    figure = Figure(
        name, ratios.of("p50_ms"), "x", ratios.interval("p50_ms"), most=2, note=ratios.note("p50_ms", "ms")
    )
    return [(figure, ratios)]


def _figure(name: str, ratios: Ratios, *, least: float | None, also: str = "") -> Figure:
    cpu = 1 / ratios.of("server_cpu_ms_per_req") if ratios.of("server_cpu_ms_per_req") else 0.0
    notes = [ratios.note("rps", "a second"), f"by the servers' own CPU time {cpu:.3g} x", also]
    return Figure(
        name,
        ratios.of("rps"),
        "x",
        ratios.interval("rps"),
        least=least,
        note="; ".join(note for note in notes if note),
    )


def _some_users(size: str) -> tuple[int, int]:
    first, last = shops.manifest(size)["warm_user_ids"]
    return (first, min(last, first + RECORDED - 1))


def _recorded(database: shops.Database, size: str, users: tuple[int, int]) -> Path:
    file = shops.folder(size) / "recording.json"
    first, last = users
    subprocess.run(
        [sys.executable, "-m", "bench.recording", str(file), LIVE, str(first), str(last)],
        cwd=shops.ROOT,
        env=shops.environment(database),
        check=True,
    )
    return file
