"""Explanations by a chat model. If it does not answer in time, the template explains instead."""

import logging
import time
from collections.abc import Callable
from concurrent.futures import Future
from threading import BoundedSemaphore, Thread
from typing import Any, Self

from observe import metrics
from recommendations.checker.check import Checked
from recommendations.explainers.api_keys import ApiKeys
from recommendations.explainers.base import Evidence, Explanation, Source
from recommendations.explainers.breaker import ModelBreaker
from recommendations.explainers.chat_options import ChatOptions, ChatUnavailable
from recommendations.explainers.checked import CHECKED, check_answer
from recommendations.explainers.model_news import ModelNews
from recommendations.explainers.prompt import Prompt, prompt
from recommendations.explainers.template import TemplateExplainer

LIST_SECONDS = 10.0  # nobody waits for the list of models
# Kinds of failures that say nothing about the model.
NOT_ITS_FAULT = frozenset({"busy", "no key"})
log = logging.getLogger(__name__)


class OpenAIExplainer:
    """Requests explanations from any server with OpenAI's chat completions API.

    Each call runs in its own thread, so that `explain` returns in time even if the call hangs where it cannot
    be cancelled, in a DNS lookup. A call counts towards max_concurrent until its thread ends; calls above the
    limit fall back to the template. No connection is kept between calls, and the openai package is imported
    by the first call. After failures the breaker leaves the model alone for a while, and the template
    explains at once.
    """

    source = Source.OPENAI

    def __init__(
        self, options: ChatOptions, check: Callable[[str, Evidence], Checked] = check_answer
    ) -> None:
        self._options = options
        self._check = check
        self._slots = BoundedSemaphore(options.max_concurrent)
        self._keys = ApiKeys(options.api_key, options.second_api_key)
        self._template = TemplateExplainer()
        self.breaker = ModelBreaker(f"The language model {options.model}", options.rest_seconds)

    @classmethod
    def from_options(cls, **options: Any) -> Self:
        """Return an explainer with these ChatOptions. Raises TypeError or ValueError for a bad option."""
        return cls(ChatOptions(**options))

    @property
    def concurrency(self) -> int:
        """The maximum number of concurrent calls."""
        return self._options.max_concurrent

    @property
    def identity(self) -> str:
        """The server, without a query that may hold a key, the models, and the checker of their texts."""
        return f"{self.source} {self._options.server} {self._options.model} {CHECKED}"

    @property
    def is_resting(self) -> bool:
        """Whether the model is left alone, so that the template explains at once."""
        return self.breaker.is_resting

    def model_news(self) -> tuple[ModelNews, ...]:
        """Return what the server says of each of the models. Raises ChatUnavailable."""
        from recommendations.explainers import model_list  # noqa: PLC0415 - as in `_call`

        deadline = time.monotonic() + max(self._options.timeout_seconds, LIST_SECONDS)
        return self._keys.try_each(lambda key: model_list.model_news(self._options, key, deadline))

    def explain(self, evidence: Evidence) -> Explanation:
        """Return the sentences of the model that hold, or the template's text if none do or the model fails.

        The log tells the failed checks, or the reason of the failure.
        """
        if not self.breaker.may_call():
            metrics.recorder.model_called("left alone", None)
            return self._template.explain(evidence)
        began, outcome = time.monotonic(), "written"
        try:
            answer = self._complete(prompt(evidence))
        except ChatUnavailable as error:
            outcome = error.kind
            log.warning("The template explains instead of %s: %s.", self._options.model, error)
            if outcome not in NOT_ITS_FAULT:
                self.breaker.record_failure(error)
            return self._template.explain(evidence)
        else:
            self.breaker.record_success()
            checked = self._check(answer, evidence)
            self._report(checked)
            if checked.text:
                return Explanation(checked.text, self.source)
            outcome = "untrue"
            return self._template.explain(evidence)
        finally:
            metrics.recorder.model_called(outcome, time.monotonic() - began)

    def _report(self, checked: Checked) -> None:
        """Count and log which checks refused sentences, without the words: these may hold personal data."""
        for refusal in checked.refusals:
            metrics.recorder.words_refused(refusal.check)
        if checked.refusals:
            log.info(
                "The checker refused %d sentences of %s (%s)%s.",
                len(checked.refusals),
                self._options.model,
                ", ".join(sorted({refusal.check for refusal in checked.refusals})),
                "" if checked.text else "; the template explains instead",
            )

    def _complete(self, messages: Prompt) -> str:
        """Return the model's text, from a thread that may outlive this call. Raises ChatUnavailable."""
        seconds = self._options.timeout_seconds
        if not self._keys:
            raise ChatUnavailable("no API key is set", "no key")
        if not self._slots.acquire(blocking=False):
            raise ChatUnavailable(f"no more than {self._options.max_concurrent} may run at once", "busy")
        answer: Future[str] = Future()
        call = Thread(
            target=self._call, args=(messages, time.monotonic() + seconds, answer), name="chat", daemon=True
        )
        try:
            call.start()
        except RuntimeError:
            self._slots.release()
            raise ChatUnavailable("no thread could be started") from None
        try:
            return answer.result(seconds)
        except TimeoutError:
            raise ChatUnavailable(f"no answer within {seconds:g} s", "time-out") from None

    def _call(self, messages: Prompt, deadline: float, answer: Future[str]) -> None:
        """Set the answer as the last step, when the call has ended and its slot is free."""
        text, failure = "", ChatUnavailable("the call was interrupted")
        try:
            from recommendations.explainers import chat  # noqa: PLC0415 - takes half a second, so it is imported on first use

            text = self._keys.try_each(lambda key: chat.complete(self._options, key, messages, deadline))
        except ChatUnavailable as error:
            failure = error
        finally:
            self._slots.release()
            answer.set_result(text) if text else answer.set_exception(failure)
