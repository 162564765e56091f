"""A language model that is slow, down or returns garbage while the request waits: the template is used."""

from collections.abc import Iterator
from threading import Event

import httpx2
import pytest

from stack.processes import free_port
from tests.llm_server import LLMServer, drips_body, drips_head, fails, hangs_up, holds, says, sends
from tests.place import Place
from tests.stack.load import Answer, Request, ask_all, statuses
from tests.stack.shops import ALICE
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
    """Return the shop with a model that writes explanations inline, and rests for 0.1 s after failures."""
    return shop.with_env(OPENAI_API_KEY="sk-loopback", OPENAI_BASE_URL=url, OPENAI_REST_SECONDS="0.1")


def source(web: httpx2.Client) -> str:
    return str(web.get(ALICE).json()["explanation_source"])


def sources(answers: list[Answer]) -> set[str]:
    return {each.json()["explanation_source"] for each in answers}


class TestModel:
    def test_that_never_answers_is_not_waited_for(self, shop: Place, model: LLMServer):
        never = Event()
        model.replies.extend([holds(never), drips_head, drips_body, holds(never)])
        # Two ask for the same at once: neither waits for the model twice.
        names = ("alice", "alice", "bob", "carol")
        people = [Request("GET", f"/recommend/ext:{name}?top_n=5") for name in names]

        with written(shop, model.url).served() as web:
            answers = ask_all(web, people, connections=len(people))  # before the model answers anybody
            never.set()

            assert statuses(answers) == {200: 4}
            assert sources(answers) == {"template"}
            until(lambda: source(web) == "openai")

    def test_that_answers_garbage_is_not_quoted(self, shop: Place, model: LLMServer):
        with written(shop, model.url).served() as web:
            answers = []
            for model.otherwise in GARBAGE:
                answers += ask_all(web, [Request("GET", ALICE)], connections=1)
            model.otherwise = says("These were picked for you.")

            assert statuses(answers) == {200: len(GARBAGE)}
            assert sources(answers) == {"template"}
            until(lambda: source(web) == "openai")

    def test_that_is_down_costs_no_answer(self, shop: Place):
        with written(shop, f"http://127.0.0.1:{free_port()}/v1").served() as web:
            answers = ask_all(web, [Request("GET", ALICE)] * 12, connections=4)

        assert statuses(answers) == {200: 12}
        assert sources(answers) == {"template"}
