"""Compares strategies on the last days of the shop, each in a process of its own."""

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

# Means over fewer users say nothing: one user more may turn any comparison round.
FEWEST_USERS = 30


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What was measured.

    cutoff: where the window begins; new_products_per_user: the mean number that was to be foreseen
    n_past: shape (n_users,), how many events each measured user had before the cutoff
    """

    cutoff: datetime
    train_events: int
    users: int
    new_products_per_user: float
    n_past: NDArray[np.int64]
    strategies: dict[str, StrategyMetrics]

    @property
    def warning(self) -> str:
        """A sentence that says so when users are too few to say anything, else ""."""
        return too_few(self.users)


def too_few(users: int) -> str:
    """Return a sentence when so many users are too few to say anything, "" when they are enough."""
    if users >= FEWEST_USERS:
        return ""
    counted = "1 user" if users == 1 else f"{users} users"
    return f"Measured on {counted} only: fewer than {FEWEST_USERS} say nothing about any strategy."


@dataclass(frozen=True, slots=True)
class Evaluator:
    """log and snapshot: read the shop; strategies: the recipes by name; table: what events are worth."""

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
        """Return what was measured; call `done` with each strategy's name once it is.

        most_users: of more, so many are drawn, always the same ones; None for all
        Raises NoEvents, NothingHeldOut when the window leaves nobody to measure on, StrategyFailed when a
        strategy cannot be fitted, ProcessLost when the system ends a process that measures, such as for want
        of memory, and OSError when there is no room for temporary files.
        """
        case = Case.of(_held_out(self.log(), holdout_days), self.snapshot(), most_users)
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
    # A process of its own gives each its own peak of memory, and its own cold start.
    try:
        return run_in_process(_measure, folder, strategy, task=f"measured {strategy}")
    except StrategyFailed.CAUSES as error:
        raise StrategyFailed(strategy, "measured", error) from error


def _measure(folder: Path, strategy: str) -> StrategyMetrics:
    case, table, configured = load(folder)
    return measure(case, configured[strategy], table, configured)


def as_dict(evaluation: Evaluation) -> dict[str, Any]:
    """Return the evaluation in the shape of its JSON; what cannot be said (NaN) is None."""
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
                **{metric: _said(mean) for metric, mean in found.means.items()},
                "ci95": {metric: [_said(low), _said(high)] for metric, (low, high) in found.ci95.items()},
                "fit_seconds": found.fit_seconds,
                "ms_per_user": found.ms_per_user,
                "peak_mb": found.peak_mb,
            }
            for name, found in evaluation.strategies.items()
        },
    }


def _said(value: float) -> float | None:
    return None if value != value else value  # noqa: PLR0124  NaN alone differs from itself
