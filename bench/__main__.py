"""One live recommendation at three sizes of shop, and the batch on the real one; a table, and a JSON file."""

import json
import platform
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench import shops

RESULTS = Path(__file__).parent / "results"
N_ASKS = "2000"


def one_user(database: Path) -> dict[str, Any]:
    return json.loads(_output(["-m", "bench.one_user", N_ASKS], database))


def batch(database: Path) -> dict[str, float]:
    """Return what the command itself says, of the middle one of three runs."""
    runs = []
    for _ in range(3):
        said = _output(["manage.py", "generate_recommendations"], database)
        found = re.search(r"(\d+) users stored in ([\d.]+) s \((\d+) users/s\)", said)
        if found is None:
            raise SystemExit(f"generate_recommendations said something else: {said}")
        runs.append({"users": int(found[1]), "seconds": float(found[2]), "users_per_second": int(found[3])})
    return sorted(runs, key=lambda run: run["seconds"])[1]


def _output(arguments: list[str], database: Path) -> str:
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=shops.ROOT,
        env=shops.environment(database),
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return done.stdout


def main() -> None:
    rows = {size: one_user(shops.generated(size)) for size in ("S", "M", "L")}
    rows["real"] = one_user(shops.real())
    real_batch = batch(shops.real())
    print("One live recommendation in process, top 5 (milliseconds)")
    print(f"{'products':>9} {'users':>8} {'p50':>7} {'p99':>7} {'engine p50':>11} {'engine p99':>11}")
    for row in rows.values():
        live, engine = row["live"], row["engine_alone"]
        print(
            f"{row['products']:>9,} {row['users']:>8,} {live['p50_ms']:>7.2f} {live['p99_ms']:>7.2f} "
            f"{engine['p50_ms']:>11.3f} {engine['p99_ms']:>11.3f}"
        )
    print(
        f"Batch on the real shop: {real_batch['users']:,} users in {real_batch['seconds']} s, "
        f"{real_batch['users_per_second']:,} users/s (top 10, without explanations, median of 3)"
    )
    RESULTS.mkdir(exist_ok=True)
    now = datetime.now(UTC)
    machine = {
        "machine": platform.machine(),
        "python": platform.python_version(),
        "system": platform.platform(),
    }
    path = RESULTS / f"{now:%Y%m%dT%H%M%SZ}.json"
    path.write_text(
        json.dumps({"at": now.isoformat(), **machine, "one_user": rows, "batch": real_batch}, indent=2)
    )
    print(f"Written to {path.relative_to(shops.ROOT)}")


if __name__ == "__main__":
    main()
