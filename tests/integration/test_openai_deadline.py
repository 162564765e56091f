"""The chat model's explainer and time: it ends when it must, and leaves nothing behind."""

import gc
import gzip
import socket
import threading
import zlib
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import pytest

from recommendations.explainers import chat
from recommendations.explainers.base import Source
from tests import llm_server
from tests.chat import GIVEN, LONG, SHORT, TEMPLATE, OverHTTP, explainer_for, warnings
from tests.llm_server import LLMServer, holds, says
from tests.waiting import PATIENCE_SECONDS, until


def join_calls() -> list[threading.Thread]:
    """Return the calls that are still running, after giving each time to end by itself.

    What they left open would be found here: an unclosed connection warns, and warnings are errors.
    """
    calls = [thread for thread in threading.enumerate() if thread.name == "chat"]
    for call in calls:
        call.join(PATIENCE_SECONDS)
    gc.collect()
    return [call for call in calls if call.is_alive()]


class TestOpenAIExplainerOutOfTime(OverHTTP):
    @pytest.mark.parametrize("drips", [llm_server.drips_head, llm_server.drips_body])
    def test_ends_in_time_when_the_answer_drips(self, server: LLMServer, log, drips):
        server.otherwise = drips

        assert explainer_for(server.url, timeout_seconds=SHORT).explain(GIVEN) == TEMPLATE
        assert "no answer within 0.3 s" in warnings(log)[0]
        assert not join_calls()

    def test_reads_no_more_than_the_limit_of_an_answer_without_end(self, server: LLMServer, log):
        server.otherwise = llm_server.never_ends

        assert explainer_for(server.url).explain(GIVEN) == TEMPLATE
        assert "an answer of more than 1,048,576 bytes" in warnings(log)[0]
        assert not join_calls()

    @pytest.mark.parametrize("status", [200, 404, 500])
    @pytest.mark.parametrize(("wbits", "encoding"), [(31, "gzip"), (15, "deflate")])
    def test_decompresses_no_more_than_the_limit(self, server, log, status, wbits, encoding):
        compressor = zlib.compressobj(9, wbits=wbits)
        bomb = b"".join([*(compressor.compress(b" " * (1 << 20)) for _ in range(50)), compressor.flush()])
        server.otherwise = llm_server.sends(bomb, status, content_encoding=encoding)

        assert explainer_for(server.url).explain(GIVEN) == TEMPLATE
        assert "an answer of more than 1,048,576 bytes" in warnings(log)[0]

    @pytest.mark.parametrize("encoding", ["br", "gzip", "gzip, gzip"])
    def test_refuses_what_it_cannot_decompress(self, server, log, encoding):
        server.otherwise = llm_server.sends(b"{}", content_encoding=encoding)

        assert explainer_for(server.url).explain(GIVEN) == TEMPLATE
        assert "DecodingError" in warnings(log)[0]

    def test_takes_an_answer_that_was_compressed_unasked(self, server):
        body = gzip.compress(llm_server.completion("For you."))
        server.otherwise = llm_server.sends(body, content_encoding="gzip")

        assert explainer_for(server.url).explain(GIVEN).text == "For you."
        assert server.questions[0].headers["accept-encoding"] == "identity"

    def test_follows_no_redirect(self, server, log):
        server.otherwise = llm_server.sends(b"", 307, location=server.url)

        assert explainer_for(server.url).explain(GIVEN) == TEMPLATE
        assert len(server.questions) == 1

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
            found.wait(PATIENCE_SECONDS)
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

    def test_bounds_its_calls_and_recovers_by_itself(self, server: LLMServer, monkeypatch):
        server.otherwise = llm_server.drips_head
        explainer = explainer_for(server.url, timeout_seconds=SHORT, max_concurrent=2, rest_seconds=SHORT)
        complete, running, seen = chat.complete, [], []

        def counted(*arguments: Any) -> str:
            running.append(None)
            seen.append(len(running))
            try:
                return complete(*arguments)
            finally:
                running.pop()

        monkeypatch.setattr(chat, "complete", counted)

        with ThreadPoolExecutor(6) as shoppers:
            for _ in range(4):
                list(shoppers.map(lambda _: explainer.explain(GIVEN), range(6)))

        assert max(seen) <= 2
        assert not join_calls()
        server.otherwise = says("Back again.")
        until(lambda: explainer.explain(GIVEN).text == "Back again.")

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
