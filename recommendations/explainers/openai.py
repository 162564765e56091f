"""Lets a chat model word the evidence; whenever it cannot in time, the template does."""

import logging
import time
from concurrent.futures import Future
from threading import BoundedSemaphore, Thread
from typing import Any, Self

from observe import metrics
from recommendations.explainers.api_keys import ApiKeys
from recommendations.explainers.base import Evidence, Explanation, Source
from recommendations.explainers.chat_options import ChatOptions, ChatUnavailable
from recommendations.explainers.prompt import Prompt, prompt
from recommendations.explainers.template import TemplateExplainer

log = logging.getLogger(__name__)


class OpenAIExplainer:
    """Asks any server that speaks OpenAI's chat completions.

    Each call has a thread of its own, so that the caller is back in time even if the call hangs where it
    cannot be cancelled (the system's name look-up). It counts as running until its thread is done; more
    calls than max_concurrent are not made. Nothing is kept between calls, nothing imported before the first.
    """

    source = Source.OPENAI

    def __init__(self, options: ChatOptions) -> None:
        self._options = options
        self._free = BoundedSemaphore(options.max_concurrent)
        self._keys = ApiKeys(options.api_key, options.second_api_key)
        self._template = TemplateExplainer()

    @classmethod
    def from_options(cls, **options: Any) -> Self:
        """Return an explainer with these ChatOptions. Raises TypeError or ValueError naming a bad one."""
        return cls(ChatOptions(**options))

    @property
    def concurrency(self) -> int:
        """How many texts it may be asked for at the same time."""
        return self._options.max_concurrent

    @property
    def identity(self) -> str:
        """The server and the model that it asks."""
        return f"{self.source} {self._options.base_url} {self._options.model}"

    def explain(self, evidence: Evidence) -> Explanation:
        """Return the model's text, or the template's, with a line in the log that says why."""
        began, outcome = time.monotonic(), "written"
        try:
            return Explanation(self._ask(prompt(evidence)), self.source)
        except ChatUnavailable as reason:
            outcome = reason.kind
            log.warning("The template explains instead of %s: %s.", self._options.model, reason)
            return self._template.explain(evidence)
        finally:
            metrics.recorder.model_called(outcome, time.monotonic() - began)

    def _ask(self, question: Prompt) -> str:
        seconds = self._options.timeout_seconds
        if not self._keys:
            raise ChatUnavailable("no API key is set", "no key")
        if not self._free.acquire(blocking=False):
            raise ChatUnavailable(f"no more than {self._options.max_concurrent} may run at once", "busy")
        answer: Future[str] = Future()
        call = Thread(
            target=self._call, args=(question, time.monotonic() + seconds, answer), name="chat", daemon=True
        )
        try:
            call.start()
        except RuntimeError:
            self._free.release()
            raise ChatUnavailable("no thread could be started") from None
        try:
            return answer.result(seconds)
        except TimeoutError:
            raise ChatUnavailable(f"no answer within {seconds:g} s", "time-out") from None

    def _call(self, question: Prompt, deadline: float, answer: Future[str]) -> None:
        """Fill in the answer: last of all, when nothing of the call is running any more."""
        text, failure = "", ChatUnavailable("the call broke off")
        try:
            from recommendations.explainers import chat  # noqa: PLC0415  (half a second, only when needed)

            text = self._keys.ask(lambda key: chat.ask(self._options, key, question, deadline))
        except ChatUnavailable as reason:
            failure = reason
        finally:
            self._free.release()
            answer.set_result(text) if text else answer.set_exception(failure)
