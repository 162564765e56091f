"""Redis killed, paused or full: every response of a web server is the same as without a cache.

test_cache.py tests the cache itself.
"""

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.place import Place
from tests.stack.load import under_load
from tests.stack.redis_server import RedisServer, redis_server
from tests.stack.shops import assert_none_lost, assert_only, traffic
from tests.waiting import until


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    with redis_server(tmp_path) as server:
        yield server


def cache_of(web: httpx2.Client) -> str:
    return str(web.get("/health/ready").json()["checks"]["cache"])


class TestUnderAWebServer:
    def test_is_missed_by_nobody_whatever_happens_to_it(self, shop: Place, redis: RedisServer):
        place = shop.with_env(REDIS_URL=redis.url)
        with place.served(key=shop.api_key) as web:
            until(lambda: cache_of(web) == "ok")
            with under_load(web, traffic("redis"), connections=4) as load:
                for break_it in (redis.kill, redis.pause, redis.fill):
                    break_it()
                    until(lambda: cache_of(web) != "ok")
                    load.wait_for_rounds()
                    redis.restart()
                    until(lambda: cache_of(web) == "ok")

        assert_only(load.answers, (200, 201))
        assert_none_lost(shop, "redis-", load.answers)
