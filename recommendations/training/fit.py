"""Fit one strategy in a process of its own. Does not use the database."""

import json
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from recommendations.engine.histories import Mask
from recommendations.engine.ragged import empty
from recommendations.evaluation.measure import peak_mb
from recommendations.processes.pool import run_in_process
from recommendations.processes.transfer import dump, load
from recommendations.strategies.base import Model, Trainable, Training

# Files in which a model may describe itself; the first that exists is its record.
RECORDS = ("record.json", "model.json")
# The users of this many newest events show whether a model recommends anything.
_LAST_EVENTS = 10_000
_USERS_A_BLOCK = 250


@dataclass(frozen=True, slots=True)
class Fit:
    """The costs of fitting, and what the model says of itself.

    peak_mb:  peak memory of the process
    record:   the model's own description, such as the method that it was fitted with; {} for none
    is_empty: whether the model recommends nothing
    """

    seconds: float
    peak_mb: float
    record: dict[str, Any]
    is_empty: bool


def fit_in_process(estimator: Trainable, training: Training, folder: Path) -> Fit:
    """Fit the estimator, write the model's files to the folder, and return the costs. folder: empty

    Raises OSError when the files cannot be written, ProcessLost when the system kills the process, for
    example for lack of memory, and the errors of fitting.
    """
    with TemporaryDirectory(prefix="training-") as name:
        dump((estimator, training), Path(name))
        return run_in_process(_fit, Path(name), folder, task="fitting the model")


def _fit(arguments: Path, folder: Path) -> Fit:
    estimator, training = load(arguments)
    began = time.perf_counter()
    model = estimator.fit(training)
    model.save(folder)
    seconds, peak = time.perf_counter() - began, peak_mb()
    records = [json.loads((folder / name).read_bytes()) for name in RECORDS if (folder / name).exists()]
    return Fit(seconds, peak, records[0] if records else {}, is_empty(model, training))


def is_empty(model: Model, training: Training) -> bool:
    """Return whether the model recommends no product to any user of the newest 10,000 events."""
    snapshot, log = training.snapshot, training.log
    if not len(log):
        return True
    last = log.since(int(log.at[-_LAST_EVENTS:][0]))
    last = last.take(snapshot.locate(last.product_ids) >= 0)
    users, retriever = np.unique(last.user_ids), model.bind(snapshot)
    all_allowed = np.ones(len(snapshot), bool)
    for start in range(0, len(users), _USERS_A_BLOCK):
        histories = last.histories(users[start : start + _USERS_A_BLOCK], snapshot)
        found = retriever.retrieve(histories, allowed=Mask(all_allowed, empty(len(histories))), k=1)
        if (found.positions >= 0).any():
            return False
    return True
