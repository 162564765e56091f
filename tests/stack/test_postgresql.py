"""PostgreSQL restarted or silent under load: acknowledged events are stored, and it recovers."""

from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import httpx2
import pytest

from stack.postgresql import Cluster
from tests.place import Place
from tests.servers import own_postgresql
from tests.silence import SilentProxy
from tests.stack.load import statuses, under_load
from tests.stack.shops import ALICE, assert_none_lost, assert_only, filled, traffic
from tests.waiting import until


@pytest.fixture(scope="module")
def server() -> Iterator[Cluster]:
    """A PostgreSQL server that may be restarted."""
    with own_postgresql() as made:
        yield made


@pytest.fixture(scope="module")
def place(server: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Place:
    return filled(tmp_path_factory.mktemp("restarted"), server.url)


@pytest.fixture(scope="module")
def web(place: Place) -> Iterator[httpx2.Client]:
    """A client of a web server of two processes, which is never restarted."""
    with place.served(key=place.api_key) as client:
        yield client


@pytest.mark.parametrize(
    "end",
    [
        pytest.param(Cluster.stop, id="stopped", marks=pytest.mark.full),
        pytest.param(Cluster.kill, id="killed"),
    ],
)
class TestRestarted:
    def test_loses_nothing_keeps_nobody_waiting_and_goes_on_by_itself(
        self, server: Cluster, place: Place, web: httpx2.Client, end: Callable[[Cluster], None]
    ):
        name = end.__name__
        with under_load(web, traffic(name), connections=8) as load:
            load.wait_for_rounds()
            end(server)
            load.wait_for_rounds()
            server.start()
            until(lambda: web.get(ALICE).status_code == 200)
            load.wait_for_rounds()

        assert_only(load.answers, (200, 201, 503))
        refused = [each.response for each in load.answers if each.response and each.status == 503]
        assert refused
        assert {response.headers["content-type"] for response in refused} == {"application/problem+json"}
        assert all(int(response.headers["retry-after"]) >= 1 for response in refused)
        assert set(statuses(load.answers[-8:])) <= {200, 201}
        assert_none_lost(place, name, load.answers)


class TestSilent:
    """A proxy stands before the server, and stops forwarding: connections stay open, and nothing comes."""

    def test_loses_nothing_answers_everybody_and_goes_on_by_itself(self, server: Cluster, place: Place):
        port = urlsplit(server.url).port or 0
        with SilentProxy(port) as proxy:
            behind = place.with_env(
                DATABASE_URL=server.url.replace(f":{port}/", f":{proxy.port}/"),
                DATABASE_TIMEOUT_SECONDS="1",
                WEB_THREADS="2",
            )
            with (
                behind.served(key=place.api_key) as web,
                under_load(web, traffic("silent"), connections=8) as load,
            ):
                load.wait_for_rounds()
                with proxy.silence():
                    # All threads wait for the database by now, or will.
                    live, ready = web.get("/health/live"), web.get("/health/ready")
                    load.wait_for_rounds()
                until(lambda: web.get(ALICE).status_code == 200)
                until(lambda: web.get("/health/ready").status_code == 200)
                load.wait_for_rounds()

        assert (live.status_code, ready.status_code) == (200, 503)
        assert_only(load.answers, (200, 201, 503))
        refused = [each.response for each in load.answers if each.response and each.status == 503]
        assert all(int(response.headers["retry-after"]) >= 1 for response in refused)
        assert set(statuses(load.answers[-8:])) <= {200, 201}
        assert_none_lost(place, "silent", load.answers)
