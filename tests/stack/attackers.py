"""Clients without credentials that try to stop a web server, each kind in a process of its own."""

import asyncio
import multiprocessing
import socket
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.synchronize import Event
from urllib.parse import urlencode

HEAD = b"Host: localhost\r\nUser-Agent: hostile\r\n"
SLOW_HEAD = b"GET / HTTP/1.1\r\n" + HEAD + b"X-Slow: "
SLOW_BODY = (
    b"POST /token HTTP/1.1\r\n" + HEAD + b"Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"
)
# 1.5 MB, for everybody.
LONG_ANSWER = (
    b"GET /static/drf_spectacular_sidecar/swagger-ui-dist/swagger-ui-bundle.js HTTP/1.1\r\n" + HEAD + b"\r\n"
)
WRONG = {"username": "nobody-{n}", "password": "wrong-{n}"}
Attack = Callable[[str, int, int], Awaitable[None]]


async def send_slowly(host: str, port: int, start: bytes, seconds: float) -> None:
    """Send the start of a request, then a byte at a time, until the server closes the connection."""
    reader, writer = await asyncio.open_connection(host, port)
    closed = asyncio.ensure_future(reader.read())
    try:
        writer.write(start)
        while not closed.done():
            await asyncio.wait([closed], timeout=seconds)
            writer.write(b"a")
            await writer.drain()
    finally:
        closed.cancel()
        with suppress(OSError, asyncio.CancelledError):
            await closed  # a server that resets the connection is no surprise
        writer.close()


async def slow_head(host: str, port: int, number: int) -> None:
    await send_slowly(host, port, SLOW_HEAD, 5)


async def slow_body(host: str, port: int, number: int) -> None:
    await send_slowly(host, port, SLOW_BODY, 5)


async def never_read(host: str, port: int, number: int) -> None:
    """Ask for long answers, and read none."""
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(sock, (host, port))
        await loop.sock_sendall(sock, LONG_ANSWER * 4)
        await asyncio.sleep(60)


async def idle(host: str, port: int, number: int) -> None:
    """Open a connection and send nothing."""
    reader, writer = await asyncio.open_connection(host, port)
    try:
        await reader.read()
    finally:
        writer.close()


async def mixed(host: str, port: int, number: int) -> None:
    """Be one of the others."""
    await (slow_head, slow_body, never_read, idle)[number % 4](host, port, number)


async def guess_token(host: str, port: int, number: int) -> None:
    """Guess a password at POST /token, once."""
    body = b'{"username": "nobody-%d", "password": "wrong-%d"}' % (number, number)
    await _ask(host, port, b"POST /token", b"Content-Type: application/json\r\n", body)


async def guess_login(host: str, port: int, number: int) -> None:
    """Guess a password at /admin/login/, once."""
    secret = b"a" * 32
    fields = {name: text.format(n=number) for name, text in WRONG.items()}
    body = urlencode({**fields, "csrfmiddlewaretoken": secret.decode(), "next": "/admin/"}).encode()
    headers = b"Content-Type: application/x-www-form-urlencoded\r\nCookie: csrftoken=" + secret + b"\r\n"
    await _ask(host, port, b"POST /admin/login/", headers, body)


async def _ask(host: str, port: int, start: bytes, headers: bytes, body: bytes) -> None:
    reader, writer = await asyncio.open_connection(host, port)
    try:
        length = b"Content-Length: %d\r\nConnection: close\r\n\r\n" % len(body)
        writer.write(start + b" HTTP/1.1\r\n" + HEAD + headers + length + body)
        await reader.read()
    finally:
        writer.close()


SOCKETS: dict[str, Attack] = {
    "a byte of the head each 5 s": slow_head,
    "a byte of the body each 5 s": slow_body,
    "answers never read": never_read,
    "idle": idle,
    "all of these": mixed,
}
GUESSES: dict[str, Attack] = {"guesses at POST /token": guess_token, "guesses at /admin/login/": guess_login}


@dataclass(frozen=True, slots=True)
class Attackers:
    """n connections of one kind. all_open: they have been opened; over: they are to be closed"""

    attack: Attack
    host: str
    port: int
    n: int
    all_open: Event
    over: Event

    def run(self) -> None:
        """Attack until it is over."""
        asyncio.run(self._attack())

    async def _attack(self) -> None:
        tasks = [asyncio.ensure_future(self._again(number)) for number in range(self.n)]
        await asyncio.sleep(1)
        self.all_open.set()
        while not self.over.is_set():
            await asyncio.sleep(0.1)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _again(self, number: int) -> None:
        while True:
            with suppress(OSError):
                await self.attack(self.host, self.port, number)
            await asyncio.sleep(0.05)


@contextmanager
def attacked(attack: Attack, host: str, port: int, n: int) -> Iterator[None]:
    """Attack from another process with n connections, which are opened again if they are closed."""
    context = multiprocessing.get_context("spawn")
    attackers = Attackers(attack, host, port, n, context.Event(), context.Event())
    process = context.Process(target=attackers.run, daemon=True)
    process.start()
    try:
        if not attackers.all_open.wait(60):
            sys.stderr.write("Not every connection of the attack could be opened.\n")
        yield
    finally:
        attackers.over.set()
        process.join(10)
        process.kill()
