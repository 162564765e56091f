"""Asks a chat model one question and ends in time, whatever the model's server does.

Imported only when first needed: the openai package takes half a second.
"""

import asyncio
import json
import time
import unicodedata
from collections.abc import Awaitable, Callable
from email.utils import parsedate_to_datetime
from functools import cache
from ssl import SSLContext

import httpx2
import openai

from observe import metrics
from recommendations.explainers.background_loop import BackgroundLoop
from recommendations.explainers.chat_options import ChatOptions, ChatUnavailable
from recommendations.explainers.prompt import Prompt

RETRIES = 1
MOST_TOKENS = 10_000_000  # more, no answer takes: who says so is not believed
# A token is some letters: what is longer than this was not written by a model that was told max_tokens.
MOST_LETTERS = 10_000
# What a call can fail with beside a status. What they say is never shown: it may quote the key or the answer.
FAILURES = (openai.OpenAIError, httpx2.HTTPError, httpx2.InvalidURL, OSError, ValueError, ImportError)
OF_KEY = frozenset({401, 403})
HINTS = {401: " (the key is refused)", 403: " (the key may not do this)", 404: " (wrong address or model)"}


def ask(options: ChatOptions, key: str, prompt: Prompt, deadline: float) -> str:
    """Return the model's text, stripped. key: one of the options'; deadline: on the clock of time.monotonic.

    Everything, retries and a dripping body included, is cancelled at the deadline; only a name look-up that
    is under way has to be waited for. Raises ChatUnavailable.
    """
    with asyncio.Runner(loop_factory=BackgroundLoop) as runner:
        body = runner.run(_body(options, key, prompt, deadline))
    _count(body, options)
    return text_in(body)


async def _body(options: ChatOptions, key: str, prompt: Prompt, deadline: float) -> bytes:
    try:
        async with asyncio.timeout(deadline - time.monotonic()):
            return await _post(options, key, prompt, deadline)
    except TimeoutError:
        raise ChatUnavailable(f"no answer within {options.timeout_seconds:g} s", "time-out") from None
    except openai.APIStatusError as error:
        status = error.status_code
        told = f"HTTP {status}"
        raise ChatUnavailable(f"{told}{HINTS.get(status, '')}", told, of_key=status in OF_KEY) from None
    except openai.APIConnectionError as error:
        raise ChatUnavailable(f"no connection ({type(error.__cause__).__name__})", "no connection") from None
    except FAILURES as error:
        raise ChatUnavailable(f"the call failed ({type(error).__name__})") from None


async def _post(options: ChatOptions, key: str, prompt: Prompt, deadline: float) -> bytes:
    async with (
        # No redirects: what is meant for this server, and its key, goes to no other.
        httpx2.AsyncClient(
            verify=_tls(),
            follow_redirects=False,
            event_hooks={"response": [_refuse_long_waits(deadline)]},
        ) as http,
        openai.AsyncOpenAI(
            api_key=key,
            base_url=options.base_url,
            timeout=options.timeout_seconds,
            max_retries=RETRIES,
            http_client=http,
        ) as client,
    ):
        answer = await client.chat.completions.with_raw_response.create(
            model=options.model,
            temperature=options.temperature,
            max_tokens=options.max_tokens,
            messages=[
                {"role": "system", "content": prompt.system},
                {"role": "user", "content": prompt.user},
            ],
        )
        return answer.content


def text_in(body: bytes) -> str:
    """Return the text in a chat completion, without control characters. Raises ChatUnavailable."""
    try:
        completion = json.loads(body)
    except (ValueError, RecursionError):
        raise ChatUnavailable("an answer that is not JSON", "garbage") from None
    match completion:
        case {"choices": [{"message": {"content": str(content)}}, *_]}:
            text = "".join(letter for letter in content if letter == "\n" or _is_for_reading(letter)).strip()
        case _:
            raise ChatUnavailable("an answer of another shape than a chat completion", "garbage")
    if not text:
        raise ChatUnavailable("an empty answer", "garbage")
    if len(text) > MOST_LETTERS:
        raise ChatUnavailable(f"an answer of more than {MOST_LETTERS:,} letters", "garbage")
    return text


def _count(body: bytes, options: ChatOptions) -> None:
    """What the answer says that it took is counted; one that does not say so, or is garbage, is not."""
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return
    match answer:
        case {"usage": {"prompt_tokens": int(prompt), "completion_tokens": int(completion)}}:
            if 0 <= prompt <= MOST_TOKENS and 0 <= completion <= MOST_TOKENS:
                cost = prompt * options.prompt_price + completion * options.completion_price
                metrics.recorder.tokens(prompt, completion, cost / 1_000_000)


def _is_for_reading(letter: str) -> bool:
    """Return whether it is neither a control character nor half of one: databases and JSON refuse those."""
    return unicodedata.category(letter) not in {"Cc", "Cs"}


def _refuse_long_waits(deadline: float) -> Callable[[httpx2.Response], Awaitable[None]]:
    async def check(response: httpx2.Response) -> None:
        wait = _retry_after_seconds(response) if response.is_error else 0.0
        if wait > max(deadline - time.monotonic(), 0):
            told = f"HTTP {response.status_code}"
            raise ChatUnavailable(f"{told}, to be tried again in {wait:.0f} s", told)

    return check


def _retry_after_seconds(response: httpx2.Response) -> float:
    """Return how long the server asks to wait; 0 if it does not say, or not in a way we can read."""
    headers = response.headers
    try:
        if "retry-after-ms" in headers:
            return float(headers["retry-after-ms"]) / 1000
        return float(headers.get("retry-after", 0))
    except ValueError:
        pass
    try:
        return parsedate_to_datetime(headers.get("retry-after", "")).timestamp() - time.time()
    except (ValueError, OverflowError):
        return 0.0


@cache
def _tls() -> SSLContext:
    """Return what all calls share: reading the certificates takes longer than a call's own work."""
    return httpx2.create_ssl_context()
