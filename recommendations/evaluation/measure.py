"""Measure one strategy on a held-out window. Does not use the database."""

import resource
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from recommendations.engine import metrics
from recommendations.engine.actions import DAY, EventTable
from recommendations.engine.histories import Histories
from recommendations.engine.holdout import Holdout
from recommendations.engine.ragged import Ragged
from recommendations.engine.snapshot import Snapshot
from recommendations.pipeline import Pipeline, Query
from recommendations.serving.fillers import Fillers, untrained_strategies
from recommendations.strategies.base import Strategy, Training

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
    """The data to measure on. snapshot: as at the cutoff; only products with events by then are allowed"""

    holdout: Holdout
    snapshot: Snapshot

    @classmethod
    def of(
        cls,
        holdout: Holdout,
        today: Snapshot,
        most_users: int | None = None,
        *,
        counts_repeats: bool = False,
    ) -> "Case":
        """Return the case of a holdout.

        Popularity counts the events before the cutoff; products without any are not recommended.

        counts_repeats: as in `EventTable`
        most_users: size of the fixed random sample of users; None for all
        Categories, tags and prices are today's, because the shop stores no older ones.
        """
        then = today.at(holdout.cutoff, *holdout.past.counted(counts_repeats=counts_repeats).counts())
        snapshot = replace(then, active=then.popularity > 0)
        if most_users is None or most_users >= len(holdout.user_ids):
            return cls(holdout, snapshot)
        draw = np.random.default_rng(SEED).choice(len(holdout.user_ids), most_users, replace=False)
        rows = np.sort(draw)
        return cls(replace(holdout, user_ids=holdout.user_ids[rows], new=holdout.new.take(rows)), snapshot)

    def training(self, estimator: Strategy, table: EventTable) -> Training:
        """Return its training data: its log_days of events before the cutoff. Arrays are views."""
        past = self.holdout.past
        if estimator.log_days is not None:
            past = past.since(self.snapshot.now - int(estimator.log_days * DAY))
        return Training(self.snapshot, past, table)

    def n_past(self) -> NDArray[np.int64]:
        """Return the number of events of each measured user before the cutoff, shape (n_users,)."""
        users, counts = np.unique(self.holdout.past.user_ids, return_counts=True)
        return counts[np.searchsorted(users, self.holdout.user_ids)]


@dataclass(frozen=True, slots=True)
class StrategyMetrics:
    """Quality and costs of a strategy.

    means, ci95: by metric: mean over users, and its 95 % interval; coverage has no interval
    ndcg:        shape (n_users,), NDCG@10 of each measured user, in the order of the case's user_ids
    """

    means: dict[str, float]
    ci95: dict[str, tuple[float, float]]
    ndcg: metrics.Values
    fit_seconds: float
    ms_per_user: float
    peak_mb: float


def measure(
    case: Case,
    strategy: Strategy,
    table: EventTable,
    configured: Mapping[str, Strategy] = MappingProxyType({}),
) -> StrategyMetrics:
    """Return the quality and costs of the strategy, fitted to the events before the cutoff, for lists of 20.

    strategy:   any estimator, configured or not; short lists are filled as they are for requests
    configured: the strategies in settings by name, which include the fillers
    """
    snapshot = case.snapshot
    began = time.perf_counter()
    estimators = untrained_strategies(configured)
    fillers = Fillers(snapshot, lambda name: estimators[name].fit(case.training(estimators[name], table)))
    pipeline = fillers.pipeline(strategy, strategy.fit(case.training(strategy, table)))
    fit_seconds = time.perf_counter() - began
    histories = case.holdout.past.histories(case.holdout.user_ids, snapshot)
    began = time.perf_counter()
    lists = _lists(histories, pipeline)
    ms_per_user = (time.perf_counter() - began) * 1000 / len(lists)
    found = metrics.hits(lists, _located(case), len(snapshot))
    values = {name: metric(found) for name, metric in _PER_USER.items()}
    values["novelty@10"] = metrics.novelty(lists, snapshot)
    values["diversity@10"] = metrics.diversity(lists, snapshot)
    means = {name: _mean(of_users) for name, of_users in values.items()}
    means["coverage@10"] = metrics.coverage(lists, int(snapshot.active.sum()))
    return StrategyMetrics(
        means=means,
        ci95={name: metrics.interval(of_users, seed=SEED) for name, of_users in values.items()},
        ndcg=values["ndcg@10"],
        fit_seconds=fit_seconds,
        ms_per_user=ms_per_user,
        peak_mb=peak_mb(),
    )


def _lists(histories: Histories, pipeline: Pipeline) -> NDArray[np.int64]:
    """Return positions, shape (n_users, 20); -1 pads short lists. Ranks a block of users at a time."""
    lists = np.full((len(histories), metrics.DEEP), -1, np.int64)
    for start in range(0, len(lists), _USERS_A_BLOCK):
        block = histories.take(np.arange(start, min(start + _USERS_A_BLOCK, len(lists))))
        for row, ranking in enumerate(pipeline.rank(block, Query(metrics.DEEP)), start):
            ids = np.array([pick.product_id for pick in ranking.picks], np.int64)
            lists[row, : len(ids)] = pipeline.snapshot.locate(ids)
    return lists


def _located(case: Case) -> Ragged:
    return Ragged(case.holdout.new.starts, case.snapshot.locate(case.holdout.new.flat))


def _mean(values: metrics.Values) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")


def peak_mb() -> float:
    """Return the peak memory of this process in MiB.

    On Linux, `getrusage` includes the peak of the parent that started the program, but /proc does not.
    Without /proc, macOS reports bytes and other systems KiB.
    """
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 * 1024 if sys.platform == "darwin" else 1024)
