"""The hybrid strategy: several retrievers propose candidates, a learned ranking model orders them.

Two stages, as in Covington, Adams & Sargin (2016).
"""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from recommendations.engine.best import best_of
from recommendations.engine.histories import Candidates, Histories, Mask
from recommendations.engine.ltr.booster import Blend, RankingModel, learned, load_ranking_model
from recommendations.engine.ltr.item_features import ItemFeatures, item_features
from recommendations.engine.neighbours import Sums
from recommendations.engine.ragged import Ragged, starts_of
from recommendations.engine.snapshot import Snapshot
from recommendations.strategies.base import Basis, Reasons, Training
from recommendations.strategies.collaborative import Collaborative, CollaborativeModel
from recommendations.strategies.hybrid.reasons import Picked, reasons_of
from recommendations.strategies.hybrid.stage import Stage
from recommendations.strategies.hybrid.training import examples

# Thousandths of a point for a score of 1.
SCALE = 10_000
_USERS_A_BLOCK = 250
# With fewer training users, or fewer positive labels, the ranking model is a Blend.
_FEWEST_USERS, _FEWEST_LABELS = 100, 200
_FOREVER = 36_500


@dataclass(frozen=True, slots=True)
class Hybrid:
    """Options of the hybrid strategy.

    windows:        maximum number of earlier 30-day windows that the ranking model is trained on
    trees, depth:   number and depth of the trees of the ranking model
    threads:        threads for training; more threads than idle cores make it many times slower
    half_life_days: half-life of the recent collaborative model; the long-term model has no decay
    neighbours:     maximum number of links of each product, in each collaborative model
    largest_dense:  up to this many products, the collaborative models use EASE (Steck, 2019)
    """

    windows: int = 8
    trees: int = 250
    depth: int = 5
    half_life_days: float = 30
    neighbours: int = 300
    largest_dense: int = 8_000
    threads: int = 1
    seed: int = 1
    fallback: ClassVar[str] = "trending"
    basis: ClassVar[Basis] = Basis.HISTORY
    log_days: ClassVar[None] = None

    def __post_init__(self) -> None:
        for name, low, high in (
            ("windows", 0, 50),
            ("trees", 1, 1_000),
            ("depth", 1, 10),
            ("threads", 1, 256),
            ("seed", 0, 2**31 - 1),
        ):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
                raise ValueError(f"{name} is {value!r}; it must be a whole number from {low} to {high}")
        self._collaborative()

    @classmethod
    def from_options(cls, **options: Any) -> Self:
        return cls(**options)

    def fit(self, training: Training) -> "HybridModel":
        ranker, record = self._ranker(training)  # its training data is freed before the models are fitted
        return HybridModel(*self._fitted(training), ranker, record)

    def _ranker(self, training: Training) -> tuple[RankingModel, dict[str, Any]]:
        """Return the ranking model, and its record for model.json."""
        found = examples(training, self.windows, self._stage, seed=self.seed) if self.windows else None
        ranker: RankingModel = Blend()
        if found and len(found.sizes) >= _FEWEST_USERS and np.count_nonzero(found.labels) >= _FEWEST_LABELS:
            ranker = learned(
                found, n_trees=self.trees, depth=self.depth, seed=self.seed, threads=self.threads
            )
        return ranker, {
            "ranker": "blend" if isinstance(ranker, Blend) else "trees",
            "learned_from_users": 0 if found is None else len(found.sizes),
            "learned_from_pairs": 0 if found is None else len(found.labels),
        }

    def load(self, folder: Path) -> "HybridModel":
        return HybridModel.load(folder)

    def _stage(self, training: Training) -> Stage:
        return Stage.of(training.snapshot, *self._fitted(training))

    def _fitted(self, training: Training) -> tuple[ItemFeatures, CollaborativeModel, CollaborativeModel]:
        long, recent = self._collaborative()
        items = item_features(training.log, training.table, now=training.snapshot.now)
        return items, long.fit(training), recent.fit(training)

    def _collaborative(self) -> tuple[Collaborative, Collaborative]:
        """Return the long-term and the recent collaborative strategy. Raises ValueError for a bad option."""
        return (
            Collaborative(
                half_life_days=_FOREVER,
                sparse_half_life_days=_FOREVER,
                regularisation=300,
                neighbours=self.neighbours,
                largest_dense=self.largest_dense,
            ),
            Collaborative(
                half_life_days=self.half_life_days,
                sparse_half_life_days=self.half_life_days,
                neighbours=self.neighbours,
                largest_dense=self.largest_dense,
            ),
        )


@dataclass(frozen=True)
class HybridModel:
    """Item features, two collaborative models and the ranking model. record: figures for model.json."""

    item_features: ItemFeatures
    long: CollaborativeModel
    recent: CollaborativeModel
    ranker: RankingModel
    record: dict[str, Any]

    def save(self, folder: Path) -> None:
        for name in ("facts", "long", "recent"):
            (folder / name).mkdir()
        self.item_features.save(folder / "facts")
        self.long.save(folder / "long")
        self.recent.save(folder / "recent")
        self.ranker.save(folder)
        (folder / "model.json").write_text(json.dumps(self.record, indent=1))

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Return the model saved in the folder, memory-mapped. Raises OSError or ValueError."""
        record = json.loads((folder / "model.json").read_text())
        ranker = load_ranking_model(folder)
        if isinstance(ranker, Blend) != (record["ranker"] == "blend"):
            raise ValueError(f"{folder} has no ranking model")
        return cls(
            ItemFeatures.load(folder / "facts"),
            CollaborativeModel.load(folder / "long"),
            CollaborativeModel.load(folder / "recent"),
            ranker,
            record,
        )

    def bind(self, snapshot: Snapshot) -> "HybridRetriever":
        return HybridRetriever(Stage.of(snapshot, self.item_features, self.long, self.recent), self.ranker)


@dataclass(frozen=True)
class HybridRetriever:
    """Candidates of the stage, ordered by the ranking model."""

    stage: Stage
    ranker: RankingModel

    def with_prices(self, snapshot: Snapshot) -> Self:
        return replace(self, stage=replace(self.stage, snapshot=snapshot))

    def retrieve(self, histories: Histories, *, allowed: Mask, k: int) -> Candidates:
        """Return the best of about 250 candidates a user, computed in blocks of users."""
        if len(histories) <= _USERS_A_BLOCK:
            return self._retrieved(histories, allowed, k)
        parts = []
        for start in range(0, len(histories), _USERS_A_BLOCK):
            users = np.arange(start, min(start + _USERS_A_BLOCK, len(histories)))
            mask = Mask(allowed.everyone, allowed.own.take(users))
            parts.append(self._retrieved(histories.take(users), mask, k))
        return Candidates(
            np.concatenate([part.positions for part in parts]),
            np.concatenate([part.points for part in parts]),
        )

    def _retrieved(self, histories: Histories, allowed: Mask, k: int) -> Candidates:
        found = self.stage.candidates(histories, allowed)
        scores = Sums(found, self._scores(self.stage.table(histories, found)))
        return best_of(scores, scale=SCALE, allowed=allowed, k=k)

    def _scores(self, table: NDArray[np.float32]) -> NDArray[np.float32]:
        return self.ranker.scores(table).astype(np.float32) if len(table) else np.zeros(0, np.float32)

    def reasons(self, histories: Histories, candidates: Candidates) -> Reasons:
        """Return the contributions to each candidate's score by kind, then the rest as one reason."""
        shown = candidates.positions >= 0
        positions = Ragged(starts_of(shown.sum(axis=1)), candidates.positions[shown])
        if not len(positions.flat):
            return [[] for _ in range(len(positions))]
        table = self.stage.table(histories, positions)
        added = self.ranker.contributions(table) * SCALE
        return reasons_of(self.stage, histories, Picked(positions, candidates.points[shown], table, added))
