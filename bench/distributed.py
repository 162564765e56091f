"""The duration of `generate_recommendations` alone and with workers: `python -m bench.distributed real`.

The variants take turns, so that other load affects all of them. PostgreSQL and Redis are started for the run.
"""

import json
import re
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench import machine, shops
from stack.postgresql import cluster
from stack.processes import start
from stack.redis_server import redis

ROUNDS = 5
COMMAND = ("manage.py", "generate_recommendations", "--verbosity", "1")
WAYS = {
    "by itself": ("--processes", "1"),
    "two processes of its own": ("--processes", "2"),
    "two workers": ("--distributed",),
}


@contextmanager
def two_workers(env: dict[str, str], folder: Path) -> Iterator[None]:
    """Run a Celery worker with two processes."""
    worker = start(
        "worker",
        [
            *(sys.executable, "-m", "celery", "--app", "recsite.celery", "worker", "--queues", "batch"),
            *("--concurrency", "2", "--without-gossip", "--without-mingle", "--loglevel", "info"),
        ],
        log=folder / "worker.log",
        env={**env, "LOG_LEVEL": "INFO"},
        cwd=shops.ROOT,
    )
    try:
        worker.wait_until(lambda: " ready." in worker.log.read_text())
        yield
    finally:
        worker.stop()


def seconds(env: dict[str, str], *arguments: str) -> float:
    """Return the duration that the run reports, which excludes the start of the command's process."""
    ran = subprocess.run(
        [sys.executable, *COMMAND, *arguments],
        cwd=shops.ROOT,
        env=env,
        check=True,
        capture_output=True,
        text=True,
    )
    told = re.search(r"stored in ([0-9.]+) s", ran.stdout)
    if told is None:
        raise RuntimeError(f"The command did not say how long it took: {ran.stdout}")
    return float(told[1])


def measured(shop: str) -> dict[str, list[float]]:
    """Return the seconds of each variant by round, after a warm-up round."""
    with ExitStack() as running:
        folder = Path(running.enter_context(tempfile.TemporaryDirectory()))
        env = shops.environment(running.enter_context(cluster()).url)
        env["CELERY_BROKER_URL"] = running.enter_context(redis("--maxmemory-policy", "noeviction"))
        files = shops.REAL if shop == "real" else shops.folder(shop)
        for words in (("migrate",), ("import_shop", str(files))):
            subprocess.run(
                [sys.executable, "manage.py", *words, "--verbosity", "0"], cwd=shops.ROOT, env=env, check=True
            )
        running.enter_context(two_workers(env, folder))
        took: dict[str, list[float]] = {way: [] for way in WAYS}
        for n_round in range(ROUNDS + 1):
            for way, arguments in WAYS.items():
                found = seconds(env, *arguments)
                if n_round:
                    took[way].append(found)
        return took


def main() -> None:
    shop = sys.argv[1] if len(sys.argv) > 1 else "real"
    took = measured(shop)
    medians = {way: statistics.median(found) for way, found in took.items()}
    made_on = machine.described() | {"command": f"python -m bench.distributed {shop}"}
    told = {"shop": shop, "median_s": medians, "s": took, "machine": made_on}
    sys.stdout.write(json.dumps(told, indent=2) + "\n")


if __name__ == "__main__":
    main()
