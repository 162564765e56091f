"""Clocks that are wrong: of whoever reports an event, and of one web server among others."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from deploy.asking import Client
from tests.faults.shops import ALICE, SCOPES, event
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
    return [product["id"] for product in answer.body["recommended_products"]]


@pytest.fixture(scope="module")
def web(shop: Place) -> Iterator[Client]:
    """A server whose clock is right."""
    with shop.served() as client:
        client.key = shop.key(*SCOPES)
        yield client


@pytest.fixture(params=[60, -60], ids=["ahead", "behind"])
def wrong(shop: Place, web: Client, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Client]:
    """Another server of the same shop, whose clock is wrong by so many seconds."""
    (tmp_path / "sitecustomize.py").write_text(AHEAD.format(seconds=request.param))
    place = Place(tmp_path, shop.with_env(PYTHONPATH=f"{tmp_path}:{ROOT}").env)
    with place.served() as client:
        client.key = web.key
        yield client


class TestReporters:
    def test_clocks_count_within_a_day_and_are_refused_beyond(self, web: Client):
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
        for path in (ALICE, "/trending?top_n=5", f"{ALICE}&strategy=trending"):
            assert len(ids(web, path)) == 5

    def test_clock_ahead_hides_nothing_that_happens_now(self, web: Client):
        """An event that claims to be of this evening does not keep what is dismissed now in the list."""
        first, *_ = ids(web)
        for name, more in (
            ("ahead", {"action_type": "view", "occurred_at": at(hours=12)}),
            ("now", {"action_type": "dismiss"}),
        ):
            told = event(f"evening-{name}", product_id=first, **more)
            assert web.post("/interactions", told).status == 201

        assert first not in ids(web)


class TestServers:
    def test_of_two_times_heed_each_others_events_and_take_each_others_tokens(
        self, web: Client, wrong: Client
    ):
        for here, there in ((web, wrong), (wrong, web)):
            first, *_ = ids(here)
            dismissed = event(f"dismissed-{here.url}-{there.url}", product_id=first, action_type="dismiss")
            told, again = here.post("/interactions", dismissed), there.post("/interactions", dismissed)
            token = here.post("/token/shopper", {"user": "ext:alice"}).body["access"]

            assert (told.status, again.status) == (201, 200)
            assert again.body == told.body
            assert first not in ids(here)
            assert first not in ids(Client(there.url, token=token))
