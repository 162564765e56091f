"""Generation of all users' lists, by the command that a shop runs at night.

Sections: real (the real shop, content), large (the largest generated shop, content and hybrid; the hybrid's
model is trained once and kept).
"""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from bench import shops
from bench.figures import Figure
from bench.measured import Measured
from bench.options import Options

SECTIONS = ("real", "large")
RUNS = 3
LARGE = "L"
MOST_SECONDS = {"content": 60, "hybrid": 600}


def measure(options: Options) -> Measured:
    figures: list[Figure] = []
    details: dict[str, Any] = {}
    if options.wants("real"):
        figure, details["real"] = _real()
        figures.append(figure)
    if options.wants("large") and LARGE in options.sizes:
        large, details["large"] = _large()
        figures += large
    return Measured(figures, details)


def _real() -> tuple[Figure, list[dict[str, float]]]:
    """Return what the command reports in the median of three runs on the real shop."""
    database = shops.copied(shops.real(), "batch")
    runs = sorted((_said(database, "content") for _ in range(RUNS)), key=lambda run: run["seconds"])
    middle = runs[RUNS // 2]
    figure = Figure(
        "batch on the real shop, content, top 10",
        middle["seconds"],
        "s",
        (runs[0]["seconds"], runs[-1]["seconds"]),
        note=f"{middle['users']:,.0f} users, {middle['users_per_second']:,.0f} a second; interval: all runs",
    )
    return figure, runs


def _large() -> tuple[list[Figure], dict[str, dict[str, float]]]:
    database = shops.generated(LARGE)
    if not any((database.parent / "models" / "hybrid").glob("2*")):
        _run(database, "train_models", "--strategy", "hybrid", "--no-evaluate", "--activate")
    copy = shops.copied(database, "batch")
    runs = {name: _said(copy, name) for name in MOST_SECONDS}
    figures = [
        Figure(
            f"batch, {run['users']:,.0f} users × {shops.manifest(LARGE)['products']:,} products, {name}",
            run["seconds"],
            "s",
            most=MOST_SECONDS[name],
            note=f"{run['users_per_second']:,.0f} users a second",
        )
        for name, run in runs.items()
    ]
    return figures, runs


def _said(database: Path, strategy: str) -> dict[str, float]:
    said = _run(database, "generate_recommendations", "--strategy", strategy)
    found = re.search(r"(\d+) users stored in ([\d.]+) s \((\d+) users/s\)", said)
    if found is None:
        raise SystemExit(f"generate_recommendations said something else: {said}")
    return {"users": int(found[1]), "seconds": float(found[2]), "users_per_second": int(found[3])}


def _run(database: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=shops.ROOT,
        env={**shops.environment(database), "MODEL_DIR": str(database.parent / "models")},
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return done.stdout
