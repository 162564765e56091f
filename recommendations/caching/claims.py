"""Claims in a shared cache: one process computes a missing value while the others wait for it."""

import time
from threading import Event
from typing import Any, Protocol

_PAUSE_SECONDS = 0.01
_MAX_PAUSE_SECONDS = 0.2


class Cache(Protocol):
    """Django's cache with claims: of all callers that miss a key, one claims it and computes the value."""

    def set(self, key: str, value: Any, timeout: float) -> None: ...
    def get_or_claim(self, key: str, seconds: float) -> tuple[Any, bool]: ...
    def release(self, key: str) -> None: ...


def get_or_claim(
    cache: Cache, key: str, *, claim_seconds: float, patience_seconds: float
) -> tuple[Any, bool]:
    """Return the value of the key, None on a miss, and whether the caller now holds the claim on it.

    While another caller holds the claim, wait for it, patience_seconds at most. None and False mean that
    the other caller stored nothing in that time.
    """
    value, is_mine = cache.get_or_claim(key, claim_seconds)
    if value is not None or is_mine:
        return value, is_mine
    pause, never_set = _PAUSE_SECONDS, Event()
    ends = time.monotonic() + patience_seconds
    while value is None and not is_mine and time.monotonic() < ends:
        never_set.wait(pause)
        pause = min(pause * 1.5, _MAX_PAUSE_SECONDS)
        value, is_mine = cache.get_or_claim(key, claim_seconds)
    return value, is_mine
