"""Django's cache in the process: what there is without a Redis, with the same methods."""

from django.core.cache.backends.locmem import LocMemCache


class Memory(LocMemCache):
    """Keeps what it is given for as long as the process lives, in as many entries as MAX_ENTRIES says."""

    is_well = True

    def claim(self, key: str, seconds: float) -> bool:
        """Return whether nobody has claimed the key for now."""
        return self.add(key, 1, seconds)

    def delete_beginning(self, start: str) -> int:
        """Return how many keys that begin like this are gone."""
        beginning = self.make_key(start)
        kept: dict[str, bytes] = self._cache  # type: ignore[attr-defined]
        with self._lock:  # type: ignore[attr-defined]
            found = [key for key in kept if key.startswith(beginning)]
            return sum(self._delete(key) for key in found)  # type: ignore[attr-defined]
