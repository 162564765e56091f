"""The chat model's explainer over real HTTP: a good answer, and everything that can be wrong with one."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from recommendations.explainers.base import Explanation, Source
from recommendations.explainers.checked import check_answer
from recommendations.explainers.openai import OpenAIExplainer
from recommendations.explainers.prompt import prompt
from tests.chat import GIVEN, KEY, TEMPLATE, OverHTTP, explainer_for, warnings
from tests.contracts.explainer import ExplainerContract
from tests.llm_server import LLMServer, fails, hangs_up, says, sends

# What the log repeats of the answer of `fails`.
QUOTED = ', code no, "Refused: Bearer [redacted]"'


class TestOpenAIExplainer(OverHTTP, ExplainerContract):
    source = Source.OPENAI

    @pytest.fixture
    def explainer(self, server: LLMServer) -> OpenAIExplainer:
        server.otherwise = says("Hello Alice, here you are.")
        return explainer_for(server.url)

    def test_gives_the_models_text_stripped(self, server: LLMServer):
        server.replies.append(says(" \n Dear Alice,\nenjoy! \n"))

        assert explainer_for(server.url).explain(GIVEN) == Explanation("Dear Alice,\nenjoy!", Source.OPENAI)

    def test_asks_as_the_options_say(self, server: LLMServer):
        explainer_for(server.url).explain(GIVEN)

        [question] = server.questions
        assert question.path == "/v1/chat/completions"
        assert question.headers["authorization"] == f"Bearer {KEY}"
        assert question.body == {
            "model": "gpt-3.5-turbo",
            "temperature": 0.7,
            "max_tokens": 150,
            "messages": [
                {"role": "system", "content": prompt(GIVEN).system},
                {"role": "user", "content": prompt(GIVEN).user},
            ],
        }

    def test_drops_what_databases_and_json_refuse(self, server: LLMServer):
        server.replies.append(says("Dear\x00 Alice\ud800, 👩‍👧!"))

        assert explainer_for(server.url).explain(GIVEN).text == "Dear Alice, 👩‍👧!"

    @pytest.mark.parametrize("status", [429, 500])
    def test_tries_again_once(self, server: LLMServer, status: int):
        server.replies.extend([fails(status, retry_after_ms="1"), says("Now.")])

        assert explainer_for(server.url).explain(GIVEN).text == "Now."

    def test_tries_again_when_the_connection_broke(self, server: LLMServer):
        server.replies.extend([hangs_up, says("Now.")])

        assert explainer_for(server.url).explain(GIVEN).text == "Now."

    def test_says_what_it_is(self):
        explainer = explainer_for("http://127.0.0.1", max_concurrent=3)

        assert (explainer.source, explainer.concurrency) == (Source.OPENAI, 3)

    def test_imports_the_package_only_when_it_asks(self):
        code = (
            "import sys; from recommendations.explainers.openai import OpenAIExplainer as E;"
            "E.from_options(api_key='', base_url='http://127.0.0.1', model='m', temperature=0,"
            " max_tokens=1, timeout_seconds=1, max_concurrent=1);"
            "sys.exit('openai' in sys.modules)"
        )

        assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


class TestOpenAIExplainerWithoutItsModel(OverHTTP, ExplainerContract):
    @pytest.fixture
    def explainer(self, server: LLMServer) -> OpenAIExplainer:
        server.otherwise = fails(401)
        return explainer_for(server.url)

    @pytest.mark.parametrize(
        ("replies", "reason"),
        [
            ([fails(401)], f"HTTP 401 (the key is refused){QUOTED}"),
            ([fails(404)], f"HTTP 404 (wrong address or model){QUOTED}"),
            ([fails(500, retry_after_ms="1")] * 2, f"HTTP 500{QUOTED}"),
            ([fails(429, retry_after="0.001")] * 2, f"HTTP 429{QUOTED}"),
            ([sends(b"{")], "an answer that is not JSON"),
            ([sends(b"\xff")], "an answer that is not JSON"),
            ([sends(b"[" * 100_000)], "an answer that is not JSON"),
            ([sends(b"<html>Hello</html>", content_type="text/html")], "an answer that is not JSON"),
            ([sends(b"")], "an answer that is not JSON"),
            ([sends(b"not gzip", content_encoding="gzip")] * 2, "no connection (DecodingError)"),
            ([sends(b"[]")], "an answer that is not a chat completion"),
            ([sends(b'{"choices": []}')], "an answer that is not a chat completion"),
            (
                [sends(b'{"choices": [{"message": "Hi"}]}')],
                "an answer that is not a chat completion",
            ),
            ([says(None)], "an answer that is not a chat completion"),
            ([says("")], "an empty answer"),
            ([says(" \n\x00")], "an empty answer"),
            ([hangs_up] * 2, "no connection (RemoteProtocolError)"),
        ],
    )
    def test_gives_the_template_and_logs_why(self, server: LLMServer, log, replies: list, reason: str):
        server.replies.extend(replies)

        assert explainer_for(server.url).explain(GIVEN) == TEMPLATE
        assert warnings(log) == [f"The template explains instead of gpt-3.5-turbo: {reason}."]
        assert not server.replies

    def test_gives_the_template_when_nobody_listens(self, log):
        assert explainer_for("http://127.0.0.1:1/v1").explain(GIVEN) == TEMPLATE
        assert "no connection (ConnectError)" in warnings(log)[0]

    def test_serves_only_the_sentences_that_hold(self, server: LLMServer, log):
        explainer = explainer_for(server.url, check=check_answer)
        server.otherwise = says(
            "Hi Alice! You like audio, so we picked the Wireless Earbuds. You own a boat."
        )

        assert explainer.explain(GIVEN).text == "Hi Alice! You like audio, so we picked the Wireless Earbuds."

    def test_gives_the_template_for_an_answer_that_makes_an_offer_up(self, server: LLMServer, log):
        explainer = explainer_for(server.url, check=check_answer)
        server.otherwise = says("We picked the Wireless Earbuds. They are on sale until Friday!")

        assert explainer.explain(GIVEN) == TEMPLATE
        assert "refused 1 sentences" in log.text
        assert "Friday" not in log.text

    def test_gives_the_template_without_a_key(self, server: LLMServer, log):
        assert explainer_for(server.url, api_key="").explain(GIVEN) == TEMPLATE
        assert "no API key is set" in warnings(log)[0]
        assert not server.questions

    def test_takes_its_key_to_no_other_server(self, server: LLMServer, log):
        with LLMServer() as other:
            server.replies.append(sends(b"", status=307, location=f"{other.url}/chat/completions"))

            assert explainer_for(server.url).explain(GIVEN) == TEMPLATE
            assert not other.questions
        assert "HTTP 307" in warnings(log)[0]

    @pytest.mark.parametrize(
        "asked",
        [
            {"retry_after": "3600"},
            {"retry_after_ms": "3600000"},
            {"retry_after": format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)},
        ],
        ids=["seconds", "milliseconds", "date"],
    )
    def test_does_not_begin_a_wait_that_is_too_long(self, server: LLMServer, log, asked: dict[str, str]):
        server.replies.append(fails(429, **asked))

        assert explainer_for(server.url).explain(GIVEN) == TEMPLATE
        assert "HTTP 429, to be tried again in " in warnings(log)[0]

    def test_takes_an_unreadable_wait_for_none(self, server: LLMServer):
        server.replies.extend([fails(429, retry_after="soon"), says("Now.")])

        assert explainer_for(server.url).explain(GIVEN).text == "Now."
