"""Compares strategies on the last days of the shop, each in a process of its own."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing import get_context
from typing import Any

from recommendations.engine.actions import DAY, EventTable
from recommendations.engine.holdout import hold_out
from recommendations.engine.log import Log
from recommendations.engine.snapshot import Snapshot
from recommendations.services.measuring import Case, Measured, measure
from recommendations.strategies.base import Strategy


@dataclass(frozen=True, slots=True)
class Evaluation:
    """cutoff: where the window begins; new_products_per_user: the mean number that was to be foreseen."""

    cutoff: datetime
    train_events: int
    users: int
    new_products_per_user: float
    strategies: dict[str, Measured]


@dataclass(frozen=True, slots=True)
class Evaluate:
    """log and snapshot: read the shop; strategies: the recipes by name; table: what events are worth."""

    log: Callable[[], Log]
    snapshot: Callable[[], Snapshot]
    strategies: Mapping[str, Strategy]
    table: EventTable

    def __call__(
        self, names: Sequence[str], *, holdout_days: int, done: Callable[[str], object]
    ) -> Evaluation:
        """Return what was measured; call `done` with each strategy's name once it is.

        Raises ValueError when the window leaves nobody to measure on.
        """
        case = Case.of(hold_out(self.log(), seconds=holdout_days * DAY), self.snapshot())
        measured = {}
        for name in names:
            # A process of its own gives each its own peak of memory, and its own cold start.
            with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as alone:
                measured[name] = alone.submit(measure, case, self.strategies[name], self.table).result()
            done(name)
        holdout = case.holdout
        return Evaluation(
            cutoff=datetime.fromtimestamp(holdout.cutoff, UTC),
            train_events=len(holdout.past),
            users=len(holdout.user_ids),
            new_products_per_user=float(holdout.new.lengths.mean()),
            strategies=measured,
        )


def as_dict(evaluation: Evaluation) -> dict[str, Any]:
    """Return the evaluation in the shape of its JSON; what cannot be said (NaN) is None."""
    return {
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
