"""Rate limits with a real Redis: shared by all processes, and counted locally while it is unavailable."""

from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from redis import Redis
from rest_framework.test import APIClient

from access.scopes import Scope
from access.services import logins, tokens
from observe import metrics
from recsite.cache.redis import TolerantRedisCache
from recsite.cache.shared_window import SharedWindowCounter
from recsite.cache.sliding_window import BUCKETS
from recsite.config.throttle_rates import rates
from recsite.http import throttling
from tests.api.callers import key_header, key_with
from tests.contracts.window_counter import Clock, WindowCounterContract
from tests.factories import StaffFactory
from tests.stack.redis_server import RedisServer, redis_server
from tests.stack.shared import counted_by_one_process, of
from tests.stack.test_cache import LONG_REST_SECONDS, SHORT, cache_of
from tests.waiting import until

PROCESSES, EACH = 4, 500
MANY = 1_000_000  # a limit that no test reaches


@pytest.fixture
def running(tmp_path: Path) -> Iterator[RedisServer]:
    with redis_server(tmp_path) as server:
        yield server


@pytest.fixture
def reported(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Where each call was counted."""
    reported: list[str] = []
    monkeypatch.setattr(metrics.recorder, "counted_for_throttling", reported.append)
    return reported


class TestTogether:
    def test_processes_and_threads_lose_nothing_and_double_nothing(self, redis_url: str):
        with ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn")) as pool:
            found = pool.map(counted_by_one_process, [redis_url] * PROCESSES, [EACH] * PROCESSES)
            counts = [n for by_one in found for n in by_one]

        assert sorted(counts) == list(range(1, PROCESSES * EACH + 1))

    def test_ask_once(self, redis_url: str):
        windows = of(TolerantRedisCache(redis_url, {}))
        windows.count("key", MANY, 60)  # which also has Redis learn the script
        with Redis.from_url(redis_url) as client:
            before = client.info("commandstats")

            windows.count("key", MANY, 60)

            after = client.info("commandstats")
        assert after["cmdstat_evalsha"]["calls"] - before["cmdstat_evalsha"]["calls"] == 1
        assert set(after) - set(before) <= {"cmdstat_info"}

    def test_leave_nothing_in_redis_when_the_last_call_has_left(self, redis_url: str):
        windows = of(TolerantRedisCache(redis_url, {}))
        windows.count("key", MANY, 60)
        with Redis.from_url(redis_url) as client:
            (name,) = client.keys("*")
            left = client.pttl(name)

        assert 60_000 < left <= 60_000 + 60_000 / BUCKETS

    def test_write_nothing_for_a_refused_call(self, redis_url: str):
        windows = of(TolerantRedisCache(redis_url, {}))
        windows.count("key", 1, 60)
        with Redis.from_url(redis_url) as client:
            before = client.info("commandstats")["cmdstat_set"]["calls"]

            assert not windows.count("key", 1, 60).is_allowed

            assert client.info("commandstats")["cmdstat_set"]["calls"] == before

    def test_time_their_windows_by_redis(self, redis_url: str):
        windows = of(TolerantRedisCache(redis_url, {}))
        first, second = windows.count("key", 2, 60), windows.count("key", 2, 60)

        assert first == (True, 1, 60)
        assert second.n == 2
        assert 59 < second.seconds_left <= 60

    @pytest.mark.parametrize(("seconds", "n"), [(1, 3), (59, 3), (61, 1)])
    def test_keep_their_counts_when_the_clock_is_set_back_by_less_than_a_window(
        self, redis_url: str, seconds: float, n: int
    ):
        clock = Clock()
        windows = of(TolerantRedisCache(redis_url, {}), clock)
        windows.count("key", MANY, 60)
        windows.count("key", MANY, 60)
        clock.now -= seconds

        assert windows.count("key", MANY, 60).n == n


class TestContract(WindowCounterContract):
    @pytest.fixture
    def make(self, redis_url: str) -> Callable[[Clock], SharedWindowCounter]:
        def make(clock: Clock) -> SharedWindowCounter:
            cache = TolerantRedisCache(redis_url, {})
            cache.clear()
            return of(cache, clock)

        return make


class TestWithoutRedis:
    @pytest.fixture(params=["killed", "stopped", "full"])
    def gone(self, request: Any, running: RedisServer) -> TolerantRedisCache:
        of(cache_of(running)).count("key", MANY, 60)
        if request.param == "stopped":
            running.pause()
            return cache_of(running, **SHORT)
        cache: TolerantRedisCache = cache_of(running)
        if request.param == "killed":
            running.kill()
        else:
            cache._cache.get_client().config_set("maxmemory-policy", "noeviction")
            cache._cache.get_client().config_set("maxmemory", "1")
        return cache

    def test_the_process_counts_alone_exactly_and_says_so(
        self, gone: TolerantRedisCache, reported: list[str]
    ):
        windows = of(gone)

        assert [windows.count("key", MANY, 600).n for _ in range(50)] == list(range(1, 51))
        assert reported == ["alone"] * 50

    def test_is_tried_once_and_then_left_alone(self, running: RedisServer):
        cache = cache_of(running, **SHORT, rest_seconds=LONG_REST_SECONDS)
        windows = of(cache)
        running.pause()

        for _ in range(200):
            windows.count("key", MANY, 600)

        assert cache.counts["failed"] == 1

    def test_they_count_together_again_by_themselves(
        self, gone: TolerantRedisCache, running: RedisServer, reported: list[str]
    ):
        windows = of(gone)
        windows.count("key", MANY, 600)
        running.child.resume() if running.child.is_running() else running.start()
        with Redis(port=running.port) as client:
            client.config_set("maxmemory", "0")

        until(lambda: (windows.count("key", MANY, 600), reported[-1])[1] == "together")

        assert "alone" in reported

    def test_a_server_that_began_anew_is_told_what_to_do(self, running: RedisServer, reported: list[str]):
        windows = of(cache_of(running))
        windows.count("key", MANY, 60)
        running.restart()

        assert windows.count("key", MANY, 60).n == 1
        assert reported == ["together"] * 2


@pytest.mark.django_db
class TestKeys:
    @pytest.fixture(autouse=True)
    def _shared(self, settings, redis_url: str) -> None:
        settings.CACHES = {
            "default": {"BACKEND": "recsite.cache.redis.TolerantRedisCache", "LOCATION": redis_url}
        }
        settings.THROTTLE_RATES = rates([], open_reads=False)
        throttling.forget()

    def test_hold_no_key_and_no_token(self, redis_url: str):
        made, member = key_with(*Scope), StaffFactory()
        pair = logins.log_in(member, now=timezone.now())
        token = str(tokens.access_token(member))
        for shown in (key_header(made), f"Bearer {token}", "Api-Key recs_aaaaaaaa_canary", "Bearer canary"):
            APIClient().get("/products", headers={"authorization": shown})
        APIClient().post("/token/verify", {"token": pair.refresh})

        with Redis.from_url(redis_url) as client:
            names = sorted(name.decode() for name in client.keys("*throttle*"))

        assert names == [
            f":1:throttle:read:account:{member.pk}",
            ":1:throttle:read:address:127.0.0.1",
            f":1:throttle:read:key:{made.row.prefix}",
            ":1:throttle:token:address:127.0.0.1",
        ]

    def test_are_counted_over_http(self, settings):
        settings.THROTTLE_RATES = rates(["all=off", "read=3/m"], open_reads=False)
        client = APIClient()

        answers = [client.get("/") for _ in range(4)]

        assert [answer.status_code for answer in answers] == [200] * 3 + [429]
        assert [answer.headers["RateLimit-Remaining"] for answer in answers] == ["2", "1", "0", "0"]
