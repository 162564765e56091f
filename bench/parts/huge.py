"""A million products, a million users, 20 million events: fitting, a worker's memory, one live response.

Reads the generated files, without a database. Sections: fit, serve (which needs an earlier fit).
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from bench import shops
from bench.figures import Figure
from bench.measured import Measured
from bench.options import Options

ONLY_WHEN_ASKED = True
SECTIONS = ("fit", "serve")
SIZE = "XL"
STRATEGIES = ("content", "trending", "collaborative", "hybrid")
MOST_FIT_MB, MOST_FIT_SECONDS = 4096, 20 * 60
MOST_PRIVATE_MB = 300
TRAINED = ("collaborative", "hybrid")
MOST_OPEN_SECONDS = 1
MOST_P50_MS = {"content": 10, "collaborative": 10, "hybrid": 25}


def measure(options: Options) -> Measured:
    files = shops.folder(SIZE)
    arrays, models = files / "arrays", files / "models"
    figures, details = [], {}
    if options.wants("fit"):
        read = _child("read", files, arrays)
        figures += [
            Figure("reading the files", read["seconds"], "s"),
            Figure("most memory while reading", read["peak_mb"], "MB", most=MOST_FIT_MB),
        ]
        fits = {name: _child("fit", arrays, models / name, name) for name in STRATEGIES}
        figures += [
            Figure(
                "fitting all models, reading too",
                read["seconds"] + sum(fit["seconds"] for fit in fits.values()),
                "s",
                most=MOST_FIT_SECONDS,
            ),
            *(
                Figure(
                    f"most memory while fitting {name}",
                    fit["peak_mb"],
                    "MB",
                    most=MOST_FIT_MB,
                    note=f"{fit['seconds']:.0f} s; {fit['saved_mb']:,.0f} MB of files",
                )
                for name, fit in fits.items()
            ),
        ]
        details |= {"read": read, "fit": fits}
    if options.wants("serve"):
        served = _child("serve", arrays, models, str(options.asks))
        figures += [
            Figure(
                "a worker's private memory (USS), another beside it",
                served["private_mb"],
                "MB",
                most=MOST_PRIVATE_MB,
            ),
            *(
                Figure(
                    f"opening the saved model of {name}",
                    served["opened_seconds"][name],
                    "s",
                    most=MOST_OPEN_SECONDS,
                    note=f"bound to the catalogue in {served['bound_seconds'][name]:.2f} s more",
                )
                for name in TRAINED
            ),
            Figure(
                "opening and binding everything",
                sum(
                    (*served["opened_seconds"].values(), *served["bound_seconds"].values()),
                    start=served["fill_seconds"],
                ),
                "s",
            ),
            *(
                Figure(
                    f"one live answer in process, {name}, p50",
                    served["live"][name]["p50_ms"],
                    "ms",
                    most=most,
                    note=f"p99 {served['live'][name]['p99_ms']} ms",
                )
                for name, most in MOST_P50_MS.items()
            ),
        ]
        details["serve"] = served
    return Measured(figures, details)


def _child(step: str, *arguments: Path | str) -> dict[str, Any]:
    """Return the output of one step in its own process."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.huge_step", step, *map(str, arguments)],
        cwd=shops.ROOT,
        env={**shops.environment(Path("/nowhere/shop.sqlite3")), "OMP_NUM_THREADS": "2"},
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found
