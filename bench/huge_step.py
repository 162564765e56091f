"""One step of the benchmark of a huge shop, in its own process. Prints its measurements as JSON.

read FILES ARRAYS          read the files into arrays
fit ARRAYS FOLDER NAME     fit and save one strategy
serve ARRAYS MODELS ASKS   measure a web worker while a second one runs
"""

import json
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import django
import numpy as np

from bench.one_user import milliseconds

N_SAMPLED = 1_000


def read(files: Path, arrays: Path) -> dict[str, Any]:
    from recommendations import wiring
    from recommendations.evaluation.csv_shop import read_shop
    from recommendations.evaluation.measure import peak_mb
    from recommendations.processes.transfer import dump
    from recommendations.strategies.base import Training

    began = time.perf_counter()
    shop = read_shop(files, _Silent())
    seconds = time.perf_counter() - began
    _empty(arrays)
    dump(Training(shop.snapshot, shop.log, wiring.config().events), _empty(arrays / "training"))
    users = np.unique(shop.log.user_ids)
    users = users[:: max(1, len(users) // N_SAMPLED)]
    sampled = shop.log.take(np.isin(shop.log.user_ids, users))
    recent = shop.log.take(
        shop.log.at
        >= shop.snapshot.now
        - int(
            max(estimator.log_days or 0 for estimator in wiring.strategy_registry().untrained.values())
            * 86_400
        )
    )
    dump((shop.snapshot, recent, wiring.config().events, users, sampled), _empty(arrays / "worker"))
    return {
        "seconds": seconds,
        "peak_mb": peak_mb(),
        "products": len(shop.snapshot),
        "events": len(shop.log),
        "users": int(shop.log.user_ids.max()),
    }


class _Silent:
    """A progress report that prints nothing."""

    def reading(self, title: str, n_lines: int) -> None: ...

    def advanced(self, n_lines: int) -> None: ...

    def found(self, problem: object) -> None:
        raise ValueError(problem)  # the generator makes no mistakes

    def noted(self, file: str, note: str) -> None: ...


def fit(arrays: Path, folder: Path, name: str) -> dict[str, Any]:
    from recommendations import wiring
    from recommendations.evaluation.measure import peak_mb
    from recommendations.processes.transfer import load
    from recommendations.strategies.base import SavedModel

    training = load(arrays / "training")
    began = time.perf_counter()
    model = wiring.strategy_registry().strategies[name].fit(training)
    _empty(folder)
    if isinstance(model, SavedModel):
        model.save(folder)
    return {
        "seconds": time.perf_counter() - began,
        "peak_mb": peak_mb(),
        "saved_mb": sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 2**20,
    }


def serve(arrays: Path, models: Path, asks: str) -> dict[str, Any]:
    """Return the memory and time of one worker while a second one maps the same models."""
    beside = subprocess.Popen(
        [sys.executable, "-m", "bench.huge_step", "beside", str(arrays), str(models), asks],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert beside.stdin is not None
    assert beside.stdout is not None
    try:
        beside.stdout.readline()
        found, held = _served(arrays, models, int(asks))
        # Measured after the benchmark's own files, which no other process maps, are released.
        found["private_mb"] = private_mb()
        del held
    finally:
        beside.stdin.close()
        beside.wait()
    return found


def beside(arrays: Path, models: Path, asks: str) -> dict[str, Any]:
    """Keep the memory of a worker that has handled as many requests, until standard input ends."""
    found, held = _served(arrays, models, int(asks))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.read()
    del held
    return found


def _served(arrays: Path, models: Path, asks: int) -> tuple[dict[str, Any], object]:
    """Return the measurements, and the objects that a worker keeps: pipelines and recently bound models."""
    import recsite.wsgi  # noqa: F401  the imports of a worker
    from bench.parts.huge import MOST_P50_MS
    from recommendations import wiring
    from recommendations.pipeline import Query
    from recommendations.processes.transfer import load
    from recommendations.serving.fillers import Fillers
    from recommendations.strategies.base import Trainable, Training
    from recommendations.strategies.untrained import Untrained

    before = private_mb()
    mapped, recent, table, users, sampled = load(arrays / "worker")
    snapshot = _own(mapped)  # a worker reads its snapshot from the database into private memory
    estimators = wiring.strategy_registry()
    began = time.perf_counter()
    lately = {
        name: estimator.fit(Training(snapshot, recent, table))
        for name, estimator in estimators.untrained.items()
    }
    fillers = Fillers(snapshot, lately.__getitem__)
    fillers.pipeline(estimators.strategies["collaborative"], Untrained())  # the fallback of all strategies
    fill_seconds = time.perf_counter() - began
    pipelines, opened, bound = {}, {}, {}
    for name in MOST_P50_MS:
        estimator = estimators.strategies[name]
        trained = isinstance(estimator, Trainable)
        began = time.perf_counter()
        model = estimator.load(models / name) if trained else estimator.fit(Training(snapshot, recent, table))
        opened[name] = time.perf_counter() - began
        began = time.perf_counter()
        pipelines[name] = fillers.pipeline(estimator, model)
        bound[name] = time.perf_counter() - began
    past = sampled.histories(users, snapshot)
    live = {}
    for name, pipeline in pipelines.items():
        taken = []
        for ask in range(asks + 50):
            one = past.take(np.array([ask % len(users)]))
            began = time.perf_counter()
            pipeline.rank(one, Query(5))
            taken.append(time.perf_counter() - began)
        live[name] = milliseconds(taken[50:])
    return {
        "before_mb": before,
        "opened_seconds": opened,
        "bound_seconds": bound,
        "fill_seconds": fill_seconds,
        "live": live,
    }, (pipelines, lately)


def private_mb() -> float:
    """Return the unique set size of this process in MiB."""
    kib = [
        int(line.split()[1])
        for line in Path("/proc/self/smaps_rollup").read_text().splitlines()
        if line.startswith(("Private_Clean", "Private_Dirty"))
    ]
    return sum(kib) / 1024


def _own(snapshot: Any) -> Any:
    """Return the snapshot with every array copied into private memory."""
    features = snapshot.features
    tags = replace(features.tags, starts=features.tags.starts.copy(), flat=features.tags.flat.copy())
    return replace(
        snapshot,
        product_ids=snapshot.product_ids.copy(),
        active=snapshot.active.copy(),
        popularity=snapshot.popularity.copy(),
        price=(price := snapshot.price.copy()),
        regular_price=price,
        features=replace(features, category=features.category.copy(), tags=tags),
    )


def _empty(folder: Path) -> Path:
    """Delete and recreate the folder, and return it."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


if __name__ == "__main__":
    django.setup()
    step, *paths = sys.argv[1:]
    run = {"read": read, "fit": fit, "serve": serve, "beside": beside}[step]
    texts = [Path(text) if "/" in text else text for text in paths]
    sys.stdout.write(json.dumps(run(*texts)) + "\n")
