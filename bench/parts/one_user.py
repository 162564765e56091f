"""One live recommendation in process, top 5, in shops of growing size and in the real one."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from bench import shops
from bench.figures import Figure
from bench.measured import Measured
from bench.options import Options


def measure(options: Options) -> Measured:
    places = {size: shops.generated(size) for size in options.sizes} | {"real": shops.real()}
    rows = {name: _timed(database, options.asks) for name, database in places.items()}
    figures = [figure for row in rows.values() for figure in _figures(row)]
    return Measured(figures, rows)


def _timed(database: Path, asks: int) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "bench.one_user", str(asks)],
        cwd=shops.ROOT,
        env=shops.environment(database) | shops.KEEPING_NOTHING,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    row: dict[str, Any] = json.loads(done.stdout)
    return row


def _figures(row: dict[str, Any]) -> list[Figure]:
    live, engine = row["live"], row["engine_alone"]
    where = f"{row['products']:,} products, {row['users']:,} users"
    return [
        Figure(
            f"one answer in process, p50, {where}",
            live["p50_ms"],
            "ms",
            note=f"p99 {live['p99_ms']:.2f}; the engine alone {engine['p50_ms']:.2f}, {engine['p99_ms']:.2f}",
        )
    ]
