"""The ranker: trees that learn the order of candidates, and a plain blend where nothing can be learned."""

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
_BLEND = {"long share": 1.0, "recent share": 1.0, "tag likeness": 0.5, "category share": 0.3}


@dataclass(frozen=True, slots=True)
class Examples:
    """What is learned from.

    table: shape (n_pairs, n_features); met: shape (n_pairs,), bool; sizes: pairs of each user, in their order
    """

    table: NDArray[np.float32]
    met: NDArray[np.bool_]
    sizes: NDArray[np.int64]


class RankingModel(Protocol):
    """Gives candidates a worth that is never below 0."""

    def worth(self, table: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return what each row is worth, shape (n_pairs,)."""
        ...

    def parts(self, table: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return what each feature adds to or takes from it, shape (n_pairs, n_features)."""
        ...

    def save(self, folder: Path) -> None: ...


@dataclass(frozen=True, slots=True)
class Blend:
    """A fixed weighted sum of what retrievers say: for a shop too young to learn an order from."""

    def worth(self, table: NDArray[np.float32]) -> NDArray[np.float64]:
        return self.parts(table).sum(axis=1)

    def parts(self, table: NDArray[np.float32]) -> NDArray[np.float64]:
        weights = np.array([_BLEND.get(name, 0.0) for name in NAMES])
        return np.maximum(table, 0, where=weights > 0, out=np.zeros(table.shape)) * weights

    def save(self, folder: Path) -> None:
        """Write nothing: that there is no ranker's file says which ranker it is."""


@dataclass(frozen=True, slots=True)
class Trees:
    """LambdaMART (Burges, 2010), by xgboost.

    lowest: the margin of the worst pair that was learned from; worth counts from there, and is above 0
    """

    booster: "Booster"
    lowest: float

    @classmethod
    def of(cls, booster: "Booster") -> "Trees":
        """Return the ranker, for one thread a call. Raises ValueError when it was not made by `learned`."""
        booster.set_param({"nthread": 1})
        lowest = booster.attr(_LOWEST)
        if lowest is None:
            raise ValueError(f"the ranker has no attribute {_LOWEST!r}")
        return cls(booster, float(lowest))

    def worth(self, table: NDArray[np.float32]) -> NDArray[np.float64]:
        margins = self.booster.inplace_predict(table, predict_type="margin")
        return np.maximum(np.asarray(margins, np.float64) - self.lowest, 0) + _LEAST

    def parts(self, table: NDArray[np.float32]) -> NDArray[np.float64]:
        """Sums along the path of each tree, exact to the last digit (Saabas, 2014)."""
        from xgboost import DMatrix  # noqa: PLC0415 - 6 MB that only those load who use it

        rows = DMatrix(table, nthread=1)
        found = self.booster.predict(rows, pred_contribs=True, approx_contribs=True)
        return np.asarray(found, np.float64)[:, :-1]

    def save(self, folder: Path) -> None:
        self.booster.save_model(folder / _FILE)


def learned(examples: Examples, *, n_trees: int, depth: int, seed: int, threads: int) -> Trees:
    """Return trees that put what users met next before what they did not, above all among the first ten."""
    import xgboost  # noqa: PLC0415 - as above

    rows = xgboost.QuantileDMatrix(examples.table, examples.met.astype(np.float32), nthread=threads)
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
    """Return the ranker that was saved there. Raises OSError or ValueError."""
    if not (folder / _FILE).exists():
        return Blend()
    from xgboost import Booster  # noqa: PLC0415 - as above

    return Trees.of(Booster(model_file=folder / _FILE))
