"""Metrics of model versions as a table with one column per version."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from recommendations.models import TrainedModel

# The rows: key in the metrics, label, number of decimals.
_SHOWN = (
    ("ndcg@10", "NDCG@10", 4),
    ("recall@20", "Recall@20", 4),
    ("hit@10", "Hit rate@10", 3),
    ("map@10", "MAP@10", 4),
    ("coverage@10", "Coverage@10", 3),
    ("novelty@10", "Novelty@10, bits", 2),
    ("diversity@10", "Diversity@10", 3),
    ("fit_seconds", "Seconds to fit (held-out run)", 1),
    ("ms_per_user", "Milliseconds per user", 2),
    ("peak_mb", "Peak memory, MB", 0),
)
UNKNOWN = "–"


@dataclass(frozen=True, slots=True)
class Cell:
    """A value with its 95 % interval and its difference from the first column; "" for none."""

    value: str
    interval: str = ""
    difference: str = ""


@dataclass(frozen=True, slots=True)
class MeasureLine:
    """A metric: one row of the table."""

    name: str
    cells: tuple[Cell, ...]


def measured(versions: Sequence[TrainedModel]) -> dict[str, Any]:
    """Return the context of `measures.html`."""
    return {
        "versions": versions,
        "measures": _metric_lines(versions),
        "splits": _splits(versions),
        "is_one_split": _have_same_split(versions),
    }


def _metric_lines(versions: Sequence[TrainedModel]) -> list[MeasureLine]:
    """Return one line per metric that any version has, with one cell per version."""
    return [
        MeasureLine(label, tuple(_cell(versions, n, name, decimals) for n in range(len(versions))))
        for name, label, decimals in _SHOWN
        if any(version.metrics.get(name) is not None for version in versions)
    ]


def _splits(versions: Sequence[TrainedModel]) -> list[str]:
    """Return each version's number of measured users and cutoff, or a dash if it was not measured."""
    splits = [version.metrics.get("split") for version in versions]
    return [f"{split['users']}, {split['cutoff']}" if split else UNKNOWN for split in splits]


def interval(version: TrainedModel, name: str, decimals: int) -> str:
    """Return the 95 % interval of a metric, or "" if it is unknown."""
    found = version.metrics.get("ci95", {}).get(name)
    if not found or None in found:
        return ""
    return f"{found[0]:.{decimals}f} to {found[1]:.{decimals}f}"


def number(version: TrainedModel, name: str, decimals: int) -> str:
    """Return the mean of a metric, or a dash if it is unknown."""
    found = version.metrics.get(name)
    return UNKNOWN if found is None else f"{found:.{decimals}f}"


def _have_same_split(versions: Sequence[TrainedModel]) -> bool:
    """Return whether all measured versions were measured on the same users and days."""
    splits = [version.metrics["split"] for version in versions if version.metrics]
    return all((s["cutoff"], s["users"]) == (splits[0]["cutoff"], splits[0]["users"]) for s in splits)


def _cell(versions: Sequence[TrainedModel], n: int, name: str, decimals: int) -> Cell:
    own, first = versions[n].metrics.get(name), versions[0].metrics.get(name)
    difference = "" if n == 0 or own is None or first is None else f"{own - first:+.{decimals}f}"
    return Cell(number(versions[n], name, decimals), interval(versions[n], name, decimals), difference)
