"""The catalogue in memory, as it was at one position in the change feed."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from threading import Lock

from catalog.changes import FeedPosition
from recommendations.selectors.products import Details
from recommendations.serving.pipelines import PipelineCache

# Products whose fields a process keeps; about 1 KB each.
MOST_PRODUCTS = 50_000


class DetailsCache:
    """Keeps the details of products until they change. Thread-safe.

    read: reads those of the products that exist, by id
    most: how many products to keep; the ones that were read first are dropped first
    """

    def __init__(
        self, read: Callable[[Iterable[int]], Mapping[int, Details]], most: int = MOST_PRODUCTS
    ) -> None:
        self._read = read
        self._most = most
        self._details: dict[int, Details | None] = {}
        self._n_drops = 0
        self._lock = Lock()

    def __call__(self, ids: Iterable[int]) -> dict[int, Details]:
        """Return the details of the products that exist, by id. 1 query; none if all are in memory."""
        return {key: product for key, product in self.with_missing(ids).items() if product is not None}

    def with_missing(self, ids: Iterable[int]) -> dict[int, Details | None]:
        """Return the same, with None for products that do not exist."""
        kept = self._details
        found, missing = {}, []
        for key in ids:
            try:
                found[key] = kept[key]
            except KeyError:
                missing.append(key)
        if missing:
            n_drops = self._n_drops
            read = self._read(missing)
            new = {key: read.get(key) for key in missing}
            found.update(new)
            with self._lock:
                # What changed while it was being read may have been read as it was before.
                if self._n_drops == n_drops:
                    self._keep(new)
        return found

    def read(self, ids: Iterable[int]) -> Mapping[int, Details]:
        """Return the details of the products that exist, by id, from the database. 1 query."""
        return self._read(ids)

    def replace(self, details: Mapping[int, Details]) -> None:
        """Drop everything and keep these details."""
        with self._lock:
            self._n_drops += 1
            self._details = dict(details)

    def drop(self, ids: Collection[int] | None) -> None:
        """Drop these products, which have changed; None for all."""
        with self._lock:
            self._n_drops += 1
            if ids is None:
                self._details = {}
            else:
                for key in ids:
                    self._details.pop(key, None)

    def _keep(self, new: dict[int, Details | None]) -> None:
        self._details.update(new)
        for key in list(self._details)[: max(0, len(self._details) - self._most)]:
            del self._details[key]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The catalogue as it was at a position in the change feed.

    number:  how many changes this process had applied
    details: the fields of products as answers show them
    applied: ids of the rows at the position that a reading may find once more: those of this transaction
    renewed_at: when popularity was read, seconds since 1970
    """

    pipelines: PipelineCache
    position: FeedPosition
    number: int
    details: DetailsCache
    applied: frozenset[int]
    renewed_at: float
