"""Render an evaluation as a self-contained HTML page with tables and SVG plots."""

from dataclasses import dataclass

import numpy as np
from django.template.loader import render_to_string
from numpy.typing import NDArray

from recommendations.engine.metrics import interval
from recommendations.evaluation.evaluate import Evaluation
from recommendations.evaluation.measure import SEED, StrategyMetrics
from recommendations.evaluation.plots import Estimate, bars, curves, scatter

METRICS = ("ndcg@10", "recall@20", "hit@10", "map@10", "coverage@10", "novelty@10", "diversity@10")
# The least number of past events of each group of users.
_GROUPS = (1, 2, 5, 10, 20, 50, 100)
_UNKNOWN = Estimate(float("nan"), float("nan"), float("nan"))


@dataclass(frozen=True, slots=True)
class Group:
    """Users with similar numbers of events before the cutoff. users: shape (n_users,), bool, the members"""

    label: str
    users: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the table: a strategy's means and intervals, in the order of METRICS, and its costs."""

    name: str
    estimates: list[Estimate]
    measured: StrategyMetrics


def page(evaluation: Evaluation) -> str:
    """Return the whole page, with every text escaped."""
    rows = [
        Row(name, [estimate(measured, metric) for metric in METRICS], measured)
        for name, measured in evaluation.strategies.items()
    ]
    user_groups = groups(evaluation.n_past)
    return render_to_string(
        "recommendations/evaluation.html",
        {
            "evaluation": evaluation,
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
            "by_history": curves(
                [group.label for group in user_groups],
                {row.name: [_mean(row.measured.ndcg[group.users]) for group in user_groups] for row in rows},
                x_label="events of the user before the cutoff",
                y_label="NDCG@10",
            ),
            "groups": [(group.label, int(group.users.sum())) for group in user_groups],
        },
    )


def estimate(measured: StrategyMetrics, metric: str) -> Estimate:
    """Return the mean of the metric and its interval, NaN if it has none."""
    low, high = measured.ci95.get(metric, (_UNKNOWN.low, _UNKNOWN.high))
    return Estimate(measured.means[metric], low, high)


def groups(n_past: NDArray[np.int64]) -> list[Group]:
    """Return the groups that are not empty. n_past: shape (n_users,), the users' events before the cutoff"""
    ends = (*_GROUPS[1:], np.iinfo(np.int64).max)
    all_groups = [
        Group(_label(first, int(end)), (n_past >= first) & (n_past < end))
        for first, end in zip(_GROUPS, ends, strict=True)
    ]
    return [group for group in all_groups if group.users.any()]


def _label(first: int, end: int) -> str:
    if first == _GROUPS[-1]:
        return f"{first} or more"
    return str(first) if end == first + 1 else f"{first}–{end - 1}"


def _mean(values: NDArray[np.float64]) -> Estimate:
    return Estimate(float(values.mean()), *interval(values, seed=SEED))
