"""An evaluation as a page of HTML that needs nothing else: tables, and plots drawn as SVG."""

from dataclasses import dataclass

import numpy as np
from django.template.loader import render_to_string
from numpy.typing import NDArray

from recommendations.engine.metrics import interval
from recommendations.evaluation.evaluate import Evaluation
from recommendations.evaluation.measure import SEED, StrategyMetrics
from recommendations.evaluation.plots import Estimate, bars, curves, scatter

METRICS = ("ndcg@10", "recall@20", "hit@10", "map@10", "coverage@10", "novelty@10", "diversity@10")
# From how many past events on a group of users begins.
_GROUPS = (1, 2, 5, 10, 20, 50, 100)
_UNSAID = Estimate(float("nan"), float("nan"), float("nan"))


@dataclass(frozen=True, slots=True)
class Group:
    """Users with about as many events before the cutoff. users: shape (n_users,), bool, who is in it."""

    label: str
    users: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Row:
    """A strategy in the table: its means and intervals, in the order of METRICS, and what it cost."""

    name: str
    estimates: list[Estimate]
    measured: StrategyMetrics


def page(found: Evaluation) -> str:
    """Return the whole page; every text in it is escaped."""
    rows = [
        Row(name, [estimate(measured, metric) for metric in METRICS], measured)
        for name, measured in found.strategies.items()
    ]
    shares = groups(found.n_past)
    return render_to_string(
        "recommendations/evaluation.html",
        {
            "found": found,
            "metrics": METRICS,
            "rows": rows,
            "accuracy": bars({row.name: estimate(row.measured, "ndcg@10") for row in rows}, label="NDCG@10"),
            "breadth": scatter(
                {
                    row.name: (row.measured.means["coverage@10"], row.measured.means["recall@20"])
                    for row in rows
                },
                x_label="catalogue coverage@10",
                y_label="recall@20",
            ),
            "by_past": curves(
                [group.label for group in shares],
                {row.name: [_mean(row.measured.ndcg[group.users]) for group in shares] for row in rows},
                x_label="events of the user before the cutoff",
                y_label="NDCG@10",
            ),
            "groups": [(group.label, int(group.users.sum())) for group in shares],
        },
    )


def estimate(measured: StrategyMetrics, metric: str) -> Estimate:
    """Return the mean of the metric and its interval, NaN where it has none."""
    low, high = measured.ci95.get(metric, (_UNSAID.low, _UNSAID.high))
    return Estimate(measured.means[metric], low, high)


def groups(n_past: NDArray[np.int64]) -> list[Group]:
    """Return the groups that have users. n_past: shape (n_users,), their events before the cutoff."""
    ends = (*_GROUPS[1:], np.iinfo(np.int64).max)
    every = [
        Group(_label(first, int(end)), (n_past >= first) & (n_past < end))
        for first, end in zip(_GROUPS, ends, strict=True)
    ]
    return [group for group in every if group.users.any()]


def _label(first: int, end: int) -> str:
    if first == _GROUPS[-1]:
        return f"{first} or more"
    return str(first) if end == first + 1 else f"{first}–{end - 1}"


def _mean(values: NDArray[np.float64]) -> Estimate:
    return Estimate(float(values.mean()), *interval(values, seed=SEED))
