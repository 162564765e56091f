"""PostgreSQL restarted under load: what was acknowledged is there, nobody waits long, and it goes on."""

import itertools
from collections.abc import Callable, Iterator

import pytest

from deploy.asking import Client
from deploy.crowd import Request, Seen, crowding, longest, of_others, statuses
from deploy.postgresql import Cluster, NoPostgresql, cluster
from tests.faults.shops import ALICE, SCOPES, event, filled, say, stored
from tests.place import Place
from tests.servers import are_required
from tests.waiting import until

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


@pytest.mark.parametrize("end", [Cluster.stop, Cluster.kill], ids=["stopped", "killed"])
class TestRestarted:
    def test_loses_nothing_keeps_nobody_waiting_and_goes_on_by_itself(
        self, server: Cluster, place: Place, web: Client, end: Callable[[Cluster], None]
    ):
        name = end.__name__
        requests = load(name)
        with crowding(web.url, requests, connections=N_CONNECTIONS, key=web.key) as before:
            until(lambda: len(before) > 100)
            end(server)
            n_up = len(before)
            until(lambda: len(before) > n_up + 100)
        # All whose requests were under way have been answered by now, and the server is still away.
        with crowding(web.url, requests, connections=N_CONNECTIONS, key=web.key) as after:
            until(lambda: len(after) > 100)
            server.start()
            until(lambda: len(after) > 200 and set(statuses(after[-50:])) <= {200, 201})
        seen = before + after

        told = f"{name}: {len(seen)} answers {statuses(seen)}, longest {longest(seen):.2f} s"
        kept = acknowledged(seen)
        lost = kept - set(stored(place, name))
        say(f"{told}; {len(kept)} events acknowledged, {len(lost)} lost")
        assert not of_others(seen, (200, 201, 503)), told
        refused = [each.answer for each in seen if each.answer.status == 503]
        assert refused
        assert {answer.headers["content-type"] for answer in refused} == {"application/problem+json"}
        assert all(int(answer.headers["retry-after"]) >= 1 for answer in refused)
        assert kept
        assert not lost
