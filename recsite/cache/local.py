"""Django's cache in the process: what there is without a Redis, with the same methods."""

from typing import Any

from django.core.cache.backends.locmem import LocMemCache

CLAIM = ":claim"  # ends the key of a claim to make what is to be kept under the key before it


class LocalCache(LocMemCache):
    """Keeps what it is given for as long as the process lives, in as many entries as MAX_ENTRIES says."""

    is_well = True
    is_shared = False

    def get_or_claim(self, key: str, seconds: float) -> tuple[Any, bool]:
        """Return what is kept, else None and whether nobody else claims for now to make it."""
        found = self.get(key)
        return found, found is None and self.add(key + CLAIM, 1, seconds)

    def release(self, key: str) -> None:
        """Give up the claim: whoever waits need not."""
        self.delete(key + CLAIM)

    def beginning(self, start: str) -> list[str]:
        """Return the keys that begin like this."""
        beginning = self.make_key(start)
        skipped = len(beginning) - len(start)
        with self._lock:  # type: ignore[attr-defined]
            return [key[skipped:] for key in self._cache if key.startswith(beginning)]  # type: ignore[attr-defined]

    def delete_beginning(self, start: str) -> int:
        """Return how many keys that begin like this are gone."""
        beginning = self.make_key(start)
        kept: dict[str, bytes] = self._cache  # type: ignore[attr-defined]
        with self._lock:  # type: ignore[attr-defined]
            found = [key for key in kept if key.startswith(beginning)]
            return sum(self._delete(key) for key in found)  # type: ignore[attr-defined]
