"""What versions of models were measured to reach, as the lines of a table: a column a version."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from recommendations.models import TrainedModel

# What is shown: the name in the metrics, words for it, and how many decimals it has.
_SHOWN = (
    ("ndcg@10", "NDCG@10", 4),
    ("recall@20", "Recall@20", 4),
    ("hit@10", "Hit rate@10", 3),
    ("map@10", "MAP@10", 4),
    ("coverage@10", "Coverage@10", 3),
    ("novelty@10", "Novelty@10, bits", 2),
    ("diversity@10", "Diversity@10", 3),
    ("fit_seconds", "Seconds to fit, measured", 1),
    ("ms_per_user", "Milliseconds a user", 2),
    ("peak_mb", "Peak memory, MB", 0),
)
UNSAID = "–"


@dataclass(frozen=True, slots=True)
class Cell:
    """value: the mean; interval: of 95 %; difference: from the first column; "" where there is none."""

    value: str
    interval: str = ""
    difference: str = ""


@dataclass(frozen=True, slots=True)
class MeasureLine:
    name: str
    cells: tuple[Cell, ...]


def measured(versions: Sequence[TrainedModel]) -> dict[str, Any]:
    """Return the names that `measures.html` shows."""
    return {
        "versions": versions,
        "measures": _measures_of(versions),
        "splits": _splits_of(versions),
        "is_one_split": _are_of_one_split(versions),
    }


def _measures_of(versions: Sequence[TrainedModel]) -> list[MeasureLine]:
    """Return a line for each metric that any of the versions has, a cell for each version in its order."""
    return [
        MeasureLine(words, tuple(_cell(versions, n, name, decimals) for n in range(len(versions))))
        for name, words, decimals in _SHOWN
        if any(_number(version, name) is not None for version in versions)
    ]


def _splits_of(versions: Sequence[TrainedModel]) -> list[str]:
    """Return how many users each version was measured on, and from when; a dash where it was not."""
    splits = [version.metrics.get("split") for version in versions]
    return [f"{split['users']}, {split['cutoff']}" if split else UNSAID for split in splits]


def interval(version: TrainedModel, name: str, decimals: int) -> str:
    """Return the 95 % interval, "" where it is not known."""
    found = version.metrics.get("ci95", {}).get(name)
    if not found or None in found:
        return ""
    return f"{found[0]:.{decimals}f} to {found[1]:.{decimals}f}"


def number(version: TrainedModel, name: str, decimals: int) -> str:
    """Return the mean of a metric, a dash where it is not known."""
    found = _number(version, name)
    return UNSAID if found is None else f"{found:.{decimals}f}"


def _are_of_one_split(versions: Sequence[TrainedModel]) -> bool:
    """Return whether all that were measured were measured on the same users and days."""
    splits = [version.metrics["split"] for version in versions if version.metrics]
    return all((s["cutoff"], s["users"]) == (splits[0]["cutoff"], splits[0]["users"]) for s in splits)


def _cell(versions: Sequence[TrainedModel], n: int, name: str, decimals: int) -> Cell:
    own, first = _number(versions[n], name), _number(versions[0], name)
    difference = "" if n == 0 or own is None or first is None else f"{own - first:+.{decimals}f}"
    return Cell(number(versions[n], name, decimals), interval(versions[n], name, decimals), difference)


def _number(version: TrainedModel, name: str) -> Any:
    return version.metrics.get(name)
