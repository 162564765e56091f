"""Search in a million products through the API and the admin, on SQLite and PostgreSQL."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from bench import shops
from bench.figures import Figure
from bench.measured import Measured
from bench.options import Options
from stack.postgresql import cluster

ONLY_WHEN_ASKED = True
MOST = 20.0


def measure(options: Options) -> Measured:
    with tempfile.TemporaryDirectory() as folder, cluster() as server:
        places: dict[str, shops.Database] = {
            "SQLite": Path(folder) / "shop.sqlite3",
            "PostgreSQL": server.url,
        }
        rows = {name: _searched(database, options.products) for name, database in places.items()}
    figures = [
        Figure(
            f"search for {term} in {options.products:,} products, {name}",
            taken["again"],
            "ms",
            most=MOST,
            note="; ".join(f"{how} {ms:.1f}" for how, ms in taken.items() if how != "again"),
        )
        for name, row in rows.items()
        for term, taken in row["terms"].items()
    ]
    return Measured(figures, rows)


def _searched(database: shops.Database, n_products: int) -> dict[str, Any]:
    environment = shops.environment(database)
    migrate = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
    subprocess.run(migrate, cwd=shops.ROOT, env=environment, check=True)
    done = subprocess.run(
        [sys.executable, "-m", "bench.search", str(n_products)],
        cwd=shops.ROOT,
        env=environment,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    row: dict[str, Any] = json.loads(done.stdout)
    return row
