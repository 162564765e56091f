"""Requests of explanations to a chat model, in the dialect that its server takes.

This module is imported on first use: importing the openai package takes half a second.
"""

import logging
import time
from dataclasses import replace
from typing import Any

import openai

from observe import metrics
from recommendations.explainers.answers import Answer, answer_in, decoded
from recommendations.explainers.chat_client import Refused, body_of, run, unavailable
from recommendations.explainers.chat_options import ChatOptions, ChatUnavailable
from recommendations.explainers.dialects import Dialect, dialects
from recommendations.explainers.prompt import Prompt
from recommendations.explainers.server_errors import ServerError, error_in

MOST_REQUESTS = 12  # for one text of one model: what its server refuses is left out one by one
MOST_TOKENS = 10_000_000  # higher counts are implausible and ignored
log = logging.getLogger(__name__)


def complete(options: ChatOptions, key: str, prompt: Prompt, deadline: float) -> str:
    """Return the text of the first model that the server has. Raises ChatUnavailable.

    key: one of the keys of the options; deadline: by time.monotonic, for all requests together
    """
    return run(lambda client: _text(client, options, prompt), options, key, deadline)


async def _text(client: openai.AsyncOpenAI, options: ChatOptions, prompt: Prompt) -> str:
    models = dialects.available(options.server, options.models, time.monotonic())
    for model, following in zip(models, (*models[1:], ""), strict=True):
        try:
            return await _text_of(client, options, model, prompt)
        except ChatUnavailable as error:
            if not (error.is_model_gone and following):
                raise
            dialects.mark_gone(options.server, model, time.monotonic())
            log.warning(
                "%s does not have the model %s: %s. %s is asked.", options.server, model, error, following
            )
    raise AssertionError("There is at least one model.")


async def _text_of(client: openai.AsyncOpenAI, options: ChatOptions, model: str, prompt: Prompt) -> str:
    """Return the model's text. What the server refuses is changed and remembered, one thing at a time."""
    server = options.server
    for _ in range(MOST_REQUESTS):
        asked = dialects.of(server, model)
        parameters = asked.parameters(options)
        try:
            completion = await _completion(client, model, parameters, asked.messages(prompt))
        except Refused as refused:
            error = refused.error
            better = (
                asked if error.is_about_model else asked.after(error, parameters, options.reasoning_effort)
            )
            if dialects.learn(server, model, asked, better):
                log.info(
                    "%s does not take a request for %s as it was (%s). The next one differs.",
                    *(server, model, error.quoted(options.secrets)),
                )
                continue
            raise unavailable(error, options, model) from None
        _count(completion, options)
        answer = answer_in(completion)
        has_changed = dialects.learn(server, model, asked, _after_answer(asked, answer, parameters))
        if answer.text:
            return answer.text
        if not (answer.is_cut and has_changed):
            break
    raise ChatUnavailable(
        "thoughts without an answer"
        if answer.has_thoughts
        else "an answer that ends before its first sentence",
        "cut",
    )


def _after_answer(asked: Dialect, answer: Answer, parameters: dict[str, Any]) -> Dialect:
    """Return the dialect for the next request after an answer."""
    better = asked.with_more_tokens() if answer.is_cut and (answer.has_thoughts or not answer.text) else asked
    return replace(
        better,
        thinks=asked.thinks or answer.has_thoughts,
        has_effort=asked.has_effort or "reasoning_effort" in parameters,
    )


async def _completion(
    client: openai.AsyncOpenAI, model: str, parameters: dict[str, Any], messages: list[Any]
) -> Any:
    """Return the decoded answer. Raises Refused, also for an error that comes with status 200."""
    body = await body_of(
        client.chat.completions.with_raw_response.create(model=model, messages=messages, **parameters)
    )
    completion = decoded(body)
    if error := error_in(completion):
        code = error["error"].get("code") if isinstance(error["error"], dict) else None
        raise Refused(ServerError.of(code if isinstance(code, int) and 400 <= code < 600 else 400, body))
    return completion


def _count(completion: Any, options: ChatOptions) -> None:
    """Count the tokens that the answer reports, if it reports any."""
    match completion:
        case {"usage": {"prompt_tokens": int(prompt), "completion_tokens": int(completion_tokens)}}:
            if 0 <= prompt <= MOST_TOKENS and 0 <= completion_tokens <= MOST_TOKENS:
                cost = prompt * options.prompt_price + completion_tokens * options.completion_price
                metrics.recorder.tokens(prompt, completion_tokens, cost / 1_000_000)
