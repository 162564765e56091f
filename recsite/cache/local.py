"""Django's in-process cache with the methods of `TolerantRedisCache`, for deployments without Redis."""

from typing import Any

from django.core.cache.backends.locmem import LocMemCache

CLAIM = ":claim"  # suffix of the key that claims the computation of an entry


class LocalCache(LocMemCache):
    """In-process cache of up to MAX_ENTRIES entries."""

    is_healthy = True
    is_shared = False

    def get_or_claim(self, key: str, seconds: float) -> tuple[Any, bool]:
        """Return the entry and False, or None and whether the caller now holds the claim to compute it."""
        found = self.get(key)
        if found is not None or not self.add(key + CLAIM, 1, seconds):
            return found, False
        # Another caller may have stored the entry, and released its claim, in between.
        found = self.get(key)
        if found is not None:
            self.release(key)
        return found, found is None

    def release(self, key: str) -> None:
        """Give up the claim, so that other callers stop waiting."""
        self.delete(key + CLAIM)

    def keys_with_prefix(self, start: str) -> list[str]:
        """Return the keys with this prefix."""
        prefix = self.make_key(start)
        n_skipped = len(prefix) - len(start)
        with self._lock:  # type: ignore[attr-defined]
            return [key[n_skipped:] for key in self._cache if key.startswith(prefix)]  # type: ignore[attr-defined]

    def delete_prefix(self, start: str) -> int:
        """Delete the keys with this prefix, and return their number."""
        prefix = self.make_key(start)
        entries: dict[str, bytes] = self._cache  # type: ignore[attr-defined]
        with self._lock:  # type: ignore[attr-defined]
            keys = [key for key in entries if key.startswith(prefix)]
            return sum(self._delete(key) for key in keys)  # type: ignore[attr-defined]
