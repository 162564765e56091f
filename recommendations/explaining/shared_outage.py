"""An outage of a language model that all processes know of, through the shared cache."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

DAY = 24 * 60 * 60  # an outage that nobody ends is forgotten; the next failure begins it anew


@dataclass(frozen=True, slots=True)
class CachedOutage:
    """An outage that begins and ends in the shared cache. If the cache is away, each process is on its own.

    cache: returns the shared cache of the current thread
    model: identifies the server and the model
    """

    cache: Callable[[], Any]
    model: str

    @property
    def is_shared(self) -> bool:
        """Whether other processes can be asked now."""
        cache = self.cache()
        return bool(cache.is_shared and cache.is_healthy)

    def is_on(self) -> bool:
        """Return whether the outage goes on. 1 round trip."""
        return self.cache().get(self._key) is not None

    def may_try(self, seconds: float) -> bool:
        """Return whether the caller may try the model: one of all processes in this time. 1 round trip."""
        _, is_mine = self.cache().get_or_claim(f"{self._key}:try", seconds)
        return bool(is_mine)

    def begin(self, seconds: float) -> None:
        """Tell the other processes of the outage. Nobody may try the model for this time. 2 round trips."""
        self.cache().set(self._key, 1, DAY)
        self.may_try(seconds)

    def end(self) -> None:
        """Tell the other processes that the outage is over. 2 round trips."""
        self.cache().delete(self._key)
        self.cache().release(f"{self._key}:try")

    @property
    def _key(self) -> str:
        return f"model-outage:{hashlib.blake2b(self.model.encode(), digest_size=16).hexdigest()}"
