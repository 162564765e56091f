"""Compare strategies on the last days of the shop, each in a process of its own."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recommendations.engine.actions import DAY, EventTable
from recommendations.engine.holdout import Holdout, hold_out
from recommendations.engine.log import Log
from recommendations.engine.snapshot import Snapshot
from recommendations.errors import NoEvents, NothingHeldOut, StrategyFailed
from recommendations.evaluation.measure import Case, StrategyMetrics, measure
from recommendations.processes.pool import run_in_process
from recommendations.processes.transfer import dump, load
from recommendations.strategies.base import Strategy

# Means over fewer users are meaningless: one more user may reverse any comparison.
FEWEST_USERS = 30


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Result of an evaluation.

    cutoff:                start of the holdout window
    new_products_per_user: mean number of products to predict
    n_past:                shape (n_users,), number of events of each measured user before the cutoff
    """

    cutoff: datetime
    train_events: int
    users: int
    new_products_per_user: float
    n_past: NDArray[np.int64]
    strategies: dict[str, StrategyMetrics]

    @property
    def warning(self) -> str:
        """A warning if there are too few users to compare strategies, else ""."""
        return too_few(self.users)


def too_few(users: int) -> str:
    """Return a warning if this number of users is too small to compare strategies, else ""."""
    if users >= FEWEST_USERS:
        return ""
    counted = "1 user" if users == 1 else f"{users} users"
    return f"Measured on only {counted}: too few to compare strategies, which takes {FEWEST_USERS} or more."


@dataclass(frozen=True, slots=True)
class Evaluator:
    """log, snapshot: read the shop; strategies: the estimators by name; table: weights of the events"""

    log: Callable[[], Log]
    snapshot: Callable[[], Snapshot]
    strategies: Mapping[str, Strategy]
    table: EventTable

    def __call__(
        self,
        names: Sequence[str],
        *,
        holdout_days: int,
        done: Callable[[str], object],
        most_users: int | None = None,
    ) -> Evaluation:
        """Return the evaluation; call `done` with the name of each strategy once it is measured.

        most_users: size of the fixed random sample of users to measure; None for all
        Raises NoEvents, NothingHeldOut when the window leaves no users to measure on, StrategyFailed when a
        strategy cannot be fitted, ProcessLost when the system kills a measuring process, for example for lack
        of memory, and OSError when temporary files cannot be written.
        """
        case = Case.of(
            _held_out(self.log(), holdout_days),
            self.snapshot(),
            most_users,
            counts_repeats=self.table.counts_repeats,
        )
        with TemporaryDirectory(prefix="evaluation-") as name:
            dump((case, self.table, dict(self.strategies)), Path(name))
            strategies = {}
            for strategy in names:
                strategies[strategy] = _measured(Path(name), strategy)
                done(strategy)
        holdout = case.holdout
        return Evaluation(
            cutoff=datetime.fromtimestamp(holdout.cutoff, UTC),
            train_events=len(holdout.past),
            users=len(holdout.user_ids),
            new_products_per_user=float(holdout.new.lengths.mean()),
            n_past=case.n_past(),
            strategies=strategies,
        )


def _held_out(log: Log, days: int) -> Holdout:
    if not len(log):
        raise NoEvents
    try:
        return hold_out(log, seconds=days * DAY)
    except ValueError as error:
        raise NothingHeldOut(days, str(error)) from error


def _measured(folder: Path, strategy: str) -> StrategyMetrics:
    # In a process of its own each strategy has its own peak of memory and a cold start.
    try:
        return run_in_process(_measure, folder, strategy, task=f"measuring {strategy}")
    except StrategyFailed.CAUSES as error:
        raise StrategyFailed(strategy, "measured", error) from error


def _measure(folder: Path, strategy: str) -> StrategyMetrics:
    case, table, configured = load(folder)
    return measure(case, configured[strategy], table, configured)


def as_dict(evaluation: Evaluation) -> dict[str, Any]:
    """Return the evaluation as JSON values; NaN becomes None."""
    return {
        "warning": evaluation.warning or None,
        "split": {
            "cutoff": evaluation.cutoff.isoformat(),
            "train_events": evaluation.train_events,
            "users": evaluation.users,
            "new_products_per_user": evaluation.new_products_per_user,
        },
        "strategies": {
            name: {
                **{metric: _number(mean) for metric, mean in found.means.items()},
                "ci95": {metric: [_number(low), _number(high)] for metric, (low, high) in found.ci95.items()},
                "fit_seconds": found.fit_seconds,
                "ms_per_user": found.ms_per_user,
                "peak_mb": found.peak_mb,
            }
            for name, found in evaluation.strategies.items()
        },
    }


def _number(value: float) -> float | None:
    return None if value != value else value  # noqa: PLR0124  only NaN differs from itself
