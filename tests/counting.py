"""A small strategy that is trained ahead: it counts what was met, each product by its id."""

import errno
import json
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from recommendations.engine.histories import Candidates, Histories, Mask
from recommendations.engine.popularity import first_allowed
from recommendations.engine.reasons import Reason, ReasonKind
from recommendations.engine.snapshot import Snapshot
from recommendations.strategies.base import Basis, Reasons, Training


@dataclass(frozen=True, slots=True)
class Counting:
    """The estimator. rarest: whether what was met least comes first, which foresees badly."""

    rarest: bool
    fallback: ClassVar[str] = "trending"
    basis: ClassVar[Basis] = Basis.HISTORY

    @property
    def log_days(self) -> None:
        return None

    @classmethod
    def from_options(cls, *, rarest: bool = False) -> Self:
        return cls(rarest)

    def fit(self, training: Training) -> "CountingModel":
        product_ids, counts = training.log.counts()
        return CountingModel(product_ids, counts.max(initial=0) + 1 - counts if self.rarest else counts)

    def load(self, folder: Path) -> "CountingModel":
        arrays = np.load(folder / "counts.npy", mmap_mode="r")
        return CountingModel(*arrays)


@dataclass(frozen=True, slots=True)
class CountingModel:
    """product_ids, counts: shape (n_products,)"""

    product_ids: NDArray[np.int64]
    counts: NDArray[np.int64]

    def save(self, folder: Path) -> None:
        np.save(folder / "counts.npy", np.stack([self.product_ids, self.counts]))
        (folder / "record.json").write_text(json.dumps({"products": len(self.product_ids)}))

    def bind(self, snapshot: Snapshot) -> "CountingRetriever":
        points = np.zeros(len(snapshot) + 1, np.int64)
        positions = snapshot.locate(self.product_ids)
        points[positions[positions >= 0]] = 1000 * self.counts[positions >= 0]
        worthy = np.flatnonzero(points)
        return CountingRetriever(worthy[np.argsort(-points[worthy], kind="stable")], points)


@dataclass(frozen=True, slots=True)
class CountingRetriever:
    """order: positions, best first; points: shape (n_products + 1,), the last for position -1"""

    order: NDArray[np.int64]
    points: NDArray[np.int64]

    def retrieve(self, histories: Histories, *, allowed: Mask, k: int) -> Candidates:
        positions = first_allowed(self.order, allowed=allowed, k=k)
        return Candidates(positions, self.points[positions])

    def reasons(self, histories: Histories, candidates: Candidates) -> Reasons:
        return [
            [(Reason(ReasonKind.TRENDING, points // 1000, points),) for points in self.points[row].tolist()]
            for row in (positions[positions >= 0] for positions in candidates.positions)
        ]


@dataclass(frozen=True, slots=True)
class CountingOnAFullDisk(Counting):
    """Whose model writes a part of its files and no more."""

    def fit(self, training: Training) -> "HalfSaved":
        return HalfSaved(*training.log.counts())


@dataclass(frozen=True, slots=True)
class HalfSaved(CountingModel):
    def save(self, folder: Path) -> None:
        np.save(folder / "counts.npy", self.counts)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@dataclass(frozen=True, slots=True)
class CountingOnItsFingers(Counting):
    """Which cannot be fitted to more than ten events."""

    def fit(self, training: Training) -> CountingModel:
        if len(training.log) > 10:
            raise ValueError(f"there are no fingers for {len(training.log)} events")
        return Counting.fit(self, training)


@dataclass(frozen=True, slots=True)
class CountingNothing(Counting):
    """Whose model proposes nothing."""

    def fit(self, training: Training) -> CountingModel:
        return CountingModel(np.zeros(0, np.int64), np.zeros(0, np.int64))


@dataclass(frozen=True, slots=True)
class CountingSecond(Counting):
    """Which lets what was met most stand behind what was met most of all else."""

    def fit(self, training: Training) -> CountingModel:
        found = Counting.fit(self, training)
        counts = 2 * found.counts
        counts[counts.argmax()] = np.sort(counts)[-2] - 1
        return CountingModel(found.product_ids, counts)


@dataclass(frozen=True, slots=True)
class CountingUntilKilled(Counting):
    """Whose process the system kills."""

    def fit(self, training: Training) -> CountingModel:
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError


@dataclass(frozen=True, slots=True)
class CountingInterrupted:
    """Which has the training process told to end, and would take a day to notice."""

    signal: str
    fallback: ClassVar[str] = "popular"
    basis: ClassVar[Basis] = Basis.HISTORY

    @property
    def log_days(self) -> None:
        return None

    @classmethod
    def from_options(cls, *, signal: str) -> Self:
        return cls(signal)

    def fit(self, training: Training) -> CountingModel:
        os.kill(os.getppid(), signal.Signals[self.signal])
        time.sleep(86_400)
        raise AssertionError

    def load(self, folder: Path) -> CountingModel:
        raise AssertionError


@dataclass(frozen=True, slots=True)
class QuickInterrupted(CountingInterrupted):
    """The same, fitted wherever it answers."""

    @property
    def log_days(self) -> float:  # type: ignore[override]
        return 0


@dataclass(frozen=True, slots=True)
class Forgetful:
    """Which is trained ahead, and cannot open what it saved."""

    fallback: ClassVar[str] = "popular"
    basis: ClassVar[Basis] = Basis.HISTORY
    log_days: ClassVar[None] = None

    @classmethod
    def from_options(cls) -> Self:
        return cls()

    def fit(self, training: Training) -> CountingModel:
        raise AssertionError


@dataclass(frozen=True, slots=True)
class Unfit(Forgetful):
    """Which finds no room for what it would learn."""

    def fit(self, training: Training) -> CountingModel:
        raise MemoryError("no room")
