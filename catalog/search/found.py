"""The ids of the products that a search finds, for a paginator.

They are kept while the process runs and corrected by the change feed. So the number of all matches is exact
on every page, and a broad search reads its matches once.
"""

from collections import OrderedDict
from collections.abc import Collection, Hashable
from dataclasses import dataclass
from threading import Lock
from typing import TypeAlias

import numpy as np
from django.db.models import TextField
from django.db.models.functions import Cast
from django.utils.functional import cached_property
from numpy.typing import NDArray

from catalog.changes import FeedPosition, read_changes
from catalog.models.product import ProductQuerySet
from catalog.search.matching import containing_phrase, is_complete
from core.db.json_sql import JoinedText

MAX_BYTES = 16 << 20  # of ids that a process keeps
FEW = 1_000  # ids that may be parameters of a query
Ids: TypeAlias = NDArray[np.int64]


class FoundProducts:
    """The ids of the rows whose name or description contains the phrase, in the order of the rows.

    1 query if the ids are kept and nothing has changed, otherwise up to 6; and 1 for each page that is not in
    the order of the ids.
    """

    def __init__(self, rows: ProductQuerySet, phrase: str) -> None:
        self._rows = rows
        self._phrase = phrase

    def count(self) -> int:
        """Return the number of products found."""
        return len(self._ids)

    def __getitem__(self, place: slice) -> list[int]:
        """Return the ids of the products in these places."""
        order = self._rows.query.order_by[0]
        if order in ("id", "-id"):
            return list(self._ids[:: -1 if order == "-id" else 1][place].tolist())
        if len(self._ids) <= FEW:
            rows = self._rows.filter(pk__in=self._ids.tolist())
        else:
            rows = self._rows.filter(containing_phrase(self._phrase))
        return list(rows.values_list("pk", flat=True)[place])

    @cached_property
    def _ids(self) -> Ids:
        rows = self._rows.order_by()
        key = (self._phrase, *rows.values("pk").query.sql_with_params())
        kept = _kept.get(key)
        changes = read_changes(kept.position if kept else None)
        if kept is not None and changes.product_ids is not None and not changes.product_ids:
            return kept.ids
        if kept is None or changes.product_ids is None:
            ids = self._read(rows, within=None)
        else:
            ids = _without(kept.ids, sorted(changes.product_ids))
            changed = self._read(rows, within=changes.product_ids)
            ids = np.insert(ids, np.searchsorted(ids, changed), changed)
        if is_complete():
            _kept.put(key, _Found(changes.position, ids))
        return ids

    def _read(self, rows: ProductQuerySet, *, within: Collection[int] | None) -> Ids:
        """Return the ids that match, ascending. within: the products to look at, or None for all"""
        matching = rows.filter(containing_phrase(self._phrase, within=within))
        if within is not None:
            matching = matching.filter(pk__in=within)
        # One text, since a row for each of a million ids takes five times as long.
        joined = matching.annotate(found=JoinedText(Cast("pk", TextField()))).values_list("found", flat=True)
        text = next(iter(joined), None) or ""
        return np.sort(np.fromstring(text, np.int64, sep=",")) if text else np.zeros(0, np.int64)


def forget() -> None:
    """Drop the ids that this process keeps."""
    _kept.clear()


@dataclass(frozen=True, slots=True)
class _Found:
    """The sorted ids of a search. position: in the change feed, just before they were read"""

    position: FeedPosition
    ids: Ids


class _Kept:
    """The searches used last, as many as fit into MAX_BYTES."""

    def __init__(self) -> None:
        self._searches: OrderedDict[Hashable, _Found] = OrderedDict()
        self._n_bytes = 0
        self._lock = Lock()

    def get(self, key: Hashable) -> _Found | None:
        with self._lock:
            if found := self._searches.get(key):
                self._searches.move_to_end(key)
            return found

    def put(self, key: Hashable, found: _Found) -> None:
        with self._lock:
            self._remove(key)
            self._searches[key] = found
            self._n_bytes += _size(found)
            while self._n_bytes > MAX_BYTES:
                self._remove(next(iter(self._searches)))

    def clear(self) -> None:
        with self._lock:
            self._searches.clear()
            self._n_bytes = 0

    def _remove(self, key: Hashable) -> None:
        if former := self._searches.pop(key, None):
            self._n_bytes -= _size(former)


def _size(found: _Found) -> int:
    return found.ids.nbytes + 2_000  # the key, and what holds it


def _without(ids: Ids, gone: list[int]) -> Ids:
    """Return the sorted ids without those in `gone`, which is sorted."""
    places = np.searchsorted(ids, gone)
    beyond = np.searchsorted(ids, gone, side="right")
    return np.delete(ids, places[places < beyond])


_kept = _Kept()
