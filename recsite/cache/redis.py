"""Django's Redis cache, but no failure of Redis reaches a request. `local.py` works without Redis."""

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

# For connecting, and for each read and write.
TIMEOUT_SECONDS = 0.1
# The time between two attempts during an outage.
REST_SECONDS = 1.0
_RAW = b"\x00"  # JSON never begins with it
_STRICT = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_SUBCLASS


class JSONSerializer:
    """Stores bytes as they are and other values as JSON, which unlike pickle cannot execute code."""

    def dumps(self, value: Any) -> int | bytes:
        """Return the serialized value. Raises TypeError if JSON cannot represent it."""
        if type(value) is int:
            return value
        return _RAW + value if isinstance(value, bytes) else orjson.dumps(value, option=_STRICT)

    def loads(self, data: bytes) -> Any:
        """Return the value, with lists for tuples. Raises ValueError."""
        return data[1:] if data[:1] == _RAW else orjson.loads(data)


class Script:
    """A Lua script that Redis executes atomically."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.digest = sha1(text.encode(), usedforsecurity=False).hexdigest()  # the argument of EVALSHA


# Returns the entry and 0, or nothing and whether the claim is now the caller's; the error if Redis refuses
# to write. Only a miss claims: a claim that is left by a hit would make others wait once the entry expires.
_GET_OR_CLAIM = Script(
    """
    local found = redis.call('GET', KEYS[1])
    if found then
        return {found, 0}
    end
    local claimed = redis.pcall('SET', KEYS[1] .. ARGV[2], 1, 'NX', 'PX', ARGV[1])
    if claimed and claimed.err then
        return {false, claimed.err}
    end
    return {false, claimed and 1 or 0}
    """
)


class SharedClient(RedisCacheClient):
    """A Redis client that is created once: creating one for each call costs more than the call."""

    def __init__(self, servers: list[str], rest_seconds: float = REST_SECONDS, **options: Any) -> None:
        timeouts = {"socket_connect_timeout": TIMEOUT_SECONDS, "socket_timeout": TIMEOUT_SECONDS}
        serializer: Any = JSONSerializer()
        super().__init__(servers, serializer, retry=Retry(NoBackoff(), 0), **(timeouts | options))
        self._single = super().get_client(write=True)
        self.outage = CircuitBreaker(
            "The cache cannot be reached. Requests continue without it.", rest_seconds
        )
        self.writes_refused = CircuitBreaker(
            "The cache rejects writes. Requests continue with its current entries.", rest_seconds
        )
        self.counts: Counter[str] = Counter()

    def count(self, outcome: str) -> None:
        self.counts[outcome] += 1
        metrics.recorder.shared_cache(outcome)

    def get_client(self, key: Any = None, *, write: bool = False) -> Any:
        return self._single


@lru_cache
def _shared_client(servers: tuple[str, ...], options: tuple[tuple[str, Any], ...]) -> SharedClient:
    """Return the client of all threads of this process. Django creates a cache object for each thread."""
    return SharedClient(list(servers), **dict(options))


class TolerantRedisCache(RedisCache):
    """A Redis cache that behaves like an empty one if Redis is unreachable, slow or full.

    After a failure, calls are skipped for REST_SECONDS, so that requests do not wait for the timeout.
    counts: the numbers of calls by outcome: "hit", "miss", "done", "failed", and "skipped" during an outage
    """

    is_shared = True

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        options = tuple(sorted(params.get("OPTIONS", {}).items()))
        self._cache = self._client = _shared_client((server,), options)

    @property
    def counts(self) -> Counter[str]:
        return self._client.counts

    @property
    def is_healthy(self) -> bool:
        """Whether there is no outage of reads or writes."""
        return not (self._client.outage.is_open or self._client.writes_refused.is_open)

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        found = self._call(super().get, key, _MISSING, version, default=_MISSING)
        self._client.count("miss" if found is _MISSING else "hit")
        return default if found is _MISSING else found

    def get_many(self, keys: Iterable[str], version: int | None = None) -> dict[str, Any]:
        wanted = list(keys)
        return self._call(super().get_many, wanted, version, default={}) if wanted else {}

    def has_key(self, key: str, version: int | None = None) -> bool:
        return self._call(super().has_key, key, version, default=False)

    def set(self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> None:
        self._call(super().set, key, value, timeout, version, writes=True)

    def set_many(
        self, data: Mapping[str, Any], timeout: Any = DEFAULT_TIMEOUT, version: int | None = None
    ) -> list[str]:
        """Set the entries, and return the keys of those that could not be set."""
        return self._call(super().set_many, data, timeout, version, writes=True, default=list(data))

    def add(self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        return self._call(super().add, key, value, timeout, version, writes=True, default=False)

    def get_or_claim(self, key: str, seconds: float) -> tuple[Any, bool]:
        """Return the entry and False, or None and whether the caller now holds the claim to compute it.

        1 round trip. During an outage every caller gets the claim. seconds: when an unreleased claim expires
        """
        found, is_mine = self._call(self._get_or_claim, key, seconds, default=(None, True))
        self._client.count("miss" if found is None else "hit")
        return found, is_mine

    def release(self, key: str) -> None:
        """Give up the claim, so that other callers stop waiting."""
        self.delete(key + CLAIM)

    def touch(self, key: str, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        return self._call(super().touch, key, timeout, version, writes=True, default=False)

    def incr(self, key: str, delta: int = 1, version: int | None = None) -> int:
        """Return the incremented number. Raises ValueError if there is none, or if Redis is unavailable."""
        found = self._call(super().incr, key, delta, version, writes=True, reraise=(ValueError,))
        if found is None:
            raise ValueError(f"Key {key!r} is unavailable.")
        return found

    def delete(self, key: str, version: int | None = None) -> bool:
        return self._call(super().delete, key, version, default=False)

    def delete_many(self, keys: Iterable[str], version: int | None = None) -> None:
        if wanted := list(keys):
            self._call(super().delete_many, wanted, version)

    def keys_with_prefix(self, start: str) -> list[str]:
        """Return the keys with this prefix; none during an outage."""
        found: list[str] = self._call(self._scan_prefix, start, default=[])
        return found

    def delete_prefix(self, start: str) -> int | None:
        """Delete the keys with this prefix, and return their number; None during an outage."""
        return self._call(self._delete_prefix, self.make_key(start))

    def run(self, script: Script, key: str, *arguments: int) -> Any:
        """Run the script on the key, and return its result; None during an outage. 1 round trip."""
        return self._call(self._evaluate, script, self.make_key(key), *arguments, writes=True)

    def clear(self) -> None:
        self._call(super().clear)

    def _evaluate(self, script: Script, key: str, *arguments: int | str) -> Any:
        client = self._client.get_client()
        try:
            return client.evalsha(script.digest, 1, key, *arguments)
        except redis.exceptions.NoScriptError:  # the server was restarted: send the script once
            return client.eval(script.text, 1, key, *arguments)

    def _delete_prefix(self, prefix: str) -> int:
        client = self._client.get_client()
        return sum(client.unlink(key) for key in self._scan(client, prefix))

    def _scan_prefix(self, start: str) -> list[str]:
        prefix = self.make_key(start)
        n_skipped = len(prefix) - len(start)
        return [key.decode()[n_skipped:] for key in self._scan(self._client.get_client(), prefix)]

    @staticmethod
    def _scan(client: Any, prefix: str) -> Iterator[bytes]:
        """Yield the server's keys with this prefix."""
        pattern = re.sub(r"([*?\[\]\\])", r"\\\1", prefix) + "*"
        yield from client.scan_iter(match=pattern, count=1_000)

    def _get_or_claim(self, key: str, seconds: float) -> tuple[Any, bool]:
        milliseconds = max(1, round(seconds * 1000))
        found, claimed = self._evaluate(_GET_OR_CLAIM, self.make_and_validate_key(key), milliseconds, CLAIM)
        if isinstance(claimed, bytes):  # a full server still reads
            self._client.writes_refused.record_failure(redis.ResponseError(claimed.decode()))
            claimed = True
        return (None, bool(claimed)) if found is None else (_SERIALIZER.loads(found), False)

    def _call(
        self,
        function: Callable[..., Any],
        *arguments: Any,
        writes: bool = False,
        default: Any = None,
        reraise: tuple[type[Exception], ...] = (),
    ) -> Any:
        """Return the function's result, or the default if it fails. reraise: errors to pass to the caller"""
        client = self._client
        if not client.outage.may_try() or (writes and not client.writes_refused.may_try()):
            client.count("skipped")
            return default
        try:
            found = function(*arguments)
        except reraise:
            raise
        except redis.ResponseError as error:  # the server responds and refuses: full, or read-only
            (client.writes_refused if writes else client.outage).record_failure(error)
        except (redis.RedisError, OSError) as error:
            client.outage.record_failure(error)
        except ValueError:  # the value is from another program
            client.outage.record_success()
        else:
            client.outage.record_success()
            if writes:
                client.writes_refused.record_success()
            client.count("done")
            return found
        client.count("failed")
        return default


_MISSING = object()
_SERIALIZER = JSONSerializer()
