"""Bodies as they arrive: lengths that cannot be, bodies that stay away, and the limit of memory."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from typing import Any

import pytest

from recsite.http import request_bodies
from recsite.http.request_bodies import MAX_BODIES_BYTES, MAX_BODY_BYTES, BodyRefusal, RequestBodies

LARGE = MAX_BODY_BYTES


async def chunks(*sent: bytes, then: asyncio.Event | None = None) -> AsyncIterator[bytes]:
    """Yield what a client sends. then: the end comes when this is set"""
    for chunk in sent:
        yield chunk
    if then:
        await then.wait()
    yield b""


def length(n: int) -> dict[str, str]:
    return {"content-length": str(n)}


def refused(reading: Coroutine[Any, Any, bytes]) -> BodyRefusal:
    with pytest.raises(BodyRefusal) as caught:
        asyncio.run(reading)
    return caught.value


class TestRead:
    def test_joins_the_chunks(self):
        assert asyncio.run(RequestBodies(9).read(length(5), chunks(b"ab", b"cde"))) == b"abcde"

    def test_does_not_wait_after_the_last_byte(self):
        never = asyncio.Event()

        assert asyncio.run(RequestBodies(9).read(length(2), chunks(b"ab", then=never))) == b"ab"

    def test_refuses_a_body_that_does_not_arrive(self):
        refusal = refused(RequestBodies(0.01).read(length(5), chunks(b"ab", then=asyncio.Event())))

        assert (refusal.status, refusal.detail) == (408, "The body did not arrive within 0.01 seconds.")

    def test_refuses_a_body_that_ends_early(self):
        refusal = refused(RequestBodies(9).read(length(5), chunks(b"ab")))

        assert (refusal.status, refusal.detail) == (400, "The body ended after 2 of 5 bytes.")

    def test_refuses_a_long_body_before_it_reads_any(self):
        refusal = refused(RequestBodies(9).read(length(MAX_BODY_BYTES + 1), chunks()))

        assert (refusal.status, refusal.is_unread) == (413, True)

    @pytest.mark.parametrize(
        "headers",
        [{"transfer-encoding": "chunked"}, {"content-length": "2", "transfer-encoding": "chunked"}],
    )
    def test_refuses_a_body_of_unknown_length(self, headers: dict[str, str]):
        refusal = refused(RequestBodies(9).read(headers, chunks(b"ab")))

        assert (refusal.status, refusal.is_unread) == (411, True)


class TestLimitOfMemory:
    def test_refuses_the_large_body_that_has_taken_longest(self):
        """Clients that stop before their last byte hold all memory, then an honest client sends a body."""

        async def arrive() -> list[bytes | BaseException]:
            bodies, never = RequestBodies(60), asyncio.Event()
            stuck = [chunks(b"a" * (LARGE - 1), then=never) for _ in range(MAX_BODIES_BYTES // LARGE)]
            held = [asyncio.ensure_future(bodies.read(length(LARGE), each)) for each in stuck]
            await asyncio.sleep(0)
            honest = await bodies.read(length(LARGE), chunks(b"b" * LARGE))
            first = await asyncio.gather(held[0], return_exceptions=True)
            for each in held[1:]:
                each.cancel()
            return [honest, *first]

        honest, first = asyncio.run(arrive())

        assert honest == b"b" * LARGE
        assert isinstance(first, BodyRefusal)
        assert (first.status, dict(first.headers)) == (503, {"Retry-After": "1"})

    def test_refuses_no_small_body_for_a_large_one(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(request_bodies, "MAX_BODIES_BYTES", 100_000)

        async def arrive() -> tuple[BodyRefusal, bytes]:
            bodies, rest = RequestBodies(60), asyncio.Event()

            async def small() -> AsyncIterator[bytes]:
                yield b"s"
                await rest.wait()
                yield b"s"

            first = asyncio.ensure_future(bodies.read(length(2), small()))
            await asyncio.sleep(0)
            with pytest.raises(BodyRefusal) as caught:
                await bodies.read(length(200_000), chunks(b"a" * 100_000, then=asyncio.Event()))
            rest.set()
            return caught.value, await first

        refusal, small = asyncio.run(arrive())

        assert (refusal.status, small) == (503, b"ss")

    def test_counts_bodies_until_they_are_released(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(request_bodies, "MAX_BODIES_BYTES", 100_000)

        async def arrive() -> list[bytes]:
            bodies, waiting = RequestBodies(60), chunks(b"c" * 80_000, then=asyncio.Event())
            first = await bodies.read(length(80_000), chunks(b"a" * 80_000))
            with pytest.raises(BodyRefusal):
                await bodies.read(length(80_001), waiting)
            bodies.release(len(first))
            return [first, await bodies.read(length(80_000), chunks(b"b" * 80_000))]

        assert [each[:1] for each in asyncio.run(arrive())] == [b"a", b"b"]

    def test_forgets_the_bytes_of_refused_bodies(self):
        bodies = RequestBodies(0.01)

        async def arrive() -> None:
            for _ in range(10):
                with pytest.raises(BodyRefusal):
                    await bodies.read(length(LARGE), chunks(b"a" * (LARGE - 1), then=asyncio.Event()))

        asyncio.run(arrive())

        assert bodies._n_bytes == 0
