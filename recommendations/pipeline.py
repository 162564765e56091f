"""The one way from histories to lists: mask, retrieve, diversify, fill, explain."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from recommendations.engine.candidates import Candidates
from recommendations.engine.diversity import diversified
from recommendations.engine.histories import Histories, Mask, seen
from recommendations.engine.ragged import Ragged, empty, starts_of
from recommendations.engine.reasons import Reason
from recommendations.engine.snapshot import Snapshot
from recommendations.strategies.base import Basis, Reasons, Retriever

# Whose rows they are, rising; what found them; what was found.
_Layer = tuple[NDArray[np.int64], Retriever, Candidates]
# How far down a list diversity looks for something different.
DEPTH = 400
# What fills up when all else is exhausted.
LAST = "popular"

Own = Callable[[Histories, int], Ragged]


def nobody(histories: Histories, n_products: int) -> Ragged:
    """Return the mask of placements that are the same for everybody: no product is anybody's own."""
    return empty(len(histories))


@dataclass(frozen=True, slots=True)
class Query:
    """What is wanted of a ranking.

    n:         how many products
    diversity: from 0, the best, to 1, the most different
    only:      shape (n_products,), bool, what may be shown besides being available; None for everything
    closed:    positions that nobody may be shown, in any order
    own:       which positions of a history its user must not see: `seen`, `dismissed` or `nobody`
    """

    n: int
    diversity: float = 0.0
    only: NDArray[np.bool_] | None = None
    closed: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    own: Own = seen

    def mask(self, histories: Histories, snapshot: Snapshot) -> Mask:
        """Return what these users may be shown."""
        everyone = snapshot.active
        if self.only is not None:
            everyone = everyone & self.only
        if len(self.closed):
            everyone = everyone.copy() if self.only is None else everyone
            everyone[self.closed] = False
        return Mask(everyone, self.own(histories, len(snapshot)))


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
    """One user's list.

    matched:   whether the strategy itself found any of it (the rest is filled up)
    filled_by: what the list begins with where it did not; "" where it did
    """

    picks: tuple[Pick, ...]
    matched: bool
    filled_by: str = ""


@dataclass(frozen=True)
class Pipeline:
    """A bound strategy, what fills up its short lists, and the snapshot that all speak of.

    fillers:  asked one after another while lists are short; the last one offers whatever may be shown
    fallback: the first filler's name
    basis:    what the strategy looks at; None where it looks at nothing, for want of a model
    """

    snapshot: Snapshot
    retriever: Retriever
    fillers: tuple[Retriever, ...]
    fallback: str = "popular"
    basis: Basis | None = None

    def rank(self, histories: Histories, query: Query) -> list[Ranking]:
        """Return each user's best products, fewer only where no more may be shown to them.

        What fills up a list has 0 points, since it says nothing of the user.
        """
        allowed = query.mask(histories, self.snapshot)
        everybody = np.arange(len(histories))
        found = self._found(self.retriever, histories, allowed, query)
        lengths = found.lengths
        matched = lengths > 0
        # An empty list counts as that of the last one who was asked.
        filled_by = np.where(matched, "", LAST if self.fillers else "").astype(object)
        layers: list[_Layer] = [(everybody, self.retriever, found)]
        for place, filler in enumerate(self.fillers):
            short = np.flatnonzero(lengths < query.n)
            if not len(short):
                break
            rest, held = _ForNothing(filler), _held(layers, short)
            more = self._found(rest, histories.take(short), _without(allowed, short, held), query, held)
            layers.append((short, rest, more))
            if not place:
                filled_by[short[(lengths[short] == 0) & (more.lengths > 0)]] = self.fallback
            lengths[short] += more.lengths
        rows = self._picks(histories, layers, query.n)
        return [
            Ranking(tuple(picks), own, name)
            for picks, own, name in zip(rows, matched.tolist(), filled_by.tolist(), strict=True)
        ]

    def _found(
        self,
        retriever: Retriever,
        histories: Histories,
        allowed: Mask,
        query: Query,
        held: Ragged | None = None,
    ) -> Candidates:
        """Return what the retriever offers, made diverse where asked; held: what each list has already"""
        if not query.diversity:
            return retriever.retrieve(histories, allowed=allowed, k=query.n)
        pool = retriever.retrieve(histories, allowed=allowed, k=max(DEPTH, query.n))
        return diversified(pool, self.snapshot.features, diversity=query.diversity, k=query.n, held=held)

    def _picks(self, histories: Histories, layers: list[_Layer], n: int) -> list[list[Pick]]:
        """Return each user's n picks at most, from one layer after another."""
        rows: list[list[Pick]] = [[] for _ in range(len(histories))]
        for users, retriever, found in layers:
            theirs = histories if len(users) == len(histories) else histories.take(users)
            ids = self.snapshot.product_ids[found.positions] if len(self.snapshot) else found.positions
            # A padded place becomes some product's id here; it has no reasons, so no pick is made of it.
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


def _held(layers: list[_Layer], users: NDArray[np.int64]) -> Ragged:
    """Return what was found for these users already, one row a user."""
    rows, flat = [], []
    for whose, _, found in layers:
        # Every layer is for some of the users of the one before.
        theirs = found.positions[np.searchsorted(whose, users)]
        taken = theirs >= 0
        rows.append(np.nonzero(taken)[0])
        flat.append(theirs[taken])
    return _by_row(np.concatenate(rows), np.concatenate(flat), len(users))


def _without(allowed: Mask, users: NDArray[np.int64], held: Ragged) -> Mask:
    """Return the mask of these users alone, in which what their lists hold already is forbidden too."""
    own = allowed.own.take(users)
    rows = np.concatenate([own.rows(), held.rows()])
    return Mask(allowed.everyone, _by_row(rows, np.concatenate([own.flat, held.flat]), len(users)))


def _by_row(rows: NDArray[np.int64], flat: NDArray[np.int64], n_rows: int) -> Ragged:
    starts = starts_of(np.bincount(rows, minlength=n_rows))
    return Ragged(starts, flat[np.argsort(rows, kind="stable")])


@dataclass(frozen=True, slots=True)
class _ForNothing:
    """A retriever whose candidates are worth 0 points, and so are its reasons."""

    inner: Retriever

    def retrieve(self, histories: Histories, *, allowed: Mask, k: int) -> Candidates:
        found = self.inner.retrieve(histories, allowed=allowed, k=k)
        return Candidates(found.positions, np.zeros_like(found.points))

    def reasons(self, histories: Histories, candidates: Candidates) -> Reasons:
        return [
            [tuple(replace(reason, points=0) for reason in why) for why in row]
            for row in self.inner.reasons(histories, candidates)
        ]
