"""The popular strategy: products with the most interactions, for new users and as a fallback."""

from dataclasses import dataclass
from typing import ClassVar, Self

from recommendations.engine.histories import Candidates, Histories, Mask
from recommendations.engine.popularity import most_popular
from recommendations.engine.reasons import Reason, ReasonKind
from recommendations.engine.snapshot import Snapshot
from recommendations.strategies.base import Basis, Reasons, Training


@dataclass(frozen=True, slots=True)
class Popular:
    """Orders products by number of interactions, then by id, with 0 points. Needs no training."""

    fallback: ClassVar[str] = "popular"
    basis: ClassVar[Basis] = Basis.POPULARITY

    @property
    def log_days(self) -> float:
        return 0

    @classmethod
    def from_options(cls) -> Self:
        return cls()

    def fit(self, training: Training) -> Self:
        return self

    def bind(self, snapshot: Snapshot) -> "PopularRetriever":
        return PopularRetriever(snapshot)


@dataclass(frozen=True, slots=True)
class PopularRetriever:
    snapshot: Snapshot

    def retrieve(self, histories: Histories, *, allowed: Mask, k: int) -> Candidates:
        return most_popular(allowed=allowed, k=k)

    def reasons(self, histories: Histories, candidates: Candidates) -> Reasons:
        """Return one reason a product: its number of interactions, with 0 points."""
        return [
            [
                (Reason(ReasonKind.POPULAR, n, 0),)
                for n in self.snapshot.popularity[positions[positions >= 0]].tolist()
            ]
            for positions in candidates.positions
        ]
