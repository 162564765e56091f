"""Django's cache in Redis, none of whose failures reaches a request. `memory.py` is the same without one."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from hashlib import sha1
from typing import Any

import orjson
import redis
from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.redis import RedisCache, RedisCacheClient
from redis.backoff import NoBackoff
from redis.retry import Retry

from observe import metrics
from recsite.cache.circuit_breaker import CircuitBreaker
from recsite.cache.local import CLAIM

# Of connecting, and of each word with the server.
PATIENCE_SECONDS = 0.1
# How long nobody tries after a failure.
REST_SECONDS = 1.0
_RAW = b"\x00"  # begins no JSON
_PLAIN = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_SUBCLASS


class Plain:
    """Bytes as they are, all else as JSON: whoever may write to Redis cannot have code run here."""

    def dumps(self, value: Any) -> int | bytes:
        """Return what Redis keeps. Raises TypeError for what JSON has no form for."""
        if type(value) is int:
            return value
        return _RAW + value if isinstance(value, bytes) else orjson.dumps(value, option=_PLAIN)

    def loads(self, kept: bytes) -> Any:
        """Return the value, lists for tuples. Raises ValueError."""
        return kept[1:] if kept[:1] == _RAW else orjson.loads(kept)


class Script:
    """What Redis does in one step. text: Lua"""

    def __init__(self, text: str) -> None:
        self.text = text
        self.digest = sha1(text.encode(), usedforsecurity=False).hexdigest()  # by which Redis knows it


class Link(RedisCacheClient):
    """Redis with one client, made once: one a call costs more than what is asked of it."""

    def __init__(self, servers: list[str], rest_seconds: float = REST_SECONDS, **options: Any) -> None:
        patient = {"socket_connect_timeout": PATIENCE_SECONDS, "socket_timeout": PATIENCE_SECONDS}
        plain: Any = Plain()
        super().__init__(servers, plain, retry=Retry(NoBackoff(), 0), **(patient | options))
        self._one = super().get_client(write=True)
        self.away = CircuitBreaker("The cache cannot be reached; answers go on without it.", rest_seconds)
        self.full = CircuitBreaker("The cache takes nothing; answers go on with what it has.", rest_seconds)
        self.counts: Counter[str] = Counter()

    def count(self, outcome: str) -> None:
        self.counts[outcome] += 1
        metrics.recorder.shared_cache(outcome)

    def get_client(self, key: Any = None, *, write: bool = False) -> Any:
        return self._one


@lru_cache
def _link(servers: tuple[str, ...], options: tuple[tuple[str, Any], ...]) -> Link:
    """Return the link that all threads of this process share; Django makes a cache for each of them."""
    return Link(list(servers), **dict(options))


class TolerantRedisCache(RedisCache):
    """A Redis that is away, slow or full holds nothing and takes nothing, at once after the first failure.

    counts: what became of calls: "hit", "miss", "done", "failed", and "skipped" during an outage
    """

    is_shared = True

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        options = tuple(sorted(params.get("OPTIONS", {}).items()))
        self._cache = self._link = _link((server,), options)

    @property
    def counts(self) -> Counter[str]:
        return self._link.counts

    @property
    def is_well(self) -> bool:
        """Whether neither reading nor writing has failed lately."""
        return not (self._link.away.is_on or self._link.full.is_on)

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        found = self._tried(super().get, key, _NOTHING, version, otherwise=_NOTHING)
        self._link.count("miss" if found is _NOTHING else "hit")
        return default if found is _NOTHING else found

    def get_many(self, keys: Iterable[str], version: int | None = None) -> dict[str, Any]:
        wanted = list(keys)
        return self._tried(super().get_many, wanted, version, otherwise={}) if wanted else {}

    def has_key(self, key: str, version: int | None = None) -> bool:
        return self._tried(super().has_key, key, version, otherwise=False)

    def set(self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> None:
        self._tried(super().set, key, value, timeout, version, writes=True)

    def set_many(
        self, data: Mapping[str, Any], timeout: Any = DEFAULT_TIMEOUT, version: int | None = None
    ) -> list[str]:
        """Keep them all, and return the keys of those that were not kept."""
        return self._tried(super().set_many, data, timeout, version, writes=True, otherwise=list(data))

    def add(self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        return self._tried(super().add, key, value, timeout, version, writes=True, otherwise=False)

    def get_or_claim(self, key: str, seconds: float) -> tuple[Any, bool]:
        """Return what is kept, else None and whether nobody else claims for now to make it. 1 round trip.

        It is the caller's, too, where nobody can tell. seconds: how long a claim lasts that is not released
        """
        found, is_mine = self._tried(self._got_or_claimed, key, seconds, otherwise=(None, True))
        self._link.count("miss" if found is None else "hit")
        return found, is_mine

    def release(self, key: str) -> None:
        """Give up the claim: whoever waits need not."""
        self.delete(key + CLAIM)

    def touch(self, key: str, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        return self._tried(super().touch, key, timeout, version, writes=True, otherwise=False)

    def incr(self, key: str, delta: int = 1, version: int | None = None) -> int:
        """Return the number, increased. Raises ValueError where there is none, or none can be had."""
        found = self._tried(super().incr, key, delta, version, writes=True, passing=(ValueError,))
        if found is None:
            raise ValueError(f"Key {key!r} cannot be had.")
        return found

    def delete(self, key: str, version: int | None = None) -> bool:
        return self._tried(super().delete, key, version, otherwise=False)

    def delete_many(self, keys: Iterable[str], version: int | None = None) -> None:
        if wanted := list(keys):
            self._tried(super().delete_many, wanted, version)

    def beginning(self, start: str) -> list[str]:
        """Return the keys that begin like this, none where it cannot be told."""
        found: list[str] = self._tried(self._begun, start, otherwise=[])
        return found

    def delete_beginning(self, start: str) -> int | None:
        """Return how many keys that begin like this are gone; None where it cannot be told."""
        return self._tried(self._deleted, self.make_key(start))

    def run(self, script: Script, key: str, *arguments: int) -> Any:
        """Return what the script makes of the key, by one round trip; None where it cannot be told."""
        return self._tried(self._ran, script, self.make_key(key), *arguments, writes=True)

    def clear(self) -> None:
        self._tried(super().clear)

    def _ran(self, script: Script, key: str, *arguments: int) -> Any:
        client = self._link.get_client()
        try:
            return client.evalsha(script.digest, 1, key, *arguments)
        except redis.exceptions.NoScriptError:  # a server that has begun anew hears it whole, once
            return client.eval(script.text, 1, key, *arguments)

    def _deleted(self, start: str) -> int:
        client = self._link.get_client()
        return sum(client.unlink(key) for key in self._scanned(client, start))

    def _begun(self, start: str) -> list[str]:
        made = self.make_key(start)
        skipped = len(made) - len(start)
        return [key.decode()[skipped:] for key in self._scanned(self._link.get_client(), made)]

    @staticmethod
    def _scanned(client: Any, start: str) -> Iterator[bytes]:
        """Yield the keys on the server that begin like this."""
        pattern = re.sub(r"([*?\[\]\\])", r"\\\1", start) + "*"
        yield from client.scan_iter(match=pattern, count=1_000)

    def _got_or_claimed(self, key: str, seconds: float) -> tuple[Any, bool]:
        link = self._link
        with link.get_client().pipeline(transaction=False) as both:
            both.get(self.make_and_validate_key(key))
            both.set(self.make_and_validate_key(key + CLAIM), 1, nx=True, px=max(1, round(seconds * 1000)))
            found, claimed = both.execute(raise_on_error=False)
        if isinstance(found, Exception):
            raise found
        if isinstance(claimed, Exception):  # it is full, and yet gives what it has
            link.full.failed(claimed)
            claimed = True
        return (None, bool(claimed)) if found is None else (_PLAIN_FORM.loads(found), False)

    def _tried(
        self,
        call: Callable[..., Any],
        *arguments: Any,
        writes: bool = False,
        otherwise: Any = None,
        passing: tuple[type[Exception], ...] = (),
    ) -> Any:
        """Return what the call does, else `otherwise`. passing: errors that are the caller's own"""
        link = self._link
        if not link.away.may_try() or (writes and not link.full.may_try()):
            link.count("skipped")
            return otherwise
        try:
            found = call(*arguments)
        except passing:
            raise
        except redis.ResponseError as error:  # it is there, and refuses: full, or only to be read
            (link.full if writes else link.away).failed(error)
        except (redis.RedisError, OSError) as error:
            link.away.failed(error)
        except ValueError:  # what another program put there
            link.away.worked()
        else:
            link.away.worked()
            if writes:
                link.full.worked()
            link.count("done")
            return found
        link.count("failed")
        return otherwise


_NOTHING = object()
_PLAIN_FORM = Plain()
