"""One event sent over many connections at once is stored once, and every response names the same row."""

import httpx2

from tests.place import Place
from tests.stack.load import Request, ask_all, statuses
from tests.stack.shops import event, stored

N = 1_500  # `make stack-test` sends 10,000


class TestDuplicates:
    def test_of_an_event_are_one_row_and_one_answer(self, shop: Place, web: httpx2.Client):
        same = Request("POST", "/interactions", event("again-and-again"))

        answers = ask_all(web, [same] * N, connections=64)

        assert statuses(answers) == {200: N - 1, 201: 1}
        assert len({each.json()["id"] for each in answers}) == 1
        assert stored(shop, "again-and-again") == {"again-and-again": 1}

    def test_in_bulk_are_one_row_however_many_send_them(self, shop: Place, web: httpx2.Client):
        parcel = Request("POST", "/interactions/bulk", [event(f"parcel-{n}") for n in range(50)])

        answers = ask_all(web, [parcel] * 32, connections=16)

        assert statuses(answers) == {207: 32}
        assert sum(each.json()["stored"] for each in answers) == 50
        assert sum(each.json()["repeated"] for each in answers) == 31 * 50
        assert stored(shop, "parcel-") == {f"parcel-{n}": 1 for n in range(50)}
