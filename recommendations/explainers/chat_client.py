"""The client for a chat server: it sends the key to no other server, and reads a limited number of bytes.

This module is imported on first use: importing the openai package takes half a second.
"""

import asyncio
import time
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from email.utils import parsedate_to_datetime
from functools import cache
from ssl import SSLContext
from typing import Any, TypeVar

import httpx2
import openai

from recommendations.explainers.background_loop import BackgroundLoop
from recommendations.explainers.chat_options import ChatOptions, ChatUnavailable
from recommendations.explainers.server_errors import ServerError

RETRIES = 1
MAX_BYTES = 1 << 20  # of an answer; one of 150 tokens has about 2,000
# Errors of a call other than HTTP statuses. Their messages may quote the key or the answer: never show them.
FAILURES = (openai.OpenAIError, httpx2.HTTPError, httpx2.InvalidURL, OSError, ValueError, ImportError)
KEY_REFUSED = frozenset({401, 403})
HINTS = {401: " (the key is refused)", 403: " (the key may not do this)", 404: " (wrong address or model)"}
T = TypeVar("T")


class Refused(Exception):
    """The server answered with an error."""

    def __init__(self, error: ServerError) -> None:
        super().__init__()
        self.error = error


def run(
    call: Callable[[openai.AsyncOpenAI], Awaitable[T]], options: ChatOptions, key: str, deadline: float
) -> T:
    """Return the result of the call with a new client. Raises ChatUnavailable.

    Everything is cancelled at the deadline, including retries and slow bodies; only a running DNS lookup
    cannot be cancelled.

    key: one of the keys of the options; deadline: by time.monotonic
    """
    with asyncio.Runner(loop_factory=BackgroundLoop) as runner:
        return runner.run(_run(call, options, key, deadline))


async def body_of(request: Awaitable[Any]) -> bytes:
    """Return the body of the response to a raw request. Raises Refused for an HTTP status that says no."""
    try:
        response = await request
    except openai.APIStatusError as error:
        raise Refused(ServerError.of(error.status_code, error.response.content)) from None
    content: bytes = response.content
    return content


def unavailable(error: ServerError, options: ChatOptions, model: str = "") -> ChatUnavailable:
    """Return the exception for an error of the server. model: the one that was asked"""
    kind = f"HTTP {error.status}"
    hint = f" (no model {model})" if model and error.is_model_gone else HINTS.get(error.status, "")
    words = error.quoted(options.secrets)
    return ChatUnavailable(
        f"{kind}{hint}{', ' if words else ''}{words}",
        kind,
        is_key_refused=error.status in KEY_REFUSED,
        is_model_gone=error.is_model_gone,
    )


async def _run(
    call: Callable[[openai.AsyncOpenAI], Awaitable[T]], options: ChatOptions, key: str, deadline: float
) -> T:
    try:
        async with asyncio.timeout(deadline - time.monotonic()), _client(options, key, deadline) as client:
            return await call(client)
    except TimeoutError:
        raise ChatUnavailable(f"no answer within {options.timeout_seconds:g} s", "time-out") from None
    except Refused as refused:
        raise unavailable(refused.error, options) from None
    except openai.APIConnectionError as error:
        if isinstance(error.__cause__, ChatUnavailable):  # raised while the answer was read
            raise error.__cause__ from None
        raise ChatUnavailable(f"no connection ({type(error.__cause__).__name__})", "no connection") from None
    except FAILURES as error:
        raise ChatUnavailable(f"the call failed ({type(error).__name__})") from None


@asynccontextmanager
async def _client(options: ChatOptions, key: str, deadline: float) -> AsyncIterator[openai.AsyncOpenAI]:
    async with (
        # No redirects: the data and the key are for this server only.
        _LimitedClient(
            verify=_tls(),
            follow_redirects=False,
            headers={"Accept-Encoding": "identity"},
            event_hooks={
                "request": [_name_key_as_azure_does] if options.is_azure else [],
                "response": [_refuse_long_waits(deadline)],
            },
        ) as http,
        openai.AsyncOpenAI(
            api_key=key,
            base_url=options.server,
            timeout=options.timeout_seconds,
            max_retries=RETRIES,
            http_client=http,
            default_query=options.query,
        ) as client,
    ):
        yield client


async def _name_key_as_azure_does(request: httpx2.Request) -> None:
    """Move the key to `api-key`: Azure takes it for a token if it comes as `Authorization`."""
    request.headers["api-key"] = request.headers.pop("Authorization").removeprefix("Bearer ")


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
