"""What the tests of the chat model's explainer start from, on top of the server on loopback."""

import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from recommendations.checker.check import Checked
from recommendations.explainers.base import Evidence, Source
from recommendations.explainers.behaviour import Behaviour
from recommendations.explainers.chat_options import ChatOptions
from recommendations.explainers.openai import OpenAIExplainer
from recommendations.explainers.template import TemplateExplainer
from tests.contracts.explainer import AUDIO, BESTSELLER, evidence
from tests.llm_server import LLMServer
from tests.waiting import PATIENCE_SECONDS

KEY = "sk-loopback-0123456789"
GIVEN = evidence(AUDIO, BESTSELLER, behaviour=Behaviour(viewed=("Amp",)))
TEMPLATE = TemplateExplainer().explain(GIVEN)
# For tests that end by the time-out; all others may take as long as a busy machine needs.
SHORT, LONG = 0.3, PATIENCE_SECONDS


def explainer_for(
    url: str, check: Callable[[str, Evidence], Checked] | None = None, **options: Any
) -> OpenAIExplainer:
    usual = {"api_key": KEY, "model": "gpt-3.5-turbo", "temperature": 0.7, "max_tokens": 150}
    options = usual | {"base_url": url, "timeout_seconds": LONG, "max_concurrent": 4} | options
    return OpenAIExplainer(ChatOptions(**options), check=check or unchecked)


def unchecked(text: str, evidence: Evidence) -> Checked:
    """Accept every text: these tests are about servers and their answers."""
    return Checked(text, ())


def warnings(log: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in log.records if record.levelno >= logging.WARNING]


class OverHTTP:
    """Inherit it: every test has the fixtures, and shows that no log holds the key or a stack trace."""

    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def imported(cls) -> None:
        """The first call of a process imports the package; time-outs here are shorter than that may take."""
        with LLMServer() as server:
            assert explainer_for(server.url).explain(GIVEN).source is Source.OPENAI

    @pytest.fixture(autouse=True)
    def log(
        self, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
    ) -> Iterator[pytest.LogCaptureFixture]:
        """The log of every library, at every level."""
        monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost,model.test")
        caplog.set_level(logging.DEBUG)
        yield caplog
        assert KEY not in caplog.text
        assert not [record for record in caplog.records if record.exc_info]

    @pytest.fixture
    def server(self) -> Iterator[LLMServer]:
        with LLMServer() as server:
            yield server
