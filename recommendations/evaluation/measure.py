"""Measures one strategy on a held-out window. Knows no database, so that a process of its own can do it."""

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
from recommendations.serving.fillers import Fillers, untrained
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
    """What is measured on. snapshot: as it was at the cutoff; open to all that was known by then."""

    holdout: Holdout
    snapshot: Snapshot

    @classmethod
    def of(cls, holdout: Holdout, today: Snapshot, most_users: int | None = None) -> "Case":
        """Return the case: popularity counted before the cutoff, and nothing recommended but what had events.

        most_users: of more, so many are drawn, always the same ones; None for all
        Categories, tags and prices are those of today: the shop does not keep older ones.
        """
        then = today.at(holdout.cutoff, *holdout.past.counts())
        # The version speaks of the database, which the process that measures does not know.
        snapshot = replace(then, active=then.popularity > 0, version=None)
        if most_users is None or most_users >= len(holdout.user_ids):
            return cls(holdout, snapshot)
        draw = np.random.default_rng(SEED).choice(len(holdout.user_ids), most_users, replace=False)
        rows = np.sort(draw)
        return cls(replace(holdout, user_ids=holdout.user_ids[rows], new=holdout.new.take(rows)), snapshot)

    def training(self, recipe: Strategy, table: EventTable) -> Training:
        """Return what the recipe is fitted to: the past, as far back as it looks. The arrays are views."""
        past = self.holdout.past
        if recipe.log_days is not None:
            past = past.since(self.snapshot.now - int(recipe.log_days * DAY))
        return Training(self.snapshot, past, table)

    def n_past(self) -> NDArray[np.int64]:
        """Return how many events each measured user had before the cutoff, shape (n_users,)."""
        users, counts = np.unique(self.holdout.past.user_ids, return_counts=True)
        return counts[np.searchsorted(users, self.holdout.user_ids)]


@dataclass(frozen=True, slots=True)
class StrategyMetrics:
    """How good and how quick a strategy is.

    means, ci95: by metric; means over users, and the 95 % interval of each; coverage has none
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
    """Return how good and how quick the strategy is: fitted on the past alone, lists of 20.

    strategy:   any recipe, whether settings know it or not; short lists are filled up as where it answers
    configured: the strategies of the settings by name, among which are those that fill up
    """
    snapshot = case.snapshot
    began = time.perf_counter()
    recipes = untrained(configured)
    fillers = Fillers(snapshot, lambda name: recipes[name].fit(case.training(recipes[name], table)))
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
    """Return positions, shape (n_users, 20), -1 pads; a block of users at a time."""
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
    said = values[~np.isnan(values)]
    return float(said.mean()) if len(said) else float("nan")


def peak_mb() -> float:
    """Return the most memory that this process has held.

    Linux hands what `getrusage` says from a parent on to the program that it starts, but begins the number
    in /proc anew. Where there is no /proc, macOS counts in bytes, others in KiB.
    """
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 * 1024 if sys.platform == "darwin" else 1024)
