"""Wrong clocks: of the sender of an event, and of one web server among others."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest

from tests.place import ROOT, Place, client_of
from tests.stack.shops import ALICE, event

# Put where Python looks for it: the whole process believes that it is another time, and time goes on.
AHEAD = """
import time_machine
from datetime import datetime, timedelta, UTC
time_machine.travel(datetime.now(UTC) + timedelta(seconds={seconds}), tick=True).start()
"""


def at(**ahead: float) -> str:
    return (datetime.now(UTC) + timedelta(**ahead)).isoformat()


def ids(client: httpx2.Client, path: str = ALICE) -> list[int]:
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    return [product["id"] for product in answer.json()["recommended_products"]]


@pytest.fixture(params=[pytest.param(60, id="ahead"), pytest.param(-60, id="behind", marks=pytest.mark.full)])
def wrong(
    shop: Place, web: httpx2.Client, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[httpx2.Client]:
    """Another server of the same shop, whose clock is wrong by so many seconds."""
    (tmp_path / "sitecustomize.py").write_text(AHEAD.format(seconds=request.param))
    place = Place(tmp_path, shop.with_env(PYTHONPATH=f"{tmp_path}:{ROOT}").env)
    with place.served() as client:
        client.headers["Authorization"] = web.headers["Authorization"]
        yield client


class TestReporters:
    def test_clocks_count_within_a_day_and_are_refused_beyond(self, web: httpx2.Client):
        output = {
            name: web.post("/interactions", json=event(f"clock-{name}", occurred_at=moment))
            for name, moment in {
                "an hour ahead": at(hours=1),
                "a day behind": at(days=-1),
                "forty years behind": "1986-01-01T00:00:00Z",
                "two days ahead": at(days=2),
                "before all": "1969-12-31T23:59:59Z",
                "nowhere": "2026-01-01T12:00:00",
            }.items()
        }

        assert {name: answer.status_code for name, answer in output.items()} == {
            "an hour ahead": 201,
            "a day behind": 201,
            "forty years behind": 201,
            "two days ahead": 400,
            "before all": 400,
            "nowhere": 400,
        }
        refused = [
            answer.json()["errors"][0]["field"] for answer in output.values() if answer.status_code == 400
        ]
        assert refused == ["occurred_at"] * 3
        for path in (ALICE, "/trending?top_n=5", f"{ALICE}&strategy=trending"):
            assert len(ids(web, path)) == 5

    def test_clock_ahead_hides_nothing_that_happens_now(self, web: httpx2.Client):
        """An event dated in the evening does not keep a product that is dismissed now in the list."""
        first, *_ = ids(web)
        for name, more in (
            ("ahead", {"action_type": "view", "occurred_at": at(hours=12)}),
            ("now", {"action_type": "dismiss"}),
        ):
            reported = event(f"evening-{name}", product_id=first, **more)
            assert web.post("/interactions", json=reported).status_code == 201

        assert first not in ids(web)


class TestServers:
    def test_of_two_times_heed_each_others_events_and_take_each_others_tokens(
        self, web: httpx2.Client, wrong: httpx2.Client
    ):
        for here, there in ((web, wrong), (wrong, web)):
            first, *_ = ids(here)
            dismissed = event(
                f"dismissed-{here.base_url}-{there.base_url}", product_id=first, action_type="dismiss"
            )
            reported, again = [each.post("/interactions", json=dismissed) for each in (here, there)]
            token = here.post("/token/shopper", json={"user": "ext:alice"}).json()["access"]

            assert (reported.status_code, again.status_code) == (201, 200)
            assert again.json() == reported.json()
            assert first not in ids(here)
            with client_of(str(there.base_url), token=token) as alice:
                assert first not in ids(alice)
