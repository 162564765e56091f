"""Keeps long histories, from which profiles are made. Wraps what reads events, and gives the same."""

from collections import OrderedDict
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from observe import metrics
from recommendations.engine.ragged import Ragged
from recommendations.selectors.histories import Events

# From here on reading the events takes longer than asking whether there are any new ones.
LONG = 64
_SECONDS = 86_400.0  # how long a history is shared after it was read
_OWN_BYTES = 600  # of an entry besides its arrays
_SHORT_BYTES = 120  # of the note that a history is not worth keeping

# How many events a user has, and the highest id among them.
Version = tuple[int, int]


class Bytes(Protocol):
    """Django's cache, as far as it is used here."""

    def get(self, key: str) -> Any: ...
    def set(self, key: str, value: bytes, timeout: float) -> None: ...
    def set_many(self, data: Mapping[str, bytes], timeout: float) -> list[str]: ...


def key_of(user_id: int) -> str:
    """Return under which key the user's history is shared."""
    return f"history:{user_id}"


@dataclass(frozen=True, slots=True)
class _Past:
    """events: of one user; None for a history that is short"""

    events: Events | None
    n_bytes: int


class Pasts:
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
        version: Callable[[int], Version],
        shared: Bytes | None,
        max_bytes: int,
    ) -> None:
        self._read = read
        self._version = version
        self._shared = shared
        self._room = max_bytes
        self._kept: OrderedDict[int, _Past] = OrderedDict()
        self._changing = Lock()

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
                metrics.sink.cache("profiles", metrics.HIT)
                return past.events
            metrics.sink.cache("profiles", metrics.STALE)
        found = self._read(user_ids)
        is_long = len(found.at) >= LONG
        if is_long and (past is None or past.events is None):
            metrics.sink.cache("profiles", metrics.MISS)
        if is_long or past is None or past.events is not None:
            self._keep(user_id, found if is_long else None)
        if is_long and self._shared is not None:
            self._shared.set(key_of(user_id), packed(found), _SECONDS)
        return found

    def user_ids(self) -> set[int]:
        """Return of whom something is kept in this process."""
        with self._changing:
            return set(self._kept)

    def forget(self, user_ids: Container[int]) -> None:
        """Keep nothing of these users in this process."""
        with self._changing:
            for user_id in [kept for kept in self._kept if kept in user_ids]:
                self._remove(user_id)

    def _found(self, user_id: int) -> _Past | None:
        with self._changing:
            past = self._kept.get(user_id)
            if past is not None:
                self._kept.move_to_end(user_id)
        if past is None and self._shared is not None:
            events = unpacked(self._shared.get(key_of(user_id)))
            if events is not None:
                past = self._keep(user_id, events)
        return past

    def _share(self, user_ids: NDArray[np.int64], found: Events) -> None:
        """Let others find the long ones of a batch."""
        if self._shared is None:
            return
        long = np.flatnonzero(found.product_ids.lengths >= LONG).tolist()
        of = {key_of(int(user_ids[user])): packed(_one(found, user)) for user in long}
        if of:
            self._shared.set_many(of, _SECONDS)

    def _keep(self, user_id: int, events: Events | None) -> _Past:
        past = _Past(events, _SHORT_BYTES if events is None else _OWN_BYTES + _n_bytes(events))
        with self._changing:
            self._remove(user_id)
            self._kept[user_id] = past
            self._room -= past.n_bytes
            while self._room < 0:
                self._remove(next(iter(self._kept)))
        return past

    def _remove(self, user_id: int) -> None:
        past = self._kept.pop(user_id, None)
        if past is not None:
            self._room += past.n_bytes


def packed(events: Events) -> bytes:
    """Return the events of one user as bytes."""
    parts = (events.last_ids, events.product_ids.flat, events.at)
    return b"".join([*[part.astype("<i8").tobytes() for part in parts], events.actions.tobytes()])


def unpacked(kept: Any) -> Events | None:
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


def _version_of(events: Events) -> Version:
    return len(events.at), int(events.last_ids[0])


def _n_bytes(events: Events) -> int:
    return 17 * len(events.at)
