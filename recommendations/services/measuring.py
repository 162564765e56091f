"""Measures one strategy on a held-out window. Knows no database, so that a process of its own can do it."""

import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from recommendations.engine import metrics
from recommendations.engine.actions import EventTable
from recommendations.engine.holdout import Holdout
from recommendations.engine.ragged import Ragged
from recommendations.engine.snapshot import Snapshot
from recommendations.pipeline import Pipeline, Query
from recommendations.strategies.base import Strategy, Training
from recommendations.strategies.popular import Popular

SEED = 20_111_209
_USERS_A_BLOCK = 500
_PER_USER: dict[str, Callable[[metrics.Hits], metrics.Values]] = {
    "ndcg@10": metrics.ndcg,
    "recall@20": metrics.recall,
    "hit@10": metrics.hit_rate,
    "map@10": metrics.average_precision,
}


@dataclass(frozen=True, slots=True)
class Case:
    """What is measured on. snapshot: as it was at the cutoff; open to all that was known by then."""

    holdout: Holdout
    snapshot: Snapshot

    @classmethod
    def of(cls, holdout: Holdout, today: Snapshot) -> "Case":
        """Return the case: popularity counted before the cutoff, and nothing recommended but what had events.

        Categories and tags are those of today: the shop does not keep older ones.
        """
        then = today.at(holdout.cutoff, *holdout.past.counts())
        # The version speaks of the database, which the process that measures does not know.
        return cls(holdout, replace(then, active=then.popularity > 0, version=None))


@dataclass(frozen=True, slots=True)
class Measured:
    """means and ci95 by metric: means over users, and the 95 % interval of each; coverage has none."""

    means: dict[str, float]
    ci95: dict[str, tuple[float, float]]
    fit_seconds: float
    ms_per_user: float
    peak_mb: float


def measure(case: Case, strategy: Strategy, table: EventTable) -> Measured:
    """Return how good and how quick the strategy is: fitted on the past alone, lists of 20."""
    began = time.perf_counter()
    snapshot = case.snapshot
    model = strategy.fit(Training(snapshot, case.holdout.past, table))
    pipeline = Pipeline(snapshot, model.bind(snapshot), (Popular().bind(snapshot),))
    fitted = time.perf_counter()
    lists = _lists(case, pipeline)
    ranked = time.perf_counter()
    found = metrics.hits(lists, _located(case), len(snapshot))
    values = {name: metric(found) for name, metric in _PER_USER.items()}
    values["novelty@10"] = metrics.novelty(lists, snapshot)
    values["diversity@10"] = metrics.diversity(lists, snapshot)
    means = {name: _mean(of_users) for name, of_users in values.items()}
    means["coverage@10"] = metrics.coverage(lists, int(snapshot.active.sum()))
    return Measured(
        means=means,
        ci95={name: metrics.interval(of_users, seed=SEED) for name, of_users in values.items()},
        fit_seconds=fitted - began,
        ms_per_user=(ranked - fitted) * 1000 / len(lists),
        peak_mb=_peak_mb(),
    )


def _lists(case: Case, pipeline: Pipeline) -> NDArray[np.int64]:
    """Return positions, shape (n_users, 20), -1 pads; a block of users at a time."""
    user_ids = case.holdout.user_ids
    lists = np.full((len(user_ids), metrics.DEEP), -1, np.int64)
    for start in range(0, len(user_ids), _USERS_A_BLOCK):
        past = case.holdout.past.histories(user_ids[start : start + _USERS_A_BLOCK], case.snapshot)
        for row, ranking in enumerate(pipeline.rank(past, Query(metrics.DEEP)), start):
            ids = np.array([pick.product_id for pick in ranking.picks], np.int64)
            lists[row, : len(ids)] = case.snapshot.locate(ids)
    return lists


def _located(case: Case) -> Ragged:
    return Ragged(case.holdout.new.starts, case.snapshot.locate(case.holdout.new.flat))


def _mean(values: metrics.Values) -> float:
    said = values[~np.isnan(values)]
    return float(said.mean()) if len(said) else float("nan")


def _peak_mb() -> float:
    """Return the most memory that this process has held. Linux counts in KiB, macOS in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 * 1024 if sys.platform == "darwin" else 1024)
