"""One event, sent over many connections at once: it is stored once, and everybody is told of the same row."""

from collections.abc import Iterator

import pytest

from deploy.asking import Client
from deploy.crowd import Request, asked, longest, statuses
from tests.faults.shops import SCOPES, event, say, stored
from tests.place import Place

N_CONNECTIONS = 64
N = 1_500  # `make stack-test` sends 10,000


@pytest.fixture(scope="module")
def web(shop: Place) -> Iterator[Client]:
    with shop.served() as client:
        client.key = shop.key(*SCOPES)
        yield client


class TestDuplicates:
    def test_of_an_event_are_one_row_and_one_answer(self, shop: Place, web: Client):
        same = (Request("POST", "/interactions", event("again-and-again")) for _ in range(N))

        seen = asked(web.url, same, connections=N_CONNECTIONS, key=web.key)

        told = f"{statuses(seen)}, longest {longest(seen):.2f} s"
        say(told)
        assert statuses(seen) == {200: N - 1, 201: 1}, told
        assert len({each.answer.body["id"] for each in seen}) == 1
        assert stored(shop, "again-and-again") == {"again-and-again": 1}

    def test_in_bulk_are_one_row_however_many_send_them(self, shop: Place, web: Client):
        events = [event(f"parcel-{n}") for n in range(50)]
        parcels = (Request("POST", "/interactions/bulk", events) for _ in range(32))

        seen = asked(web.url, parcels, connections=16, key=web.key)

        assert statuses(seen) == {207: 32}
        assert sum(each.answer.body["stored"] for each in seen) == 50
        assert sum(each.answer.body["repeated"] for each in seen) == 31 * 50
        assert stored(shop, "parcel-") == {f"parcel-{n}": 1 for n in range(50)}
