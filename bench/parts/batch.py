"""The lists of all users at once, by the command that a shop runs at night."""

import re
import subprocess
import sys
from pathlib import Path

from bench import shops
from bench.figures import Figure
from bench.measured import Measured
from bench.options import Options

RUNS = 3


def measure(options: Options) -> Measured:
    """Return what the command itself says, of the middle one of three runs on the real shop."""
    database = shops.copied(shops.real(), "batch")
    runs = sorted((_said(database) for _ in range(RUNS)), key=lambda run: run["seconds"])
    middle = runs[RUNS // 2]
    figure = Figure(
        "batch on the real shop, top 10, without explanations",
        middle["seconds"],
        "s",
        (runs[0]["seconds"], runs[-1]["seconds"]),
        note=f"{middle['users']:,.0f} users, {middle['users_per_second']:,.0f} a second; interval: all runs",
    )
    return Measured([figure], {"real": runs})


def _said(database: Path) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "manage.py", "generate_recommendations"],
        cwd=shops.ROOT,
        env=shops.environment(database),
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    found = re.search(r"(\d+) users stored in ([\d.]+) s \((\d+) users/s\)", done.stdout)
    if found is None:
        raise SystemExit(f"generate_recommendations said something else: {done.stdout}")
    return {"users": int(found[1]), "seconds": float(found[2]), "users_per_second": int(found[3])}
