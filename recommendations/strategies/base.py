"""What a way of recommending must offer: a recipe, what fitting makes of it, and what proposes products."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, ClassVar, Protocol, Self, runtime_checkable

from recommendations.engine.actions import EventTable
from recommendations.engine.candidates import Candidates
from recommendations.engine.histories import Histories, Mask
from recommendations.engine.log import Log
from recommendations.engine.reasons import Reason
from recommendations.engine.snapshot import Snapshot

Reasons = list[list[tuple[Reason, ...]]]


class Basis(StrEnum):
    """What a strategy looks at to find products. What is said of a list claims no more than that."""

    POPULARITY = "popularity"  # how often everybody met a product
    TREND = "trend"  # how often everybody met it lately
    FAVOURITES = "favourites"  # the categories and tags that the user likes
    HISTORY = "history"  # the products that the user met


@dataclass(frozen=True, slots=True)
class Training:
    """What a strategy is fitted to.

    snapshot: the catalogue as it is at the moment that it calls now
    log:      what happened before, as far back as the strategy looks
    table:    what events are worth
    """

    snapshot: Snapshot
    log: Log
    table: EventTable


class Retriever(Protocol):
    """Proposes products. Immutable, and good for any number of threads."""

    def retrieve(self, histories: Histories, *, allowed: Mask, k: int) -> Candidates:
        """Return each user's k best products among the allowed ones, best first; ties by position."""
        ...

    def reasons(self, histories: Histories, candidates: Candidates) -> Reasons:
        """Return, for each user, the reasons of each candidate in its place; they add up to its points."""
        ...


class Model(Protocol):
    """What was learned. Immutable, of plain arrays, without a row for any user; it speaks of product ids."""

    def bind(self, snapshot: Snapshot) -> Retriever:
        """Return the retriever over the snapshot's positions, which may be of another day."""
        ...


class Strategy(Protocol):
    """A recipe: frozen, made from its OPTIONS in settings."""

    fallback: ClassVar[str]  # the strategy that fills up its short lists: "popular" or "trending"
    basis: ClassVar[Basis]

    @property
    def log_days(self) -> float | None:
        """How many days of the log it is fitted to; None for all of it, and then it is trained ahead."""
        ...

    @classmethod
    def from_options(cls, *_: Any, **options: Any) -> Self:  # so typed, any named options will do
        """Return the recipe. Raises ValueError or TypeError naming a bad option."""
        ...

    def fit(self, training: Training) -> Model: ...


@runtime_checkable
class SavedModel(Model, Protocol):
    """A model that outlives its process."""

    def save(self, folder: Path) -> None:
        """Write .npy and JSON files into the folder, which exists and is empty. Raises OSError."""
        ...


@runtime_checkable
class Trainable(Strategy, Protocol):
    """A recipe whose models are fitted ahead and kept in files."""

    def fit(self, training: Training) -> SavedModel: ...

    def load(self, folder: Path) -> SavedModel:
        """Return the model that was saved there, its arrays memory-mapped. Raises OSError or ValueError."""
        ...
