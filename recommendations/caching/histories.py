"""Cache of long event histories, in this process and in Redis."""

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from observe import metrics
from recommendations.caching.local import LRUCache
from recommendations.engine.ragged import Ragged
from recommendations.selectors.histories import NEWEST, Events

# From this number of events on, reading them takes longer than checking whether they have changed.
MIN_CACHED_EVENTS = 64
_TTL_SECONDS = 86_400.0  # of a history in the shared cache
_OVERHEAD_BYTES = 600  # of an entry besides its arrays
_SHORT_BYTES = 120  # of an entry without events


class BytesCache(Protocol):
    """The methods of Django's cache that are used here."""

    def get(self, key: str) -> Any: ...
    def set(self, key: str, value: bytes, timeout: float) -> None: ...
    def set_many(self, data: Mapping[str, bytes], timeout: float) -> list[str]: ...


def cache_key(user_id: int) -> str:
    """Return the key of the user's history in the shared cache."""
    return f"history:{user_id}"


# The events of one user, None for a history too short to cache; and their version, as in `Shopper`.
_Entry = tuple[Events | None, int]


class HistoryCache:
    """Returns the cached events of one user while none has changed, and reads only new ones if it can.

    Batches are always read.

    read:      reads the events of users
    newest:    reads the newest events of a user, and the history version at that moment
    shared:    the cache shared with other processes, None for none
    max_bytes: of all histories in this process; the least recently used are dropped first
    """

    def __init__(
        self,
        read: Callable[[NDArray[np.int64]], Events],
        newest: Callable[[int], tuple[Events, int]],
        *,
        shared: BytesCache | None,
        max_bytes: int,
    ) -> None:
        self._read, self._newest = read, newest
        self._shared = shared
        self._entries: LRUCache[int, _Entry] = LRUCache(max_bytes)

    def __call__(self, user_ids: NDArray[np.int64], versions: Sequence[int]) -> Events:
        """Return the events of the users. 1 query, rarely 2; none for a cached history.

        user_ids: sorted; versions: their history versions, which were read before
        """
        if len(user_ids) != 1:
            found = self._read(user_ids)
            self._share(user_ids, versions, found)
            return found
        user_id, version = int(user_ids[0]), versions[0]
        entry = self._entry(user_id)
        events, cached_version = entry or (None, None)
        if events is not None:
            if cached_version == version:
                metrics.recorder.cache("profiles", metrics.HIT)
                return events
            metrics.recorder.cache("profiles", metrics.STALE)
            if cached_version is not None and 0 < version - cached_version < NEWEST:
                newest, newest_version = self._newest(user_id)
                if (renewed := with_newest(events, newest, newest_version - cached_version)) is not None:
                    self._keep(user_id, newest_version, renewed)
                    return renewed
        found = self._read(user_ids)
        is_long = len(found.at) >= MIN_CACHED_EVENTS
        if is_long and events is None:
            metrics.recorder.cache("profiles", metrics.MISS)
        if is_long or entry is None or events is not None:
            self._keep(user_id, version, found if is_long else None)
        if is_long and self._shared is not None:
            self._shared.set(cache_key(user_id), to_bytes(found, version), _TTL_SECONDS)
        return found

    def user_ids(self) -> set[int]:
        """Return the users with an entry in this process."""
        return {user_id for user_id, _ in self._entries.items()}

    def forget(self, user_ids: Container[int]) -> None:
        """Drop the entries of these users in this process."""
        for user_id, entry in self._entries.items():
            if user_id in user_ids:
                self._entries.drop(user_id, entry)

    def _entry(self, user_id: int) -> _Entry | None:
        entry = self._entries.get(user_id)
        if entry is None and self._shared is not None:
            entry = from_bytes(self._shared.get(cache_key(user_id)))
            if entry is not None:
                self._keep(user_id, entry[1], entry[0])
        return entry

    def _share(self, user_ids: NDArray[np.int64], versions: Sequence[int], found: Events) -> None:
        """Store the long histories of a batch in the shared cache."""
        if self._shared is None:
            return
        long = np.flatnonzero(found.product_ids.lengths >= MIN_CACHED_EVENTS).tolist()
        values = {
            cache_key(int(user_ids[user])): to_bytes(_one(found, user), versions[user]) for user in long
        }
        if values:
            self._shared.set_many(values, _TTL_SECONDS)

    def _keep(self, user_id: int, version: int, events: Events | None) -> None:
        n_bytes = _SHORT_BYTES if events is None else _OVERHEAD_BYTES + 17 * len(events.at)
        self._entries.put(user_id, (events, version), n_bytes)


def with_newest(cached: Events, newest: Events, n_added: int) -> Events | None:
    """Return a user's events after some were added; None if that cannot be told from the newest ones.

    newest:  the newest `NEWEST` events of now, in the order of `cached`
    n_added: how many were added since; larger if others were changed or deleted
    """
    if not 0 < n_added < len(newest.at):
        return None
    before = _tuples(cached, len(newest.at))
    expected = next(before, None)
    n_known = 0
    for event in _tuples(newest, len(newest.at)):
        if event == expected:
            n_known += 1
            expected = next(before, None)
    # Otherwise one of those added is older than the newest ones.
    if len(newest.at) - n_known != n_added:
        return None
    products = np.concatenate((newest.product_ids.flat, cached.product_ids.flat[n_known:]))
    return Events(
        Ragged(np.array([0, len(products)], np.int64), products),
        np.concatenate((newest.actions, cached.actions[n_known:])),
        np.concatenate((newest.at, cached.at[n_known:])),
    )


def _tuples(events: Events, n: int) -> Iterator[tuple[int, int, int]]:
    return zip(
        events.product_ids.flat[:n].tolist(), events.actions[:n].tolist(), events.at[:n].tolist(), strict=True
    )


def to_bytes(events: Events, version: int) -> bytes:
    """Return the events of one user as bytes, with the version of the history."""
    parts = (np.array([version], np.int64), events.product_ids.flat, events.at)
    return b"".join([*[part.astype("<i8").tobytes() for part in parts], events.actions.tobytes()])


def from_bytes(value: Any) -> tuple[Events, int] | None:
    """Return the events and the version that `to_bytes` serialized; None for anything else."""
    if not isinstance(value, bytes) or (len(value) - 8) % 17 or len(value) < 8:
        return None
    n = (len(value) - 8) // 17
    numbers = np.frombuffer(value, "<i8", 1 + 2 * n).astype(np.int64, copy=False)
    actions = np.frombuffer(value, np.uint8, n, offset=8 + 16 * n)
    products = Ragged(np.array([0, n], np.int64), numbers[1 : 1 + n])
    return Events(products, actions, numbers[1 + n :]), int(numbers[0])


def _one(found: Events, user: int) -> Events:
    start, end = found.product_ids.starts[user : user + 2].tolist()
    products = Ragged(np.array([0, end - start], np.int64), found.product_ids.flat[start:end])
    return Events(products, found.actions[start:end], found.at[start:end])
