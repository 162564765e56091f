"""Request bodies that arrive at a process, each within a time, together within a limit of memory."""

import asyncio
from collections.abc import AsyncIterable, Mapping
from dataclasses import dataclass
from typing import Protocol

# The longest body that any view accepts: products in bulk. Views have lower limits of their own.
MAX_BODY_BYTES = 16 << 20
# The limit of all bodies that a process has received but not answered.
MAX_BODIES_BYTES = 24 << 20
# When that is reached, longer bodies than this are refused first.
SMALL_BODY_BYTES = 64 << 10
NO_HEADERS: Mapping[str, str] = {}


class Headers(Protocol):
    def get(self, name: str, /) -> str | None: ...


class BodyRefusal(Exception):
    """A body is not accepted. is_unread: nothing of it was read"""

    def __init__(
        self, status: int, detail: str, *, headers: Mapping[str, str] = NO_HEADERS, is_unread: bool = False
    ) -> None:
        super().__init__(detail)
        self.status, self.detail, self.headers, self.is_unread = status, detail, headers, is_unread


@dataclass(eq=False, slots=True)
class _Arriving:
    timeout: asyncio.Timeout
    n_bytes: int = 0
    is_refused: bool = False


class RequestBodies:
    """The bodies of one event loop, where all methods must be called.

    seconds: the time in which a body must arrive
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._n_bytes = 0
        self._arriving: dict[_Arriving, None] = {}  # in the order in which they began

    async def read(self, headers: Headers, chunks: AsyncIterable[bytes]) -> bytes:
        """Return the body, whose bytes count until `release`. Raises BodyRefusal.

        chunks: an empty one if the client has closed the connection
        """
        length = _checked_length(headers)
        received: list[bytes] = []
        body = _Arriving(asyncio.timeout(self._seconds))
        self._arriving[body] = None
        try:
            async with body.timeout:
                async for chunk in chunks:
                    self._count(body, len(chunk))
                    received.append(chunk)
                    if body.n_bytes >= length or not chunk:
                        break
            if body.n_bytes != length:
                raise BodyRefusal(400, f"The body ended after {body.n_bytes} of {length} bytes.")
        except (TimeoutError, BodyRefusal) as error:
            self.release(body.n_bytes)
            raise error if isinstance(error, BodyRefusal) else self._refusal(body) from None
        finally:
            del self._arriving[body]
        return b"".join(received)

    def release(self, n_bytes: int) -> None:
        """Stop counting these bytes."""
        self._n_bytes -= n_bytes

    def _count(self, body: _Arriving, n_bytes: int) -> None:
        """Count bytes. If there are too many, refuse the body that began first of those that are not small.

        An honest client sends its body fast; one that wants to fill the memory does not.
        """
        body.n_bytes += n_bytes
        self._n_bytes += n_bytes
        if self._n_bytes > MAX_BODIES_BYTES:
            longer = (each for each in self._arriving if each.n_bytes > SMALL_BODY_BYTES)
            refused = next((each for each in longer if not each.timeout.expired()), body)
            refused.is_refused = True
            refused.timeout.reschedule(0)

    def _refusal(self, body: _Arriving) -> BodyRefusal:
        if body.is_refused:
            detail = "Too many large bodies arrive at once. Try again in a moment."
            return BodyRefusal(503, detail, headers={"Retry-After": "1"})
        return BodyRefusal(408, f"The body did not arrive within {self._seconds:g} seconds.")


def _checked_length(headers: Headers) -> int:
    """Return the length of the body in bytes. Raises BodyRefusal."""
    sent = headers.get("content-length")
    if sent is None or headers.get("transfer-encoding") is not None:
        raise BodyRefusal(411, "The body has no Content-Length; send it with one.", is_unread=True)
    length = int(sent)  # the server has checked that it is a number
    if length > MAX_BODY_BYTES:
        detail = f"The body is larger than {MAX_BODY_BYTES} bytes; send it in smaller parts."
        raise BodyRefusal(413, detail, is_unread=True)
    return length
