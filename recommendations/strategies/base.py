"""Interfaces of strategies, their fitted models and their retrievers."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, ClassVar, Protocol, Self, runtime_checkable

from recommendations.engine.actions import EventTable
from recommendations.engine.histories import Candidates, Histories, Mask
from recommendations.engine.log import Log
from recommendations.engine.reasons import Reason
from recommendations.engine.snapshot import Snapshot

Reasons = list[list[tuple[Reason, ...]]]


class Basis(StrEnum):
    """The data that a strategy's recommendations are based on. Explanations claim no more than this."""

    POPULARITY = "popularity"  # number of interactions of all users
    TREND = "trend"  # recent interactions of all users
    FAVOURITES = "favourites"  # the categories and tags that the user likes
    HISTORY = "history"  # the products in the user's history


@dataclass(frozen=True, slots=True)
class Training:
    """Training data of a strategy.

    snapshot: the catalogue at the time snapshot.now
    log:      the events before that time, as far back as the strategy needs
    table:    weights and half-lives of events
    """

    snapshot: Snapshot
    log: Log
    table: EventTable


class Retriever(Protocol):
    """Retrieves candidates. Immutable and thread-safe."""

    def retrieve(self, histories: Histories, *, allowed: Mask, k: int) -> Candidates:
        """Return each user's k best products among the allowed ones, best first; ties by position."""
        ...

    def reasons(self, histories: Histories, candidates: Candidates) -> Reasons:
        """Return, for each user, the reasons of each candidate, in order; they add up to its points."""
        ...


@runtime_checkable
class PricedRetriever(Retriever, Protocol):
    """A retriever that looks at prices or availability itself, not only at the products that are allowed."""

    def with_prices(self, snapshot: Snapshot) -> Self:
        """Return the retriever for a snapshot that differs in prices and availability only."""
        ...


def with_prices(retriever: Retriever, snapshot: Snapshot) -> Retriever:
    """Return the retriever for a snapshot that differs in prices and availability only."""
    return retriever.with_prices(snapshot) if isinstance(retriever, PricedRetriever) else retriever


class Model(Protocol):
    """A fitted strategy. Immutable plain arrays that refer to product ids and hold no user's data."""

    def bind(self, snapshot: Snapshot) -> Retriever:
        """Return a retriever for the positions of the snapshot, which may be newer than the model."""
        ...


class Strategy(Protocol):
    """A way of recommending: frozen options, made from OPTIONS in settings."""

    fallback: ClassVar[str]  # the strategy that completes short lists: "popular" or "trending"
    basis: ClassVar[Basis]

    @property
    def log_days(self) -> float | None:
        """Number of days of the log for `fit`; None for the whole log, in models that are trained ahead."""
        ...

    @classmethod
    def from_options(cls, *_: Any, **options: Any) -> Self:  # typed so that subclasses may name their options
        """Return the strategy. Raises ValueError or TypeError that names an invalid option."""
        ...

    def fit(self, training: Training) -> Model:
        """Return the model fitted to the training data."""
        ...


@runtime_checkable
class SavedModel(Model, Protocol):
    """A model that can be saved to files."""

    def save(self, folder: Path) -> None:
        """Write .npy and JSON files into the folder, which must exist and be empty. Raises OSError."""
        ...


@runtime_checkable
class Trainable(Strategy, Protocol):
    """A strategy whose models are trained ahead and saved to files."""

    def fit(self, training: Training) -> SavedModel:
        """Return the model fitted to the training data."""
        ...

    def load(self, folder: Path) -> SavedModel:
        """Return the model saved in the folder, memory-mapped. Raises OSError or ValueError."""
        ...
