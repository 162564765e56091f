"""The chat model's explainer over real HTTP: a good answer, and everything that can go wrong with one."""

import gc
import logging
import socket
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from threading import Event
from typing import Any

import pytest

from recommendations.explainers.base import Explanation, Source
from recommendations.explainers.openai import OpenAIExplainer
from recommendations.explainers.prompt import prompt
from recommendations.explainers.template import TemplateExplainer
from tests import llm_server
from tests.contracts.explainer import AUDIO, BESTSELLER, ExplainerContract, evidence
from tests.llm_server import LLMServer, fails, hangs_up, holds, says, sends

KEY = "sk-loopback-0123456789"
GIVEN = evidence(AUDIO, BESTSELLER, summary="Recently viewed: Amp.")
TEMPLATE = TemplateExplainer().explain(GIVEN)
# For tests that end by the time-out; all others may take as long as a busy machine needs.
SHORT, LONG = 0.3, 20.0


def explainer_for(url: str, **options: Any) -> OpenAIExplainer:
    usual = {"api_key": KEY, "model": "gpt-3.5-turbo", "temperature": 0.7, "max_tokens": 150}
    return OpenAIExplainer.from_options(
        **usual | {"base_url": url, "timeout_seconds": LONG, "max_concurrent": 4} | options
    )


@pytest.fixture(autouse=True, scope="module")
def imported() -> None:
    """The first call of a process imports the package; time-outs here are shorter than that may take."""
    with LLMServer() as server:
        assert explainer_for(server.url).explain(GIVEN).source is Source.OPENAI


@pytest.fixture(autouse=True)
def log(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch):
    """Every test also shows that no log of any library, at any level, holds the key or a stack trace."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost,model.test")
    caplog.set_level(logging.DEBUG)
    yield caplog
    assert KEY not in caplog.text
    assert not [record for record in caplog.records if record.exc_info]


@pytest.fixture
def server():
    with LLMServer() as server:
        yield server


def warnings(log: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in log.records if record.levelno >= logging.WARNING]


def join_calls() -> list[threading.Thread]:
    """Return the calls that are still running, after giving each time to end by itself.

    What they left open would be found here: an unclosed connection warns, and warnings are errors.
    """
    calls = [thread for thread in threading.enumerate() if thread.name == "chat"]
    for call in calls:
        call.join(10)
    gc.collect()
    return [call for call in calls if call.is_alive()]


class TestOpenAIExplainer(ExplainerContract):
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


class TestOpenAIExplainerWithoutItsModel(ExplainerContract):
    @pytest.fixture
    def explainer(self, server: LLMServer) -> OpenAIExplainer:
        server.otherwise = fails(401)
        return explainer_for(server.url)

    @pytest.mark.parametrize(
        ("replies", "reason"),
        [
            ([fails(401)], "HTTP 401 (the key is refused)"),
            ([fails(404)], "HTTP 404 (wrong address or model)"),
            ([fails(500, retry_after_ms="1")] * 2, "HTTP 500"),
            ([fails(429, retry_after="0.001")] * 2, "HTTP 429"),
            ([sends(b"{")], "an answer that is not JSON"),
            ([sends(b"\xff")], "an answer that is not JSON"),
            ([sends(b"[" * 100_000)], "an answer that is not JSON"),
            ([sends(b"<html>Hello</html>", content_type="text/html")], "an answer that is not JSON"),
            ([sends(b"")], "an answer that is not JSON"),
            ([sends(b"not gzip", content_encoding="gzip")] * 2, "no connection (DecodingError)"),
            ([sends(b"[]")], "an answer of another shape than a chat completion"),
            ([sends(b'{"choices": []}')], "an answer of another shape than a chat completion"),
            (
                [sends(b'{"choices": [{"message": "Hi"}]}')],
                "an answer of another shape than a chat completion",
            ),
            ([says(None)], "an answer of another shape than a chat completion"),
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

    def test_gives_the_template_when_the_question_cannot_be_sent(self, server: LLMServer, log):
        explainer_for(server.url).explain(evidence(AUDIO, user_name="half a letter: \ud800"))

        assert "the call failed (UnicodeEncodeError)" in warnings(log)[0]

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
            {"retry_after": "60"},
            {"retry_after_ms": "60000"},
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


class TestOpenAIExplainerOutOfTime:
    @pytest.mark.parametrize("drips", [llm_server.drips_head, llm_server.drips_body])
    def test_ends_in_time_when_the_answer_drips(self, server: LLMServer, log, drips):
        server.otherwise = drips

        assert explainer_for(server.url, timeout_seconds=SHORT).explain(GIVEN) == TEMPLATE
        assert "no answer within 0.3 s" in warnings(log)[0]
        assert not join_calls()

    def test_ends_in_time_while_the_server_thinks(self, server: LLMServer, log):
        server.otherwise = holds(server.closing)

        assert explainer_for(server.url, timeout_seconds=SHORT).explain(GIVEN) == TEMPLATE
        assert "no answer within 0.3 s" in warnings(log)[0]
        assert not join_calls()

    @pytest.mark.parametrize("scheme", ["http", "https"])
    def test_ends_in_time_when_the_server_never_says_a_word(self, scheme: str, log):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            url = f"{scheme}://127.0.0.1:{silent.getsockname()[1]}/v1"

            assert explainer_for(url, timeout_seconds=SHORT).explain(GIVEN) == TEMPLATE
            assert "no answer within 0.3 s" in warnings(log)[0]
            assert not join_calls()

    def test_ends_in_time_when_the_name_is_not_found_in_time(self, monkeypatch, log):
        found = Event()

        def slow(*args: Any, **kwargs: Any) -> Any:
            found.wait(llm_server.PATIENCE_SECONDS)
            raise socket.gaierror

        monkeypatch.setattr(socket, "getaddrinfo", slow)
        explainer = explainer_for("http://model.test/v1", timeout_seconds=SHORT, max_concurrent=1)

        explainer.explain(GIVEN)
        explainer.explain(GIVEN)
        found.set()
        assert not join_calls()
        explainer.explain(GIVEN)
        assert not join_calls()

        late, busy = "no answer within 0.3 s.", "no more than 1 may run at once."
        assert [warning.partition(": ")[2] for warning in warnings(log)] == [late, busy, late]

    def test_makes_no_call_more_than_may_run_at_once(self, server: LLMServer, log):
        answered = Event()
        server.replies.append(holds(answered))
        explainer = explainer_for(server.url, max_concurrent=1)

        with ThreadPoolExecutor(1) as shopper:
            first = shopper.submit(explainer.explain, GIVEN)
            assert server.arrivals.acquire(timeout=LONG)
            second = explainer.explain(GIVEN)
            answered.set()

        assert second == TEMPLATE
        assert "no more than 1 may run at once" in warnings(log)[0]
        assert first.result().source is Source.OPENAI
        assert explainer.explain(GIVEN).source is Source.OPENAI

    def test_bounds_its_threads_and_recovers_by_itself(self, server: LLMServer):
        server.otherwise = llm_server.drips_head
        explainer = explainer_for(server.url, timeout_seconds=SHORT, max_concurrent=2)

        def calls_after_one_more(_: int) -> int:
            explainer.explain(GIVEN)
            return sum(thread.name == "chat" for thread in threading.enumerate())

        with ThreadPoolExecutor(6) as shoppers:
            seen = [n for _ in range(4) for n in shoppers.map(calls_after_one_more, range(6))]

        assert max(seen) <= 2
        assert not join_calls()
        server.otherwise = says("Back again.")
        assert any(explainer.explain(GIVEN).text == "Back again." for _ in range(20))

    def test_gives_the_template_when_no_thread_can_start(self, monkeypatch, log):
        def refuse(self: threading.Thread) -> None:
            raise RuntimeError("can't start new thread")

        explainer = explainer_for("http://127.0.0.1:1/v1", max_concurrent=1)
        with monkeypatch.context() as patch:
            patch.setattr(threading.Thread, "start", refuse)
            assert explainer.explain(GIVEN) == TEMPLATE

        assert explainer.explain(GIVEN) == TEMPLATE
        assert "no thread could be started" in warnings(log)[0]
        assert "no connection" in warnings(log)[1]


class TestChatOptions:
    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("api_key", "sk-secret value"),
            ("api_key", "sk-secret\n"),
            ("api_key", None),
            ("base_url", "api.openai.com/v1"),
            ("base_url", "ftp://api.openai.com"),
            ("base_url", "http://"),
            ("base_url", "http://[::1"),
            ("base_url", "http://me:secret@host/v1"),
            ("base_url", None),
            ("model", " "),
            ("temperature", 2.1),
            ("temperature", "warm"),
            ("max_tokens", 0),
            ("max_tokens", 1.5),
            ("timeout_seconds", 0),
            ("timeout_seconds", float("nan")),
            ("timeout_seconds", 601),
            ("max_concurrent", True),
        ],
    )
    def test_names_what_cannot_be_right_without_showing_a_secret(self, name: str, value: Any):
        with pytest.raises(ValueError, match=f"^{name} must be") as caught:
            explainer_for(**{"url": "http://127.0.0.1", name: value})

        assert "secret" not in str(caught.value)

    def test_names_an_option_that_does_not_exist(self):
        with pytest.raises(TypeError, match="mood"):
            explainer_for("http://127.0.0.1", mood="merry")

    def test_does_not_show_its_key(self):
        assert KEY not in repr(vars(explainer_for("http://127.0.0.1")))
