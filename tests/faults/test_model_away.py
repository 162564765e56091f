"""A model that is slow, down or answers garbage, asked while the caller waits: the template answers."""

from collections.abc import Iterator
from threading import Event

import pytest

from deploy.asking import Client
from deploy.crowd import Request, asked, longest, statuses
from deploy.processes import free_port
from tests.faults.shops import ALICE, say
from tests.llm_server import LLMServer, drips_body, drips_head, fails, hangs_up, holds, says, sends
from tests.place import Place
from tests.waiting import until

GARBAGE = (
    sends(b"<html>It works!</html>"),
    sends(b""),
    sends(b"\x00\xff" * 4_000),
    sends(b"{}"),
    sends(b'{"choices": [{"message": {"content": 7}}]}'),
    says(""),
    says("x" * 200_000),
    hangs_up,
    fails(500),
    fails(429, retry_after="3600"),
)


@pytest.fixture
def model() -> Iterator[LLMServer]:
    with LLMServer() as server:
        yield server


def written(shop: Place, url: str) -> Place:
    """Return the shop with a model that writes its words inline, every default as it is."""
    return shop.with_env(OPENAI_API_KEY="sk-loopback", OPENAI_BASE_URL=url)


def source(web: Client) -> str:
    return str(web.get(ALICE).body["explanation_source"])


class TestModel:
    def test_that_never_answers_is_not_waited_for(self, shop: Place, model: LLMServer):
        never = Event()
        model.replies.extend([holds(never), drips_head, drips_body, holds(never)])
        # Two ask for the same at once: neither waits for the model twice.
        names = ("alice", "alice", "bob", "carol")
        people = [Request("GET", f"/recommend/ext:{name}?top_n=5") for name in names]

        with written(shop, model.url).served() as web:
            seen = asked(web.url, people, connections=len(people))  # while the model still holds them
            never.set()
            say(f"slow: {statuses(seen)}, longest {longest(seen):.2f} s")

            assert statuses(seen) == {200: 4}
            assert {each.answer.body["explanation_source"] for each in seen} == {"template"}
            until(lambda: source(web) == "openai")

    def test_that_answers_garbage_is_not_quoted(self, shop: Place, model: LLMServer):
        with written(shop, model.url).served() as web:
            seen = []
            for model.otherwise in GARBAGE:
                seen += asked(web.url, [Request("GET", ALICE)], connections=1)
            model.otherwise = says("These were picked for you.")
            say(f"garbage: {statuses(seen)}, longest {longest(seen):.2f} s")

            assert statuses(seen) == {200: len(GARBAGE)}
            assert {each.answer.body["explanation_source"] for each in seen} == {"template"}
            until(lambda: source(web) == "openai")

    def test_that_is_down_costs_no_answer(self, shop: Place):
        with written(shop, f"http://127.0.0.1:{free_port()}/v1").served() as web:
            seen = asked(web.url, [Request("GET", ALICE)] * 12, connections=4)

        say(f"down: {statuses(seen)}, longest {longest(seen):.2f} s")
        assert statuses(seen) == {200: 12}
        assert {each.answer.body["explanation_source"] for each in seen} == {"template"}
