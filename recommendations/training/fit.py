"""Fits one strategy in a process of its own. Knows no database, so that a fresh process can do it."""

import json
import time
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from recommendations.evaluation.measure import peak_mb
from recommendations.processes.parent import exit_with_parent
from recommendations.processes.pool import ProcessLost
from recommendations.processes.transfer import dump, load
from recommendations.strategies.base import Trainable, Training

# Where a model says of itself what it was made of and how; the first that there is.
RECORDS = ("record.json", "model.json")


@dataclass(frozen=True, slots=True)
class Fit:
    """What fitting took, and what the model says of itself, such as by which method it was made.

    peak_mb: the most memory that the process has held
    """

    seconds: float
    peak_mb: float
    record: dict[str, Any]


def fit_in_process(recipe: Trainable, training: Training, folder: Path) -> Fit:
    """Return what it took: the model's files are in the folder, which was empty.

    Raises OSError when they cannot be written, ProcessLost when the system ends the process, such as for
    want of memory, and whatever fitting raises.
    """
    with TemporaryDirectory(prefix="training-") as name:
        dump((recipe, training), Path(name))
        with ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=exit_with_parent) as alone:
            try:
                return alone.submit(_fit, Path(name), folder).result()
            except BrokenProcessPool as error:
                raise ProcessLost(
                    "The process that fitted the model was ended before it was done, perhaps for want of "
                    "memory."
                ) from error


def _fit(handed: Path, folder: Path) -> Fit:
    recipe, training = load(handed)
    began = time.perf_counter()
    recipe.fit(training).save(folder)
    seconds = time.perf_counter() - began
    records = [json.loads((folder / name).read_bytes()) for name in RECORDS if (folder / name).exists()]
    return Fit(seconds, peak_mb(), records[0] if records else {})
