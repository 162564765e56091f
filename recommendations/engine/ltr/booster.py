"""Ranking models: gradient-boosted trees, and a fixed blend for shops with too little data."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from recommendations.engine.ltr.features import NAMES

if TYPE_CHECKING:
    from xgboost import Booster

_FILE = "ranker.json"
_LOWEST, _LEAST = "lowest", 1e-3
_BLEND = {"long share": 1.0, "recent share": 1.0, "tag similarity": 0.5, "category share": 0.3}


@dataclass(frozen=True, slots=True)
class Examples:
    """Training data for a ranking model.

    table:  shape (n_pairs, n_features), the features of each pair
    labels: shape (n_pairs,), bool, whether the user interacted with it later
    sizes:  shape (n_users,), number of consecutive pairs of each user
    """

    table: NDArray[np.float32]
    labels: NDArray[np.bool_]
    sizes: NDArray[np.int64]


class RankingModel(Protocol):
    """Scores candidates, never below 0."""

    def scores(self, table: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the score of each row, shape (n_pairs,)."""
        ...

    def contributions(self, table: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return what each feature adds to the score, shape (n_pairs, n_features).

        The sum over features differs from the score by a constant.
        """
        ...

    def save(self, folder: Path) -> None:
        """Write the model into the folder. Raises OSError."""
        ...


@dataclass(frozen=True, slots=True)
class Blend:
    """Fixed weighted sum of the retrievers' scores, for shops with too little data to train trees."""

    def scores(self, table: NDArray[np.float32]) -> NDArray[np.float64]:
        return self.contributions(table).sum(axis=1)

    def contributions(self, table: NDArray[np.float32]) -> NDArray[np.float64]:
        weights = np.array([_BLEND.get(name, 0.0) for name in NAMES])
        return np.maximum(table, 0, where=weights > 0, out=np.zeros(table.shape)) * weights

    def save(self, folder: Path) -> None:
        """Write nothing: without a file, `load_ranking_model` returns a Blend."""


@dataclass(frozen=True, slots=True)
class Trees:
    """Gradient-boosted trees trained by LambdaMART (Burges, 2010), by xgboost.

    lowest: the lowest margin among the training pairs; scores are measured from there, and are above 0
    """

    booster: "Booster"
    lowest: float

    @classmethod
    def of(cls, booster: "Booster") -> "Trees":
        """Return the model, with one thread a call. Raises ValueError if `learned` did not train it."""
        booster.set_param({"nthread": 1})
        lowest = booster.attr(_LOWEST)
        if lowest is None:
            raise ValueError(f"the ranking model has no attribute {_LOWEST!r}")
        return cls(booster, float(lowest))

    def scores(self, table: NDArray[np.float32]) -> NDArray[np.float64]:
        margins = self.booster.inplace_predict(table, predict_type="margin")
        return np.maximum(np.asarray(margins, np.float64) - self.lowest, 0) + _LEAST

    def contributions(self, table: NDArray[np.float32]) -> NDArray[np.float64]:
        """Sum the changes along the decision path of each tree, which is exact (Saabas, 2014)."""
        from xgboost import DMatrix  # noqa: PLC0415 - takes 6 MB, so it is imported on first use

        rows = DMatrix(table, nthread=1)
        found = self.booster.predict(rows, pred_contribs=True, approx_contribs=True)
        return np.asarray(found, np.float64)[:, :-1]

    def save(self, folder: Path) -> None:
        self.booster.save_model(folder / _FILE)


def learned(examples: Examples, *, n_trees: int, depth: int, seed: int, threads: int) -> Trees:
    """Return trees trained to rank the labelled pairs of each user first, by NDCG at 10."""
    import xgboost  # noqa: PLC0415 - as above

    rows = xgboost.QuantileDMatrix(examples.table, examples.labels.astype(np.float32), nthread=threads)
    rows.set_group(examples.sizes)
    settings: dict[str, Any] = {
        "objective": "rank:ndcg",
        "ndcg_exp_gain": False,
        "lambdarank_pair_method": "topk",
        "lambdarank_num_pair_per_sample": 10,
        "eta": 0.04,
        "max_depth": depth,
        "min_child_weight": 20,
        "subsample": 0.6,
        "colsample_bytree": 0.3,
        "tree_method": "hist",
        "seed": seed,
        "nthread": threads,
    }
    booster = xgboost.train(settings, rows, n_trees)
    lowest = float(booster.inplace_predict(examples.table, predict_type="margin").min())
    booster.set_attr(**{_LOWEST: repr(lowest)})
    return Trees.of(booster)


def load_ranking_model(folder: Path) -> RankingModel:
    """Return the ranking model saved in the folder. Raises OSError or ValueError."""
    if not (folder / _FILE).exists():
        return Blend()
    from xgboost import Booster  # noqa: PLC0415 - as above

    return Trees.of(Booster(model_file=folder / _FILE))
