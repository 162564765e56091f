"""Clocks that are wrong: of whoever reports an event, and of one web server among others."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from deploy.asking import Client
from tests.faults.shops import ALICE, LONGEST_SECONDS, SCOPES, event
from tests.place import ROOT, Place

# Put where Python looks for it: the whole process believes that it is another time, and time goes on.
AHEAD = """
import time_machine
from datetime import datetime, timedelta, UTC
time_machine.travel(datetime.now(UTC) + timedelta(seconds={seconds}), tick=True).start()
"""


def at(**ahead: float) -> str:
    return (datetime.now(UTC) + timedelta(**ahead)).isoformat()


def ids(client: Client, path: str = ALICE) -> list[int]:
    answer = client.get(path)
    assert answer.status == 200, answer.body
    assert answer.seconds <= LONGEST_SECONDS
    return [product["id"] for product in answer.body["recommended_products"]]


@pytest.fixture
def other(shop: Place, tmp_path: Path, request: pytest.FixtureRequest) -> Place:
    """The shop as a machine sees it whose clock is wrong by so many seconds."""
    (tmp_path / "sitecustomize.py").write_text(AHEAD.format(seconds=request.param))
    return Place(tmp_path, shop.with_env(PYTHONPATH=f"{tmp_path}:{ROOT}").env)


class TestReporters:
    def test_clocks_count_within_a_day_and_are_refused_beyond(self, shop: Place):
        with shop.served() as web:
            web.key = shop.key(*SCOPES)
            said = {
                name: web.post("/interactions", event(f"clock-{name}", occurred_at=moment))
                for name, moment in {
                    "an hour ahead": at(hours=1),
                    "a day behind": at(days=-1),
                    "forty years behind": "1986-01-01T00:00:00Z",
                    "two days ahead": at(days=2),
                    "before all": "1969-12-31T23:59:59Z",
                    "nowhere": "2026-01-01T12:00:00",
                }.items()
            }
            lists = ids(web), ids(web, "/trending?top_n=5"), ids(web, f"{ALICE}&strategy=trending")

        assert {name: answer.status for name, answer in said.items()} == {
            "an hour ahead": 201,
            "a day behind": 201,
            "forty years behind": 201,
            "two days ahead": 400,
            "before all": 400,
            "nowhere": 400,
        }
        refused = [answer.body["errors"][0]["field"] for answer in said.values() if answer.status == 400]
        assert refused == ["occurred_at"] * 3
        assert all(len(each) == 5 for each in lists)

    def test_clock_ahead_hides_nothing_that_happens_now(self, shop: Place):
        """An event that claims to be of this evening does not keep what is dismissed now in the list."""
        with shop.served() as web:
            web.key = shop.key(*SCOPES)
            first, *_ = ids(web)
            for name, more in (
                ("ahead", {"action_type": "view", "occurred_at": at(hours=12)}),
                ("now", {"action_type": "dismiss"}),
            ):
                told = event(f"evening-{name}", product_id=first, **more)
                assert web.post("/interactions", told).status == 201

            assert first not in ids(web)


@pytest.mark.parametrize("other", [60, -60], indirect=True, ids=["ahead", "behind"])
class TestServers:
    def test_of_two_times_heed_each_others_events(self, shop: Place, other: Place):
        key = shop.key(*SCOPES)
        with shop.served() as web, other.served("other") as wrong:
            web.key = wrong.key = key
            for here, there in ((web, wrong), (wrong, web)):
                first, *_ = ids(here)
                name = f"dismissed-{here.url}-{there.url}"
                told = here.post("/interactions", event(name, product_id=first, action_type="dismiss"))
                again = there.post("/interactions", event(name, product_id=first, action_type="dismiss"))

                assert (told.status, again.status) == (201, 200)
                assert again.body == told.body
                assert first not in ids(here)
                assert first not in ids(there)

    def test_of_two_times_take_each_others_tokens(self, shop: Place, other: Place):
        key = shop.key(*SCOPES)
        with shop.served() as web, other.served("other") as wrong:
            for here, there in ((web, wrong), (wrong, web)):
                here.key = key
                token = here.post("/token/shopper", {"user": "ext:alice"}).body["access"]
                answer = Client(there.url, token=token).get(ALICE)

                assert answer.status == 200, answer.body
