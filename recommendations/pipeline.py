"""Ranks products for a batch of histories: mask, retrieve, diversify, fill up, explain.

A list holds at most one product of each group: the best one.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from recommendations.engine.diversity import diversified
from recommendations.engine.histories import Candidates, Histories, Mask, seen
from recommendations.engine.ragged import Ragged, empty, starts_of
from recommendations.engine.reasons import Reason
from recommendations.engine.snapshot import Snapshot
from recommendations.engine.variants import best_of_groups
from recommendations.strategies.base import Basis, Reasons, Retriever

# Candidates of one retriever: the rows of their users, ascending; the retriever; what it found for each.
_Layer = tuple[NDArray[np.int64], Retriever, Candidates]
# How many candidates diversity chooses from.
DIVERSITY_DEPTH = 400
# The last filler.
LAST_FILLER = "popular"

# Returns the positions that each user must not see, one row a user: `seen`, `dismissed` or `nothing`.
HiddenPositions = Callable[[Histories, int], Ragged]


def nothing(histories: Histories, n_products: int) -> Ragged:
    """Return empty rows: no product is hidden from any user."""
    return empty(len(histories))


@dataclass(frozen=True, slots=True)
class Query:
    """What a ranking should contain.

    n:         how many products
    diversity: from 0, the best products, to 1, the most different ones
    allowed:   shape (n_products,), bool, which products the filters allow; None for all
    excluded:  positions excluded for every user, in any order
    hidden:    returns the positions that each user must not see
    """

    n: int
    diversity: float = 0.0
    allowed: NDArray[np.bool_] | None = None
    excluded: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    hidden: HiddenPositions = seen

    def mask(self, histories: Histories, snapshot: Snapshot) -> Mask:
        """Return the products that may be shown to these users."""
        everyone = snapshot.active
        if self.allowed is not None:
            everyone = everyone & self.allowed
        if len(self.excluded):
            everyone = everyone.copy() if self.allowed is None else everyone
            everyone[self.excluded] = False
        return Mask(everyone, self.hidden(histories, len(everyone)))


@dataclass(frozen=True, slots=True)
class Pick:
    """One recommended product. score: integer thousandths, the sum of the reasons' points"""

    product_id: int
    score: int
    reasons: tuple[Reason, ...]

    def __post_init__(self) -> None:
        if self.score != sum(reason.points for reason in self.reasons):
            raise ValueError(f"the reasons of product {self.product_id} do not add up to {self.score}")


@dataclass(frozen=True, slots=True)
class Ranking:
    """One user's list.

    matched:   whether the strategy itself found any of the picks; fillers found the others
    filled_by: the filler that the list begins with if the strategy found nothing, else ""
    """

    picks: tuple[Pick, ...]
    matched: bool
    filled_by: str = ""


@dataclass(frozen=True)
class Pipeline:
    """A retriever, the fillers for its short lists, and the snapshot that all of them are bound to.

    fillers:  used in this order while lists are short; the last one offers every product that may be shown
    fallback: the first filler's name
    basis:    what the strategy looks at; None if it has no model, so it looks at nothing
    """

    snapshot: Snapshot
    retriever: Retriever
    fillers: tuple[Retriever, ...]
    fallback: str = "popular"
    basis: Basis | None = None

    def rank(self, histories: Histories, query: Query) -> list[Ranking]:
        """Return each user's best products of different groups, fewer only if no more may be shown to them.

        Products from fillers have 0 points, since they do not depend on the user.
        """
        allowed = query.mask(histories, self.snapshot)
        all_users = np.arange(len(histories))
        found = self._retrieve(self.retriever, histories, allowed, query)
        lengths = found.lengths
        matched = lengths > 0
        # An empty list counts as filled by the last filler.
        filled_by = np.where(matched, "", LAST_FILLER if self.fillers else "").astype(object)
        layers: list[_Layer] = [(all_users, self.retriever, found)]
        for index, filler in enumerate(self.fillers):
            short = np.flatnonzero(lengths < query.n)
            if not len(short):
                break
            unscored, picked = _ZeroPoints(filler), _picked(layers, short)
            more = self._retrieve(
                unscored, histories.take(short), _excluding(allowed, short, picked), query, picked
            )
            layers.append((short, unscored, more))
            if index == 0:
                filled_by[short[(lengths[short] == 0) & (more.lengths > 0)]] = self.fallback
            lengths[short] += more.lengths
        rows = self._picks(histories, len(all_users), layers, query.n)
        return [
            Ranking(tuple(picks), is_match, name)
            for picks, is_match, name in zip(rows, matched.tolist(), filled_by.tolist(), strict=True)
        ]

    def _retrieve(
        self,
        retriever: Retriever,
        histories: Histories,
        allowed: Mask,
        query: Query,
        picked: Ragged | None = None,
    ) -> Candidates:
        """Return the retriever's candidates, diversified if the query says so.

        picked: one row a user, positions that each list holds already; None for none
        """
        if not query.diversity:
            return self._best(retriever, histories, allowed, query.n, picked)
        pool = self._best(retriever, histories, allowed, max(DIVERSITY_DEPTH, query.n), picked)
        return diversified(pool, self.snapshot.features, diversity=query.diversity, k=query.n, held=picked)

    def _best(
        self, retriever: Retriever, histories: Histories, allowed: Mask, k: int, picked: Ragged | None
    ) -> Candidates:
        """Return the retriever's best candidates, of different groups, none of which is held already."""
        groups = self.snapshot.groups
        if groups is None:
            return retriever.retrieve(histories, allowed=allowed, k=k)

        def retrieve(users: NDArray[np.int64], depth: int) -> Candidates:
            if len(users) == len(histories):
                return retriever.retrieve(histories, allowed=allowed, k=depth)
            mask = Mask(allowed.everyone, allowed.own.take(users))
            return retriever.retrieve(histories.take(users), allowed=mask, k=depth)

        return best_of_groups(retrieve, groups.codes, n_users=len(histories), k=k, held=picked)

    def _picks(self, histories: Histories, n_users: int, layers: list[_Layer], n: int) -> list[list[Pick]]:
        """Return at most n picks for each user, from one layer after another."""
        rows: list[list[Pick]] = [[] for _ in range(n_users)]
        product_ids = self.snapshot.product_ids
        for users, retriever, found in layers:
            theirs = histories if len(users) == n_users else histories.take(users)
            ids = product_ids[found.positions] if len(product_ids) else found.positions
            # A padded place gets the id of some product here; it has no reasons, so it yields no pick.
            for user, *row in zip(
                users.tolist(),
                ids.tolist(),
                found.points.tolist(),
                retriever.reasons(theirs, found),
                strict=True,
            ):
                missing = n - len(rows[user])
                rows[user] += [Pick(*pick) for pick in islice(zip(*row, strict=False), missing)]
        return rows


def _picked(layers: list[_Layer], users: NDArray[np.int64]) -> Ragged:
    """Return the positions found for these users so far, one row a user."""
    rows, flat = [], []
    for layer_users, _, found in layers:
        # The users of each layer are among those of the layer before.
        positions = found.positions[np.searchsorted(layer_users, users)]
        is_found = positions >= 0
        rows.append(np.nonzero(is_found)[0])
        flat.append(positions[is_found])
    return _by_row(np.concatenate(rows), np.concatenate(flat), len(users))


def _excluding(allowed: Mask, users: NDArray[np.int64], picked: Ragged) -> Mask:
    """Return the mask of these users, which also excludes the products already in their lists."""
    own = allowed.own.take(users)
    rows = np.concatenate([own.rows(), picked.rows()])
    return Mask(allowed.everyone, _by_row(rows, np.concatenate([own.flat, picked.flat]), len(users)))


def _by_row(rows: NDArray[np.int64], flat: NDArray[np.int64], n_rows: int) -> Ragged:
    starts = starts_of(np.bincount(rows, minlength=n_rows))
    return Ragged(starts, flat[np.argsort(rows, kind="stable")])


@dataclass(frozen=True, slots=True)
class _ZeroPoints:
    """A retriever whose candidates and their reasons have 0 points."""

    inner: Retriever

    def retrieve(self, histories: Histories, *, allowed: Mask, k: int) -> Candidates:
        found = self.inner.retrieve(histories, allowed=allowed, k=k)
        return Candidates(found.positions, np.zeros_like(found.points))

    def reasons(self, histories: Histories, candidates: Candidates) -> Reasons:
        return [
            [tuple(replace(reason, points=0) for reason in why) for why in row]
            for row in self.inner.reasons(histories, candidates)
        ]
