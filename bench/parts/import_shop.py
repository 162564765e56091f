"""`import_shop` of the real shop into an empty PostgreSQL against an empty SQLite file, in turns."""

import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psycopg
from psycopg import sql

from bench import shops
from bench.figures import Figure
from bench.measured import Measured
from bench.options import Options
from stack.postgresql import cluster

MOST = 1.1


def measure(options: Options) -> Measured:
    seconds: dict[str, list[float]] = {"SQLite": [], "PostgreSQL": []}
    with tempfile.TemporaryDirectory() as folder, cluster() as server:
        migrated = Path(folder) / "migrated.sqlite3"
        _run(migrated, "migrate", "--verbosity", "0")
        _run(server.url, "migrate", "--verbosity", "0")
        for turn in range(options.slices):
            for name in sorted(seconds, reverse=bool(turn % 2)):
                if name == "SQLite":
                    database: shops.Database = Path(shutil.copy(migrated, Path(folder) / f"{turn}.sqlite3"))
                else:
                    database = _copied(server.url, f"turn{turn}")
                seconds[name].append(_imported(database))
    ratios = sorted(b / a for a, b in zip(*seconds.values(), strict=True))
    figure = Figure(
        "import_shop on PostgreSQL against SQLite, seconds",
        statistics.median(ratios),
        "x",
        (ratios[0], ratios[-1]),
        most=MOST,
        note="; ".join(f"{name} {statistics.median(taken):.1f} s" for name, taken in seconds.items()),
    )
    return Measured([figure], {"seconds": seconds})


def _copied(url: str, name: str) -> str:
    """Return the URL of a new database on the same server with the same tables."""
    server, _, template = url.rpartition("/")
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
        )
    return f"{server}/{name}"


def _imported(database: shops.Database) -> float:
    """Return the seconds that the command takes."""
    began = time.perf_counter()
    _run(database, "import_shop", str(shops.REAL), "--verbosity", "0")
    return time.perf_counter() - began


def _run(database: shops.Database, *arguments: str) -> None:
    subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=shops.ROOT,
        env=shops.environment(database),
        check=True,
        capture_output=True,
    )
