"""The one way from histories to lists: mask, retrieve, fill, explain."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommendations.engine.candidates import Candidates
from recommendations.engine.histories import Histories, Mask, seen
from recommendations.engine.ragged import Ragged, starts_of
from recommendations.engine.reasons import Reason
from recommendations.engine.snapshot import Snapshot
from recommendations.strategies.base import Retriever


@dataclass(frozen=True, slots=True)
class Pick:
    """One recommended product. score: integer thousandths, the sum of the reasons' points."""

    product_id: int
    score: int
    reasons: tuple[Reason, ...]

    def __post_init__(self) -> None:
        if self.score != sum(reason.points for reason in self.reasons):
            raise ValueError(f"the reasons of product {self.product_id} do not add up to {self.score}")


@dataclass(frozen=True, slots=True)
class Ranking:
    """One user's list. matched: whether the strategy itself found any of it (the rest is filled up)."""

    picks: tuple[Pick, ...]
    matched: bool

    def filled_up(self, more: list[Pick], n: int) -> "Ranking":
        """Return n picks at most: these, then the others."""
        return Ranking((*self.picks, *more)[:n], self.matched)


@dataclass(frozen=True)
class Pipeline:
    """A fitted strategy, what fills up its short lists, and the snapshot that both speak of."""

    snapshot: Snapshot
    retriever: Retriever
    filler: Retriever

    def rank(self, histories: Histories, *, n: int, closed: NDArray[np.int64]) -> list[Ranking]:
        """Return each user's n best products, fewer only where no more may be shown to them.

        Nobody is shown what is inactive or what they have an event on.
        closed: positions that nobody may be shown besides, in any order
        """
        everyone = self.snapshot.active
        if len(closed):
            everyone = everyone.copy()
            everyone[closed] = False
        allowed = Mask(everyone, seen(histories, len(self.snapshot)))
        found = self.retriever.retrieve(histories, allowed=allowed, k=n)
        rankings = [
            Ranking(tuple(picks), bool(picks)) for picks in self._picks(self.retriever, histories, found)
        ]
        short = np.flatnonzero(found.lengths < n)
        if len(short):
            rest = _without(allowed, found, short)
            theirs = Histories(histories.events.take(short), histories.features)
            filling = self._picks(self.filler, theirs, self.filler.retrieve(theirs, allowed=rest, k=n))
            for user, more in zip(short.tolist(), filling, strict=True):
                rankings[user] = rankings[user].filled_up(more, n)
        return rankings

    def _picks(self, retriever: Retriever, histories: Histories, found: Candidates) -> list[list[Pick]]:
        # A padded place becomes some product's id here; it has no reasons, so no pick is made of it.
        ids = self.snapshot.product_ids[found.positions] if len(self.snapshot) else found.positions
        return [
            [Pick(*pick) for pick in zip(row_ids, row_points, row_reasons, strict=False)]
            for row_ids, row_points, row_reasons in zip(
                ids.tolist(), found.points.tolist(), retriever.reasons(histories, found), strict=True
            )
        ]


def _without(allowed: Mask, found: Candidates, users: NDArray[np.int64]) -> Mask:
    """Return the mask of these users alone, in which what was found for them is forbidden too."""
    own = [
        np.concatenate([allowed.own[user], found.positions[user][found.positions[user] >= 0]])
        for user in users.tolist()
    ]
    return Mask(allowed.everyone, Ragged(starts_of(np.array([len(row) for row in own])), np.concatenate(own)))
