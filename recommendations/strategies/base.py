"""What a way of recommending must offer: a recipe, and what fitting makes of it."""

from typing import Any, Protocol, Self

from recommendations.engine.candidates import Candidates
from recommendations.engine.histories import Histories, Mask
from recommendations.engine.reasons import Reason
from recommendations.engine.snapshot import Snapshot

Reasons = list[list[tuple[Reason, ...]]]


class Retriever(Protocol):
    """Proposes products. Immutable, and good for any number of threads."""

    def retrieve(self, histories: Histories, *, allowed: Mask, k: int) -> Candidates:
        """Return each user's k best products among the allowed ones, best first; ties by position."""
        ...

    def reasons(self, histories: Histories, candidates: Candidates) -> Reasons:
        """Return, for each user, the reasons of each candidate in its place; they add up to its points."""
        ...


class Strategy(Protocol):
    """A recipe: frozen, made from its OPTIONS in settings."""

    @classmethod
    def from_options(cls, **options: Any) -> Self:
        """Return the recipe. Raises ValueError or TypeError naming a bad option."""
        ...

    def fit(self, snapshot: Snapshot) -> Retriever: ...
