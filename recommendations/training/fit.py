"""Fits one strategy in a process of its own. Knows no database, so that a fresh process can do it."""

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

# Where a model says of itself what it was made of and how; the first that there is.
RECORDS = ("record.json", "model.json")
# Whether a model proposes anything is tried with the users of so many events.
_LAST_EVENTS = 10_000
_USERS_A_BLOCK = 250


@dataclass(frozen=True, slots=True)
class Fit:
    """What fitting took, and what the model says of itself, such as by which method it was made.

    peak_mb: the most memory that the process has held; is_empty: whether the model proposes nothing
    """

    seconds: float
    peak_mb: float
    record: dict[str, Any]
    is_empty: bool


def fit_in_process(recipe: Trainable, training: Training, folder: Path) -> Fit:
    """Return what it took: the model's files are in the folder, which was empty.

    Raises OSError when they cannot be written, ProcessLost when the system ends the process, such as for
    want of memory, and whatever fitting raises.
    """
    with TemporaryDirectory(prefix="training-") as name:
        dump((recipe, training), Path(name))
        return run_in_process(_fit, Path(name), folder, task="fitted the model")


def _fit(handed: Path, folder: Path) -> Fit:
    recipe, training = load(handed)
    began = time.perf_counter()
    model = recipe.fit(training)
    model.save(folder)
    seconds, peak = time.perf_counter() - began, peak_mb()
    records = [json.loads((folder / name).read_bytes()) for name in RECORDS if (folder / name).exists()]
    return Fit(seconds, peak, records[0] if records else {}, is_empty(model, training))


def is_empty(model: Model, training: Training) -> bool:
    """Return whether the model proposes no product at all to any user of the last events."""
    snapshot, log = training.snapshot, training.log
    if not len(log):
        return True
    last = log.since(int(log.at[-_LAST_EVENTS:][0]))
    last = last.take(snapshot.locate(last.product_ids) >= 0)
    users, retriever = np.unique(last.user_ids), model.bind(snapshot)
    everything = np.ones(len(snapshot), bool)
    for start in range(0, len(users), _USERS_A_BLOCK):
        histories = last.histories(users[start : start + _USERS_A_BLOCK], snapshot)
        found = retriever.retrieve(histories, allowed=Mask(everything, empty(len(histories))), k=1)
        if (found.positions >= 0).any():
            return False
    return True
