"""Redis killed, paused, full under a web server: every answer is what it would have been without a cache.

What the cache itself does of it is in test_cache.py.
"""

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deploy.asking import Client
from deploy.crowd import Request, crowding, longest, statuses
from deploy.processes import Child, free_port
from deploy.redis_server import NoRedis, start_redis
from tests.faults.shops import ALICE, SCOPES, event, say, stored
from tests.place import Place
from tests.servers import are_required
from tests.waiting import until

N_CONNECTIONS = 4


class Redis:
    """A Redis of this test alone."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.child: Child = start_redis(folder, self.port)

    def kill(self) -> None:
        self.child.kill()

    def pause(self) -> None:
        os.kill(self.child.pid, signal.SIGSTOP)

    def fill(self) -> None:
        self.child.stop()
        self.child = start_redis(
            self.folder, self.port, "--maxmemory", "1", "--maxmemory-policy", "noeviction"
        )

    def mend(self) -> None:
        if self.child.is_running():
            os.kill(self.child.pid, signal.SIGCONT)
            self.child.stop()
        self.child = start_redis(self.folder, self.port)


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Redis]:
    try:
        made = Redis(tmp_path)
    except NoRedis as error:
        (pytest.fail if are_required() else pytest.skip)(f"No faults of Redis: {error}.")
    yield made
    if made.child.is_running():
        os.kill(made.child.pid, signal.SIGCONT)
        made.child.stop()


def cache_of(web: Client) -> str:
    return str(web.get("/health/ready").body["checks"]["cache"])


class TestUnderAWebServer:
    def test_is_missed_by_nobody_whatever_happens_to_it(self, shop: Place, redis: Redis):
        place = shop.with_env(REDIS_URL=f"redis://127.0.0.1:{redis.port}/0")
        load = (
            Request(*request)
            for n in range(1_000_000)
            for request in (
                ("GET", ALICE),
                ("GET", "/recommend/ext:bob?top_n=5"),
                ("GET", "/products"),
                ("POST", "/interactions", event(f"redis-{n}"), f"redis-{n}"),
            )
        )
        breaks: tuple[Callable[[], None], ...] = (redis.kill, redis.pause, redis.fill)
        with place.served() as web:
            until(lambda: cache_of(web) == "ok")
            with crowding(web.url, load, connections=N_CONNECTIONS, key=shop.key(*SCOPES)) as seen:
                for break_it in breaks:
                    break_it()
                    until(lambda: cache_of(web) != "ok")
                    # Answers come while it is away: nobody waits until it is back.
                    n_before = len(seen)
                    until(lambda before=n_before: len(seen) > before + 100)  # type: ignore[misc]
                    began = time.monotonic()
                    redis.mend()
                    until(lambda: cache_of(web) == "ok")
                    say(f"{break_it.__name__}: back after {time.monotonic() - began:.1f} s")

        told = f"{statuses(seen)}, longest {longest(seen):.2f} s"
        say(told)
        assert set(statuses(seen)) == {200, 201}, told
        written = {each.request.name for each in seen if each.request.name}
        assert written == set(stored(shop, "redis-"))
