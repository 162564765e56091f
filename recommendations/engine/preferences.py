"""Preferences of users for products: a log as a sparse user-item matrix."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from recommendations.engine.actions import DAY, EventTable
from recommendations.engine.codes import coded
from recommendations.engine.histories import Histories
from recommendations.engine.log import Log
from recommendations.engine.ragged import Ragged, starts_of


@dataclass(frozen=True, slots=True)
class Preferences:
    """How much each user likes each product that they interacted with.

    product_ids: shape (n_columns,), ascending: the product of each column
    matrix:      CSR, shape (n_users, n_columns), float32, above 0 and at most 1; rows carry no user id
    """

    product_ids: NDArray[np.int64]
    matrix: csr_array


def preferences(
    log: Log,
    table: EventTable,
    *,
    now: int,
    half_life_days: float | None = None,
    longest: int | None = None,
    fewest: int = 1,
) -> Preferences:
    """Return the preferences at `now`, from the log without dismissals.

    The preference of a pair is the sum of its decayed event weights, relative to the table's heaviest action
    and at most 1: somebody who buys a product ten times does not like it ten times as much (measured on a
    real shop).

    now:            seconds since 1970
    half_life_days: the half-life of every action; None for the table's half-lives
    longest:        only this many newest events of each user count; None for all
    fewest:         products with fewer events are left out
    """
    liked = log.liked
    products = coded(liked.product_ids)
    kept, columns = products.counts >= fewest, products.codes
    if not kept.all():
        usable = kept[columns]
        liked, columns = liked.take(usable), (np.cumsum(kept, dtype=np.int32) - np.int32(1))[columns[usable]]
    users = coded(liked.user_ids).codes
    weights = decayed_weights(table, liked.actions, liked.at, now, half_life_days).astype(np.float32)
    n_users, n_columns = int(users.max(initial=-1)) + 1, int(np.count_nonzero(kept))
    if longest is not None:
        recent = _newest(users, longest)
        users, columns, weights = users[recent], columns[recent], weights[recent]
    matrix = csr_array((weights, (users, columns)), (n_users, n_columns))
    matrix.sum_duplicates()
    np.minimum(matrix.data, 1, out=matrix.data)
    return Preferences(products.values[kept], matrix)


def decayed_weights(
    table: EventTable,
    actions: NDArray[np.uint8],
    at: NDArray[np.int64],
    now: int,
    half_life_days: float | None = None,
) -> NDArray[np.float64]:
    """Return decayed event weights at `now`, relative to the heaviest action, shape as given.

    half_life_days: the half-life of every action; None for the table's half-lives
    """
    if half_life_days is None:
        return table.weigh(actions, at, now) / max(float(table.weights.max()), np.finfo(np.float64).tiny)
    return table.units(actions) * np.exp2(-np.maximum(now - at, 0) / DAY / half_life_days)


def tastes(
    histories: Histories,
    table: EventTable,
    columns: NDArray[np.int32],
    *,
    now: int,
    longest: int,
    most: float = 1,
) -> tuple[Ragged, NDArray[np.float32]]:
    """Return the columns of each user's history, ascending, and their preference for each of them.

    Preferences are positive for liked products and negative for dismissed ones.

    columns: shape (n_products,), the column of each position, -1 for none
    longest: only this many newest events of each user count
    most:    upper bound of the absolute preference for one product
    """
    events = histories.events
    ages = np.arange(len(events.flat)) - np.repeat(events.starts[:-1], events.lengths)
    usable = (events.flat < len(columns)) & (ages < longest)
    rows, positions = events.rows()[usable], events.flat[usable]
    column = columns[positions]
    usable[usable] = known = column >= 0
    n = len(columns) + 1
    weights = decayed_weights(table, histories.actions[usable], histories.at[usable], now)
    keys, places = np.unique(rows[known] * n + column[known], return_inverse=True)
    liking = np.clip(np.bincount(places, weights, minlength=len(keys)), -most, most)
    row, flat = np.divmod(keys, n)
    return Ragged(starts_of(np.bincount(row, minlength=len(events))), flat), liking.astype(np.float32)


def _newest(users: NDArray[np.int32], longest: int) -> NDArray[np.bool_]:
    """Return a mask of the newest `longest` events of each user; the events are oldest first."""
    counts = np.bincount(users)
    if not len(users) or counts.max() <= longest:
        return np.ones(len(users), bool)
    order = np.argsort(users, kind="stable")
    left = np.empty(len(users), np.int64)
    left[order] = starts_of(counts)[1:][users[order]] - np.arange(len(users))
    return left <= longest
