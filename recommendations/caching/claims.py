"""What a cache must be able to do to be used here, and how one waits for what another is making."""

import time
from threading import Event
from typing import Any, Protocol

_PAUSE_SECONDS = 0.01
_LONGEST_PAUSE_SECONDS = 0.2


class Cache(Protocol):
    """Django's cache, with claims: of several who find nothing, one makes it."""

    def set(self, key: str, value: Any, timeout: float) -> None: ...
    def get_or_claim(self, key: str, seconds: float) -> tuple[Any, bool]: ...
    def release(self, key: str) -> None: ...


def get_or_claim(
    cache: Cache, key: str, *, claim_seconds: float, patience_seconds: float
) -> tuple[Any, bool]:
    """Return what is kept under the key, else None and whether the caller has claimed to make it.

    While another has claimed that, it is waited for, patience_seconds at most: None and False mean that
    nothing came of it in that time.
    """
    found, is_mine = cache.get_or_claim(key, claim_seconds)
    if found is not None or is_mine:
        return found, is_mine
    pause, never = _PAUSE_SECONDS, Event()
    ends = time.monotonic() + patience_seconds
    while found is None and not is_mine and time.monotonic() < ends:
        never.wait(pause)
        pause = min(pause * 1.5, _LONGEST_PAUSE_SECONDS)
        found, is_mine = cache.get_or_claim(key, claim_seconds)
    return found, is_mine
