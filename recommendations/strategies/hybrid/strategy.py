"""The hybrid strategy: several ways of recommending propose, a ranker that learned from the past orders."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from recommendations.engine.best import best_of
from recommendations.engine.candidates import Candidates
from recommendations.engine.histories import Histories, Mask
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

# Thousandths of a point for a worth of 1.
SCALE = 10_000
_USERS_A_BLOCK = 250
_FEWEST_USERS, _FEWEST_MET = 100, 200
_FOREVER = 36_500


@dataclass(frozen=True, slots=True)
class Hybrid:
    """The recipe.

    windows:        on how many earlier months the ranker learns at most
    trees, depth:   of the ranker; threads: it learns with; more than are idle make it many times slower
    half_life_days: of the shorter memory of what is liked together; the longer one forgets nothing
    neighbours:     how many links a product keeps at most, in each memory
    largest_dense:  up to so many products what is liked together is worked out exactly
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
        self._memories()

    @classmethod
    def from_options(cls, **options: Any) -> Self:
        return cls(**options)

    def fit(self, training: Training) -> "HybridModel":
        ranker, record = self._ranker(training)  # what it was learned from is let go before more is learned
        return HybridModel(*self._learned(training), ranker, record)

    def _ranker(self, training: Training) -> tuple[RankingModel, dict[str, Any]]:
        """Return the ranker, and what is written down of it."""
        found = examples(training, self.windows, self._stage, seed=self.seed) if self.windows else None
        ranker: RankingModel = Blend()
        if found and len(found.sizes) >= _FEWEST_USERS and np.count_nonzero(found.met) >= _FEWEST_MET:
            ranker = learned(
                found, n_trees=self.trees, depth=self.depth, seed=self.seed, threads=self.threads
            )
        return ranker, {
            "ranker": "blend" if isinstance(ranker, Blend) else "trees",
            "learned_from_users": 0 if found is None else len(found.sizes),
            "learned_from_pairs": 0 if found is None else len(found.met),
        }

    def load(self, folder: Path) -> "HybridModel":
        return HybridModel.load(folder)

    def _stage(self, training: Training) -> Stage:
        return Stage.of(training.snapshot, *self._learned(training))

    def _learned(self, training: Training) -> tuple[ItemFeatures, CollaborativeModel, CollaborativeModel]:
        long, recent = self._memories()
        known = item_features(training.log, training.table, now=training.snapshot.now)
        return known, long.fit(training), recent.fit(training)

    def _memories(self) -> tuple[Collaborative, Collaborative]:
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
        """Return what was saved there, memory-mapped. Raises OSError or ValueError."""
        record = json.loads((folder / "model.json").read_text())
        ranker = load_ranking_model(folder)
        if isinstance(ranker, Blend) != (record["ranker"] == "blend"):
            raise ValueError(f"{folder} lacks its ranker")
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
    stage: Stage
    ranker: RankingModel

    def retrieve(self, histories: Histories, *, allowed: Mask, k: int) -> Candidates:
        """Return the best of some 250 candidates a user; a block of users at a time."""
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
        asked = self.stage.candidates(histories, allowed)
        return best_of(
            Sums(asked, self._worth(self.stage.table(histories, asked))), scale=SCALE, allowed=allowed, k=k
        )

    def _worth(self, table: NDArray[np.float32]) -> NDArray[np.float32]:
        return self.ranker.worth(table).astype(np.float32) if len(table) else np.zeros(0, np.float32)

    def reasons(self, histories: Histories, candidates: Candidates) -> Reasons:
        """What speaks for each pick, by kind, in the ranker's own points; what is left over as one more."""
        shown = candidates.positions >= 0
        asked = Ragged(starts_of(shown.sum(axis=1)), candidates.positions[shown])
        if not len(asked.flat):
            return [[] for _ in range(len(asked))]
        table = self.stage.table(histories, asked)
        parts = self.ranker.parts(table) * SCALE
        return reasons_of(self.stage, histories, Picked(asked, candidates.points[shown], table, parts))
