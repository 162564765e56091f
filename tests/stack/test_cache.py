"""The cache with a real Redis that is killed, stopped, full or restarted: no call fails, and it recovers."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from recsite.cache.local import LocalCache
from recsite.cache.redis import TolerantRedisCache
from tests.stack.redis_server import RedisServer, redis_server
from tests.waiting import until

REST_SECONDS = 0.2
LONG_REST_SECONDS = 3_600  # for tests in which it must not end
# With a server that stands still each try takes as long as this, and with all others as long as it takes.
SHORT = {"socket_timeout": 0.1, "socket_connect_timeout": 0.1}


def cache_of(server: RedisServer, **options: float) -> Any:
    """Return a cache on that server."""
    return TolerantRedisCache(server.url, {"OPTIONS": {"rest_seconds": REST_SECONDS, **options}})


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    with redis_server(tmp_path) as running:
        yield running


def everything(cache: Any) -> list[Any]:
    """The result of each method."""
    cache.set("a", 1, 60)
    cache.set_many({"b": 2}, 60)
    output = [cache.get("a", "none"), cache.get_many(["a", "b"]), cache.has_key("a"), cache.add("c", 3, 60)]
    output += [cache.get_or_claim("a", 60), cache.get_or_claim("e", 60), cache.keys_with_prefix("b")]
    cache.release("e")
    cache.delete_many(["b"])
    return [*output, cache.touch("a", 60), cache.delete("a"), cache.delete_prefix("c")]


WITH = [1, {"a": 1, "b": 2}, True, True, (1, False), (None, True), ["b"], True, True, 1]
WITHOUT = ["none", {}, False, False, (None, True), (None, True), [], False, False, None]


class TestRedis:
    def test_keeps_what_it_is_given(self, server: RedisServer):
        assert everything(cache_of(server)) == WITH

    def test_does_what_memory_does(self):
        assert everything(LocalCache("a test", {})) == WITH

    @pytest.mark.parametrize("value", [7, "text", b"\x00bytes", None, True, 1.5, {"a": [1, "b"]}])
    def test_gives_back_what_it_was_given(self, server: RedisServer, value: Any):
        cache = cache_of(server)

        cache.set("key", value, 60)

        assert cache.get("key", "none") == value

    def test_runs_no_code_that_somebody_put_there(self, server: RedisServer):
        cache = cache_of(server)
        cache._cache.get_client().set(cache.make_key("key"), b"\x80\x04cos\nsystem\n.")

        assert cache.get("key", "none") == "none"
        assert cache.is_healthy

    @pytest.mark.parametrize("kind", ["Redis", "memory"])
    def test_has_one_claim_to_make_what_is_not_there(self, server: RedisServer, kind: str):
        cache = cache_of(server) if kind == "Redis" else LocalCache("a test of claims", {})
        cache.clear()

        output = [cache.get_or_claim("key", 60) for _ in range(2)]
        cache.release("key")
        again = cache.get_or_claim("key", 60)
        cache.set("key", "made", 60)

        assert [*output, again] == [(None, True), (None, False), (None, True)]
        assert cache.get_or_claim("key", 60)[0] == "made"

    @pytest.mark.parametrize("kind", ["Redis", "memory"])
    def test_claims_nothing_on_a_hit(self, server: RedisServer, kind: str):
        cache = cache_of(server) if kind == "Redis" else LocalCache("a test of hits", {})
        cache.clear()
        cache.set("key", "made", 60)

        hit = cache.get_or_claim("key", 60)
        cache.delete("key")

        assert [hit, cache.get_or_claim("key", 60)] == [("made", False), (None, True)]

    def test_lets_a_claim_end_by_itself(self, server: RedisServer):
        cache = cache_of(server)
        cache.get_or_claim("key", 0.05)

        until(lambda: cache.get_or_claim("key", 60)[1])

    def test_tells_what_begins_like_this(self, server: RedisServer):
        cache = cache_of(server)
        for key in ("u*1:a", "u*1:b", "u21:a"):
            cache.set(key, 1, 60)

        assert sorted(cache.keys_with_prefix("u*1:")) == ["u*1:a", "u*1:b"]

    def test_deletes_what_begins_like_this_and_nothing_else(self, server: RedisServer):
        cache = cache_of(server)
        for key in ("u*1:a", "u*1:b", "u21:a"):
            cache.set(key, 1, 60)

        assert cache.delete_prefix("u*1:") == 2
        assert cache.get("u21:a") == 1


class TestOutages:
    @pytest.fixture(params=["killed", "stopped"])
    def options(self, request: Any, server: RedisServer) -> dict[str, float]:
        """The options of caches whose server worked before and is gone now."""
        if request.param == "killed":
            cache_of(server).set("a", 1, 60)
            server.kill()
            return {}
        server.pause()
        return SHORT

    @pytest.fixture
    def gone(self, server: RedisServer, options: dict[str, float]) -> Any:
        return cache_of(server, **options)

    @pytest.fixture
    def gone_for_long(self, server: RedisServer, options: dict[str, float]) -> Any:
        return cache_of(server, **options, rest_seconds=LONG_REST_SECONDS)

    def test_are_misses_after_one_try(self, gone_for_long: Any):
        assert everything(gone_for_long) == WITHOUT
        assert gone_for_long.counts["failed"] == 1
        assert not gone_for_long.is_healthy

    def test_are_not_even_tried_just_after_a_failure(self, gone_for_long: Any):
        gone_for_long.get("a")

        for _ in range(100):
            gone_for_long.get("a")

        assert gone_for_long.counts["failed"] == 1
        assert gone_for_long.counts["skipped"] == 100

    def test_are_told_of_once(self, gone: Any, caplog: pytest.LogCaptureFixture):
        until(lambda: gone.get("a") or gone.counts["failed"] >= 3)

        assert [record.levelname for record in caplog.records] == ["WARNING"]
        assert "redis://" not in caplog.text

    def test_end_by_themselves(self, gone: Any, server: RedisServer, caplog: pytest.LogCaptureFixture):
        gone.get("a")
        server.child.resume() if server.child.is_running() else server.start()

        until(lambda: (gone.set("b", 2, 60), gone.get("b"))[1] == 2)
        until(lambda: (gone.get("b"), gone.is_healthy)[1])

        reported = [
            record.getMessage().startswith("The cache cannot be reached") for record in caplog.records
        ]
        assert reported == [True, False] * (len(reported) // 2)  # more than once where the machine is slow
        assert "The outage is over" in caplog.records[-1].getMessage()

    def test_of_a_connection_alone_cost_nothing(self, server: RedisServer):
        cache = cache_of(server)
        cache.set("a", 1, 60)
        server.restart()

        cache.set("a", 2, 60)

        assert cache.get("a") == 2


class TestFull:
    @pytest.fixture
    def full(self, server: RedisServer) -> Any:
        server.restart("--maxmemory", "1mb", "--maxmemory-policy", "noeviction")
        return cache_of(server)

    def test_takes_nothing_and_fails_nobody(self, full: Any, caplog: pytest.LogCaptureFixture):
        for n in range(100):
            full.set(f"k{n}", "x" * 100_000, 60)

        assert not full.add("more", "x" * 100_000, 60)
        assert full.set_many({"more": "x" * 100_000}) == ["more"]
        assert full.get_or_claim("more", 5) == (None, True)
        assert len(caplog.records) == 1
        assert "OutOfMemoryError" in caplog.text

    def test_still_gives_what_it_has(self, full: Any):
        full._cache.get_client().config_set("maxmemory", "0")
        full.set("a", 1, 60)
        full._cache.get_client().config_set("maxmemory", "1")
        full.set("b", 2, 60)

        assert [full.get("a"), full.get("b")] == [1, None]
        assert full.get_or_claim("a", 5)[0] == 1
        assert full.get_or_claim("b", 5) == (None, True)

    def test_takes_again_by_itself_when_there_is_room(self, full: Any):
        full._cache.get_client().config_set("maxmemory", "1")
        full.set("a", 1, 60)
        full._cache.get_client().config_set("maxmemory", "0")

        until(lambda: (full.set("a", 1, 60), full.get("a"))[1] == 1)
