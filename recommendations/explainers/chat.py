"""Requests to a chat model, with a deadline that holds whatever the server does.

This module is imported on first use: importing the openai package takes half a second.
"""

import asyncio
import json
import time
import unicodedata
import zlib
from collections.abc import Awaitable, Callable
from email.utils import parsedate_to_datetime
from functools import cache
from ssl import SSLContext
from typing import Any

import httpx2
import openai

from observe import metrics
from recommendations.explainers.background_loop import BackgroundLoop
from recommendations.explainers.chat_options import ChatOptions, ChatUnavailable
from recommendations.explainers.prompt import Prompt

RETRIES = 1
MAX_BYTES = 1 << 20  # of an answer; one of 150 tokens has about 2,000
MOST_TOKENS = 10_000_000  # higher counts are implausible and ignored
# A token is a few characters, so a longer answer ignores max_tokens.
MOST_CHARACTERS = 10_000
# Errors of a call other than HTTP statuses. Their messages may quote the key or the answer: never show them.
FAILURES = (openai.OpenAIError, httpx2.HTTPError, httpx2.InvalidURL, OSError, ValueError, ImportError)
KEY_REFUSED = frozenset({401, 403})
HINTS = {401: " (the key is refused)", 403: " (the key may not do this)", 404: " (wrong address or model)"}


def complete(options: ChatOptions, key: str, prompt: Prompt, deadline: float) -> str:
    """Return the model's text, stripped. Raises ChatUnavailable.

    Everything is cancelled at the deadline, including retries and slow bodies; only a running DNS lookup
    cannot be cancelled.

    key: one of the keys of the options; deadline: by time.monotonic
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
        kind = f"HTTP {status}"
        message = f"{kind}{HINTS.get(status, '')}"
        raise ChatUnavailable(message, kind, is_key_refused=status in KEY_REFUSED) from None
    except openai.APIConnectionError as error:
        if isinstance(error.__cause__, ChatUnavailable):  # raised while the answer was read
            raise error.__cause__ from None
        raise ChatUnavailable(f"no connection ({type(error.__cause__).__name__})", "no connection") from None
    except FAILURES as error:
        raise ChatUnavailable(f"the call failed ({type(error).__name__})") from None


async def _post(options: ChatOptions, key: str, prompt: Prompt, deadline: float) -> bytes:
    async with (
        # No redirects: the data and the key are for this server only.
        _LimitedClient(
            verify=_tls(),
            follow_redirects=False,
            headers={"Accept-Encoding": "identity"},
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
        response = await client.chat.completions.with_raw_response.create(
            model=options.model,
            temperature=options.temperature,
            max_tokens=options.max_tokens,
            messages=[
                {"role": "system", "content": prompt.system},
                {"role": "user", "content": prompt.user},
            ],
        )
        return response.content


class _LimitedClient(httpx2.AsyncClient):
    """Client that reads at most MAX_BYTES of an answer, before and after decompression."""

    async def send(self, request: httpx2.Request, *, stream: bool = False, **options: Any) -> httpx2.Response:
        """Return the response with its whole body. Raises ChatUnavailable."""
        response = await super().send(request, stream=True, **options)
        body = bytearray()
        try:
            async for chunk in response.aiter_raw():
                body += chunk
                if len(body) > MAX_BYTES:
                    raise ChatUnavailable(f"an answer of more than {MAX_BYTES:,} bytes", "garbage")
        finally:
            await response.aclose()
        content = _decompressed(bytes(body), response.headers.get("content-encoding", "identity"))
        headers = [
            (name, value)
            for name, value in response.headers.multi_items()
            if name.lower() not in {"content-encoding", "content-length", "transfer-encoding"}
        ]
        return httpx2.Response(response.status_code, headers=headers, content=content, request=request)


def _decompressed(body: bytes, encoding: str) -> bytes:
    """Return the content of an answer, which some servers compress unasked.

    Raises ChatUnavailable if it is too long, DecodingError.
    """
    match encoding.strip().lower():
        case "" | "identity":
            return body
        case "gzip" | "x-gzip" | "deflate":
            try:
                content = zlib.decompressobj(zlib.MAX_WBITS | 32).decompress(body, MAX_BYTES + 1)
            except zlib.error:
                raise httpx2.DecodingError("not in the encoding that it names") from None
            if len(content) > MAX_BYTES:
                raise ChatUnavailable(f"an answer of more than {MAX_BYTES:,} bytes", "garbage")
            return content
        case _:
            raise httpx2.DecodingError(f"in the encoding {encoding[:40]!r}")


def text_in(body: bytes) -> str:
    """Return the text of a chat completion, without control characters. Raises ChatUnavailable."""
    try:
        completion = json.loads(body)
    except (ValueError, RecursionError):
        raise ChatUnavailable("an answer that is not JSON", "garbage") from None
    match completion:
        case {"choices": [{"message": {"content": str(content)}}, *_]}:
            text = "".join(char for char in content if char == "\n" or _is_printable(char)).strip()
        case _:
            raise ChatUnavailable("an answer that is not a chat completion", "garbage")
    if not text:
        raise ChatUnavailable("an empty answer", "garbage")
    if len(text) > MOST_CHARACTERS:
        raise ChatUnavailable(f"an answer of more than {MOST_CHARACTERS:,} characters", "garbage")
    return text


def _count(body: bytes, options: ChatOptions) -> None:
    """Count the tokens that the answer reports, if it reports any."""
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return
    match answer:
        case {"usage": {"prompt_tokens": int(prompt), "completion_tokens": int(completion)}}:
            if 0 <= prompt <= MOST_TOKENS and 0 <= completion <= MOST_TOKENS:
                cost = prompt * options.prompt_price + completion * options.completion_price
                metrics.recorder.tokens(prompt, completion, cost / 1_000_000)


def _is_printable(char: str) -> bool:
    """Return False for control characters and surrogates, which databases and JSON reject."""
    return unicodedata.category(char) not in {"Cc", "Cs"}


def _refuse_long_waits(deadline: float) -> Callable[[httpx2.Response], Awaitable[None]]:
    """Return a response hook that raises ChatUnavailable if the server asks to retry after the deadline."""

    async def check(response: httpx2.Response) -> None:
        wait = _retry_after_seconds(response) if response.is_error else 0.0
        if wait > max(deadline - time.monotonic(), 0):
            kind = f"HTTP {response.status_code}"
            raise ChatUnavailable(f"{kind}, to be tried again in {wait:.0f} s", kind)

    return check


def _retry_after_seconds(response: httpx2.Response) -> float:
    """Return the wait that the server asks for; 0 without a valid header."""
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
    """Return the TLS context of all calls: loading certificates takes longer than a call's own work."""
    return httpx2.create_ssl_context()
