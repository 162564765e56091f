"""PostgreSQL restarted under load: what was acknowledged is there, nobody waits long, and it goes on."""

import itertools
import time
from collections.abc import Callable, Iterator

import pytest

from deploy.asking import Client
from deploy.crowd import Request, Seen, crowding, longest, of_others, statuses
from deploy.postgresql import Cluster, NoPostgresql, cluster
from tests.faults.shops import ALICE, LONGEST_SECONDS, SCOPES, event, filled, say, stored
from tests.place import Place
from tests.servers import are_required

N_CONNECTIONS = 8


@pytest.fixture(scope="module")
def server() -> Iterator[Cluster]:
    """A PostgreSQL that may be restarted."""
    try:
        with cluster() as made:
            yield made
    except NoPostgresql as error:
        (pytest.fail if are_required() else pytest.skip)(f"No faults of PostgreSQL: {error}.")


@pytest.fixture(scope="module")
def place(server: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Place:
    return filled(tmp_path_factory.mktemp("restarted"), server.url)


@pytest.fixture(scope="module")
def web(place: Place) -> Iterator[Client]:
    """A web server of two processes, for all tests: it is never restarted."""
    with place.served() as client:
        client.key = place.key(*SCOPES)
        yield client


def load(name: str) -> Iterator[Request]:
    """Write an event of an id of its own, read a list, read products, for ever."""
    for n in itertools.count():
        yield Request("POST", "/interactions", event(f"{name}-{n}"), f"{name}-{n}")
        yield Request("GET", ALICE)
        yield Request("GET", "/products")


def acknowledged(seen: list[Seen]) -> set[str]:
    return {each.request.name for each in seen if each.request.name and each.answer.status in (200, 201)}


def until(is_so: Callable[[], bool], seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.01)


@pytest.mark.parametrize("end", [Cluster.stop, Cluster.kill], ids=["stopped", "killed"])
class TestRestarted:
    def test_loses_nothing_keeps_nobody_waiting_and_goes_on_by_itself(
        self, server: Cluster, place: Place, web: Client, end: Callable[[Cluster], None]
    ):
        name = end.__name__
        with crowding(web.url, load(name), connections=N_CONNECTIONS, key=web.key) as seen:
            until(lambda: len(seen) > 100)
            end(server)
            n_before = len(seen)
            until(lambda: len(seen) > n_before + 100)
            server.start()
            until(lambda: web.get(ALICE).status == 200)
            n_back = len(seen)
            until(lambda: len(seen) > n_back + 100)

        told = f"{name}: {len(seen)} answers {statuses(seen)}, longest {longest(seen):.2f} s"
        kept = acknowledged(seen)
        lost = kept - set(stored(place, name))
        say(f"{told}; {len(kept)} events acknowledged, {len(lost)} lost")
        assert not of_others(seen, (200, 201, 503)), told
        refused = [each.answer for each in seen if each.answer.status == 503]
        assert refused
        assert {answer.headers["content-type"] for answer in refused} == {"application/problem+json"}
        assert all(int(answer.headers["retry-after"]) >= 1 for answer in refused)
        assert longest(seen) <= LONGEST_SECONDS, told
        assert kept
        assert not lost
        assert set(statuses(seen[-20:])) <= {200, 201}
