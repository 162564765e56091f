"""Keeps long histories, from which profiles are made. Wraps what reads events, and gives the same."""

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from observe import metrics
from recommendations.caching.lru import LRUCache
from recommendations.engine.ragged import Ragged
from recommendations.selectors.histories import Events

# From here on reading the events takes longer than asking whether there are any new ones.
LONG = 64
_SECONDS = 86_400.0  # how long a history is shared after it was read
_OWN_BYTES = 600  # of an entry besides its arrays
_SHORT_BYTES = 120  # of the note that a history is not worth keeping

# How many events a user has, and the highest id among them.
HistoryVersion = tuple[int, int]


class BytesCache(Protocol):
    """Django's cache, as far as it is used here."""

    def get(self, key: str) -> Any: ...
    def set(self, key: str, value: bytes, timeout: float) -> None: ...
    def set_many(self, data: Mapping[str, bytes], timeout: float) -> list[str]: ...


def cache_key(user_id: int) -> str:
    """Return under which key the user's history is shared."""
    return f"history:{user_id}"


@dataclass(frozen=True, slots=True)
class _Entry:
    """events: of one user; None for a history that is short"""

    events: Events | None
    n_bytes: int


class HistoryCache:
    """Gives the kept events of one user while no event was added or removed; those of several are read.

    read:      reads the events of users
    version:   reads the version of one user's events
    shared:    where other processes find them, None for nowhere
    max_bytes: what this process keeps at most; what has not been asked for the longest goes first
    """

    def __init__(
        self,
        read: Callable[[NDArray[np.int64]], Events],
        *,
        version: Callable[[int], HistoryVersion],
        shared: BytesCache | None,
        max_bytes: int,
    ) -> None:
        self._read = read
        self._version = version
        self._shared = shared
        self._kept: LRUCache[int, _Entry] = LRUCache(max_bytes, lambda past: past.n_bytes)

    def __call__(self, user_ids: NDArray[np.int64]) -> Events:
        """Return the events of the users, who must be sorted by id. 1 query, 2 where a kept history grew."""
        if len(user_ids) != 1:
            found = self._read(user_ids)
            self._share(user_ids, found)
            return found
        user_id = int(user_ids[0])
        past = self._found(user_id)
        if past is not None and past.events is not None:
            if self._version(user_id) == _version_of(past.events):
                metrics.recorder.cache("profiles", metrics.HIT)
                return past.events
            metrics.recorder.cache("profiles", metrics.STALE)
        found = self._read(user_ids)
        is_long = len(found.at) >= LONG
        if is_long and (past is None or past.events is None):
            metrics.recorder.cache("profiles", metrics.MISS)
        if is_long or past is None or past.events is not None:
            self._keep(user_id, found if is_long else None)
        if is_long and self._shared is not None:
            self._shared.set(cache_key(user_id), to_bytes(found), _SECONDS)
        return found

    def user_ids(self) -> set[int]:
        """Return of whom something is kept in this process."""
        return {user_id for user_id, _ in self._kept.items()}

    def forget(self, user_ids: Container[int]) -> None:
        """Keep nothing of these users in this process."""
        for user_id, past in self._kept.items():
            if user_id in user_ids:
                self._kept.drop(user_id, past)

    def _found(self, user_id: int) -> _Entry | None:
        past = self._kept.get(user_id)
        if past is None and self._shared is not None:
            events = from_bytes(self._shared.get(cache_key(user_id)))
            if events is not None:
                past = self._keep(user_id, events)
        return past

    def _share(self, user_ids: NDArray[np.int64], found: Events) -> None:
        """Let others find the long ones of a batch."""
        if self._shared is None:
            return
        long = np.flatnonzero(found.product_ids.lengths >= LONG).tolist()
        of = {cache_key(int(user_ids[user])): to_bytes(_one(found, user)) for user in long}
        if of:
            self._shared.set_many(of, _SECONDS)

    def _keep(self, user_id: int, events: Events | None) -> _Entry:
        past = _Entry(events, _SHORT_BYTES if events is None else _OWN_BYTES + _n_bytes(events))
        self._kept.put(user_id, past)
        return past


def to_bytes(events: Events) -> bytes:
    """Return the events of one user as bytes."""
    parts = (events.last_ids, events.product_ids.flat, events.at)
    return b"".join([*[part.astype("<i8").tobytes() for part in parts], events.actions.tobytes()])


def from_bytes(kept: Any) -> Events | None:
    """Return the events of one user as they were packed; None for anything else."""
    if not isinstance(kept, bytes) or (len(kept) - 8) % 17 or len(kept) < 8:
        return None
    n = (len(kept) - 8) // 17
    numbers = np.frombuffer(kept, "<i8", 1 + 2 * n).astype(np.int64, copy=False)
    actions = np.frombuffer(kept, np.uint8, n, offset=8 + 16 * n)
    return Events(
        Ragged(np.array([0, n], np.int64), numbers[1 : 1 + n]), actions, numbers[1 + n :], numbers[:1]
    )


def _one(found: Events, user: int) -> Events:
    start, end = found.product_ids.starts[user : user + 2].tolist()
    products = Ragged(np.array([0, end - start], np.int64), found.product_ids.flat[start:end])
    return Events(products, found.actions[start:end], found.at[start:end], found.last_ids[user : user + 1])


def _version_of(events: Events) -> HistoryVersion:
    return len(events.at), int(events.last_ids[0])


def _n_bytes(events: Events) -> int:
    return 17 * len(events.at)
