"""A real Redis that is killed, stopped, full, started again: the cache bears it, and comes back by itself."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from recsite.cache.local import Memory
from recsite.cache.redis import TolerantRedisCache
from tests.stack.redis_server import RedisServer, redis_server
from tests.stack.waiting import until

REST_SECONDS = 0.2


def cache_of(server: RedisServer, rest_seconds: float = REST_SECONDS) -> Any:
    """Return a cache on that server. rest_seconds: how long it leaves the server alone after a failure"""
    return TolerantRedisCache(server.url, {"OPTIONS": {"rest_seconds": rest_seconds}})


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    with redis_server(tmp_path) as running:
        yield running


def everything(cache: Any) -> list[Any]:
    """What each method says."""
    cache.set("a", 1, 60)
    cache.set_many({"b": 2}, 60)
    said = [cache.get("a", "none"), cache.get_many(["a", "b"]), cache.has_key("a"), cache.add("c", 3, 60)]
    said += [cache.get_or_claim("a", 60), cache.get_or_claim("e", 60), cache.beginning("b")]
    cache.release("e")
    cache.delete_many(["b"])
    return [*said, cache.claim("d", 60), cache.touch("a", 60), cache.delete("a"), cache.delete_beginning("c")]


WITH = [1, {"a": 1, "b": 2}, True, True, (1, False), (None, True), ["b"], True, True, True, 1]
WITHOUT = ["none", {}, False, False, (None, True), (None, True), [], True, False, False, None]


class TestRedis:
    def test_keeps_what_it_is_given(self, server: RedisServer):
        assert everything(cache_of(server)) == WITH

    def test_does_what_memory_does(self):
        assert everything(Memory("a test", {})) == WITH

    @pytest.mark.parametrize("value", [7, "text", b"\x00bytes", None, True, 1.5, {"a": [1, "b"]}])
    def test_gives_back_what_it_was_given(self, server: RedisServer, value: Any):
        cache = cache_of(server)

        cache.set("key", value, 60)

        assert cache.get("key", "none") == value

    def test_runs_no_code_that_somebody_put_there(self, server: RedisServer):
        cache = cache_of(server)
        cache._cache.get_client().set(cache.make_key("key"), b"\x80\x04cos\nsystem\n.")

        assert cache.get("key", "none") == "none"
        assert cache.is_well

    def test_has_a_claim_once(self, server: RedisServer):
        cache = cache_of(server)

        assert [cache.claim("key", 5), cache.claim("key", 5)] == [True, False]

    @pytest.mark.parametrize("kind", ["Redis", "memory"])
    def test_has_one_claim_to_make_what_is_not_there(self, server: RedisServer, kind: str):
        cache = cache_of(server) if kind == "Redis" else Memory("a test of claims", {})
        cache.clear()

        said = [cache.get_or_claim("key", 60) for _ in range(2)]
        cache.release("key")
        again = cache.get_or_claim("key", 60)
        cache.set("key", "made", 60)

        assert [*said, again] == [(None, True), (None, False), (None, True)]
        assert cache.get_or_claim("key", 60)[0] == "made"

    def test_lets_a_claim_end_by_itself(self, server: RedisServer):
        cache = cache_of(server)
        cache.get_or_claim("key", 0.05)

        until(lambda: cache.get_or_claim("key", 60)[1])

    def test_tells_what_begins_like_this(self, server: RedisServer):
        cache = cache_of(server)
        for key in ("u*1:a", "u*1:b", "u21:a"):
            cache.set(key, 1, 60)

        assert sorted(cache.beginning("u*1:")) == ["u*1:a", "u*1:b"]

    def test_deletes_what_begins_like_this_and_nothing_else(self, server: RedisServer):
        cache = cache_of(server)
        for key in ("u*1:a", "u*1:b", "u21:a"):
            cache.set(key, 1, 60)

        assert cache.delete_beginning("u*1:") == 2
        assert cache.get("u21:a") == 1


class TestOutages:
    @pytest.fixture(params=["killed", "stopped"])
    def gone(self, request: Any, server: RedisServer) -> Any:
        """A cache that has worked, and whose server is gone now."""
        cache = cache_of(server)
        cache.set("a", 1, 60)
        server.kill() if request.param == "killed" else server.pause()
        return cache

    def test_are_misses(self, gone: Any):
        assert everything(gone) == WITHOUT
        assert not gone.is_well

    def test_are_not_even_tried_just_after_a_failure(self, server: RedisServer):
        cache = cache_of(server, rest_seconds=600)
        server.pause()
        cache.get("a")

        for _ in range(100):
            cache.get("a")

        assert (cache.counts["failed"], cache.counts["skipped"]) == (1, 100)

    def test_are_told_of_once(self, gone: Any, caplog: pytest.LogCaptureFixture):
        until(lambda: gone.get("a") or gone.counts["failed"] >= 3)

        assert [record.levelname for record in caplog.records] == ["WARNING"]
        assert "redis://" not in caplog.text

    def test_end_by_themselves(self, gone: Any, server: RedisServer, caplog: pytest.LogCaptureFixture):
        gone.get("a")
        server.child.resume() if server.child.is_running() else server.start()

        until(lambda: (gone.set("b", 2, 60), gone.get("b"))[1] == 2)
        until(lambda: (gone.get("b"), gone.is_well)[1])

        assert len(caplog.records) == 2
        assert "That is over" in caplog.text

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
        assert full.claim("more", 5)
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
