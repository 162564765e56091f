"""Two keys of a language model's server: the second is used when the first is refused."""

import pytest

from observe import metrics
from recommendations.explainers import chat
from recommendations.explainers.chat_options import ChatOptions
from recommendations.explainers.openai import OpenAIExplainer
from recommendations.explainers.prompt import Prompt
from tests.chat import GIVEN, KEY, TEMPLATE, OverHTTP, explainer_for, warnings
from tests.integration.test_openai_metrics import reported
from tests.llm_server import Handler, LLMServer, Reply, fails, says

pytestmark = pytest.mark.usefixtures("counted_anew")
SECOND = "sk-second-9876543210"


REFUSES = fails(401)


def knows(*keys: str, otherwise: Reply = REFUSES) -> Reply:
    """Answer requests that carry one of the keys."""

    def reply(handler: Handler) -> None:
        shown = handler.headers["authorization"].removeprefix("Bearer ")
        (says("Enjoy!") if shown in keys else otherwise)(handler)

    return reply


def shown(server: LLMServer) -> list[str]:
    """Return the keys with which was asked, in order."""
    names = {KEY: "first", SECOND: "second"}
    return [names[question.headers["authorization"].removeprefix("Bearer ")] for question in server.questions]


class TestTwoKeys(OverHTTP):
    @pytest.fixture
    def explainer(self, server: LLMServer) -> OpenAIExplainer:
        return explainer_for(server.url, second_api_key=SECOND)

    def test_asks_with_the_first_while_it_is_good(self, server, explainer, log):
        server.otherwise = knows(KEY, SECOND)

        explainer.explain(GIVEN)
        explainer.explain(GIVEN)

        assert shown(server) == ["first", "first"]
        assert warnings(log) == []

    @pytest.mark.parametrize("status", [401, 403])
    def test_asks_with_the_second_when_the_first_is_refused(self, server, explainer, log, status: int):
        server.otherwise = knows(SECOND, otherwise=fails(status))

        assert explainer.explain(GIVEN).text == "Enjoy!"

        assert shown(server) == ["first", "second"]
        assert warnings(log) == [
            "The language model's server refuses the first key; the second key is used from now on."
        ]
        assert SECOND not in log.text

    def test_remembers_which_one_is_good(self, server, explainer, log):
        server.otherwise = knows(SECOND)

        for _ in range(3):
            assert explainer.explain(GIVEN).text == "Enjoy!"

        assert shown(server) == ["first", "second", "second", "second"]
        assert len(warnings(log)) == 1

    def test_goes_back_to_the_first_when_that_is_good_again(self, server, explainer):
        server.otherwise = knows(SECOND)
        explainer.explain(GIVEN)
        server.otherwise = knows(KEY)

        assert explainer.explain(GIVEN).text == "Enjoy!"
        assert explainer.explain(GIVEN).text == "Enjoy!"

        assert shown(server) == ["first", "second", "second", "first", "first"]

    def test_gives_the_template_when_both_are_refused(self, server, explainer, log):
        server.otherwise = fails(401)

        assert explainer.explain(GIVEN) == TEMPLATE

        assert shown(server) == ["first", "second"]
        assert warnings(log) == [
            "The template explains instead of gpt-3.5-turbo: HTTP 401 (the key is refused), code no, "
            '"Refused: Bearer [redacted]".'
        ]
        assert SECOND not in log.text

    @pytest.mark.parametrize("reply", [fails(404), fails(429, retry_after="3600")], ids=["404", "429"])
    def test_is_not_tried_for_what_is_not_the_keys_fault(self, server, explainer, reply):
        server.otherwise = reply

        assert explainer.explain(GIVEN) == TEMPLATE

        assert shown(server) == ["first"]

    def test_have_one_deadline(self, server, explainer, monkeypatch):
        server.otherwise = knows(SECOND)
        complete, deadlines = chat.complete, []

        def noted(options: ChatOptions, key: str, prompt: Prompt, deadline: float) -> str:
            deadlines.append(deadline)
            return complete(options, key, prompt, deadline)

        monkeypatch.setattr(chat, "complete", noted)

        assert explainer.explain(GIVEN).text == "Enjoy!"

        assert shown(server) == ["first", "second"]
        assert deadlines[0] == deadlines[1]

    def test_are_counted_when_they_are_refused(self, server, explainer):
        server.otherwise = knows(SECOND)
        explainer.explain(GIVEN)
        server.otherwise = fails(401)
        explainer.explain(GIVEN)

        assert reported("shop_llm_keys_refused_total") == {"first": 2, "second": 1}
        assert reported("shop_llm_calls_total") == {"written": 1, "HTTP 401": 1}

    def test_are_shown_nowhere(self, explainer):
        assert SECOND not in repr(vars(explainer))

    def test_that_are_the_same_are_one(self, server):
        server.otherwise = fails(401)

        explainer_for(server.url, second_api_key=KEY).explain(GIVEN)

        assert shown(server) == ["first"]

    def test_may_be_the_second_alone(self, server):
        server.otherwise = knows(SECOND)

        assert explainer_for(server.url, api_key="", second_api_key=SECOND).explain(GIVEN).text == "Enjoy!"


class TestSink:
    def test_takes_a_refusal_where_nobody_counts(self):
        metrics.Recorder().key_refused("first")
        metrics.Recorder().shared_cache("hit")
