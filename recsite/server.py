"""The web server: granian, whose workers answer through `Dispatcher` and are started again if they die.

`recsite.serve` becomes this module. It uses undocumented classes of granian, whose version is pinned.
"""

import asyncio
import gc
import importlib
import logging
import math
import os
import resource
import socket
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import django
from django.conf import settings
from granian._granian import CallbackScheduler, RSGIWorker
from granian._signals import set_loop_signals
from granian.constants import HTTPModes, Interfaces, Loops
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server.common import WORKERS_METHODS
from granian.server.mp import MPServer, WorkerProcess

from recsite.config import env
from recsite.config.env import Environment
from recsite.http.dispatcher import Dispatcher, Watcher

# The time for the head of a request, and for the next one on an open connection.
SECONDS_FOR_HEAD = 15
# A connection is closed if its client has read nothing for so long.
SECONDS_TO_READ = 30
# What the system holds of a response until its client reads; Linux takes it twice. It would take 4 MiB.
MAX_UNREAD_BYTES = 128 << 10
# The longest head; also the size of the parts in which bodies are read.
MAX_HEAD_BYTES = 32 << 10
# Open connections of each worker, and files that it needs for other purposes.
MAX_CONNECTIONS, OTHER_FILES = 8192, 512
# The pause before a worker is started again doubles, until one has lived for a while.
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS, STABLE_SECONDS = 0.5, 30.0, 60.0

logger = logging.getLogger("_granian")


def serve(environment: Environment, address: str, target: str = "recsite.wsgi:application") -> None:
    """Serve until SIGINT or SIGTERM, then let the workers finish their requests.

    target: the module and the name of a WSGI application
    """
    # A worker that stops may finish its requests, including the slowest explanation.
    seconds_to_finish = (
        math.ceil(max(environment.openai_timeout_seconds, environment.request_body_seconds)) + 5
    )
    server = Server(
        target,
        address=address,
        port=environment.port,
        interface=Interfaces.RSGI,
        workers=environment.web_workers,
        loop=Loops.asyncio,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(
            header_read_timeout=SECONDS_FOR_HEAD * 1000, max_buffer_size=MAX_HEAD_BYTES
        ),
        websockets=False,
        backpressure=max_connections(),
        runtime_blocking_threads=2,  # they read static files
        log_access=False,
        # Errors only: other messages repeat on every start.
        log_level=LogLevels.error,
        workers_kill_timeout=min(seconds_to_finish, 1800),
    )
    preload()
    server.serve(
        partial(
            run_worker,
            n_threads=environment.web_threads,
            body_seconds=environment.request_body_seconds,
            prefix=environment.script_name,
        )
    )


def preload() -> None:
    """Import the code that the workers run, so that they share its memory: each is a fork of this process."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "recsite.settings")
    django.setup()
    importlib.import_module(settings.ROOT_URLCONF)
    importlib.import_module("recommendations.wiring")
    gc.collect()
    gc.freeze()


def max_connections() -> int:
    """Return how many connections a worker may have open, and let this process open as many files."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_CONNECTIONS + OTHER_FILES
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < allowed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
        soft = allowed
    return max(64, min(MAX_CONNECTIONS, (wanted if soft == resource.RLIM_INFINITY else soft) - OTHER_FILES))


class Server(MPServer):
    """granian, which goes on however often its workers die.

    A worker that dies is started again after a pause: 0.5 s, then twice as long each time, 30 s at most, and
    0.5 s again once it has lived for a minute.
    """

    def _serve_loop(self, spawn_target: Callable[..., None], target_loader: Callable[..., Any]) -> None:
        pauses: dict[int, float] = {}
        due: dict[int, float] = {}
        while not self.interrupt_signal:
            self.main_loop_interrupt.wait(min(due.values()) - time.monotonic() if due else None)
            self.main_loop_interrupt.clear()
            if self.reload_signal:
                self._reload(spawn_target, target_loader)  # type: ignore[no-untyped-call]
            while self.interrupt_children:
                number = self.interrupt_children.pop()
                lived = time.monotonic() - self.wrks[number].birth
                pauses[number] = next_pause(lived, pauses.get(number, 0.0))
                due[number] = time.monotonic() + pauses[number]
                logger.error(f"Worker-{number + 1} is started again in {pauses[number]:g} s")
            for number in [number for number, at in due.items() if at <= time.monotonic()]:
                del due[number]
                self._respawn_workers([number], spawn_target, target_loader)
        self.interrupt_children.clear()  # whatever stops the server may have stopped its workers too


def next_pause(lived: float, last: float) -> float:
    """Return the seconds before a worker is started again. lived: how long it has; last: the pause before"""
    return (
        FIRST_PAUSE_SECONDS if lived >= STABLE_SECONDS or not last else min(2 * last, LONGEST_PAUSE_SECONDS)
    )


class Scheduler(CallbackScheduler):
    """Gives the requests that granian receives to a function."""

    def __new__(cls, loop: asyncio.AbstractEventLoop, schedule: Callable[[Watcher], None]) -> "Scheduler":
        return super().__new__(cls, loop, schedule, None, _nothing, _nothing)  # type: ignore[call-arg]

    def __init__(self, loop: asyncio.AbstractEventLoop, schedule: Callable[[Watcher], None]) -> None:
        super().__init__()
        self._schedule_fn = schedule


def _nothing(*arguments: object) -> None:
    """Do nothing, for tasks that granian does not run itself."""


@WorkerProcess.wrap_target  # type: ignore[untyped-decorator]
def run_worker(*given: Any, **options: Any) -> None:
    """Answer requests in this process until it is told to stop. As granian's own, but for the scheduler.

    options: those of Dispatcher
    """
    number, application, sock, ipc, loop, runtime_mode = given[:6]
    runtime, http, (tls, _, metrics) = given[6:11], given[12:17], given[18:]
    stopped = asyncio.Event()
    signalled = set_loop_signals(loop)  # type: ignore[no-untyped-call]
    signalled.add_cb(lambda: loop.call_soon_threadsafe(stopped.set))
    dispatcher = Dispatcher(application, loop, **options)
    make_worker: Any = RSGIWorker  # granian's types are those of an earlier version
    worker = make_worker(number, _limited(sock), ipc, *runtime, *http, *tls, metrics)
    run = getattr(worker, WORKERS_METHODS[runtime_mode][False])
    run(Scheduler(loop, dispatcher.schedule), loop, signalled)
    loop.run_until_complete(stopped.wait())


def _limited(sock: tuple[Any, Any]) -> tuple[None, Any]:
    """Return the listening socket, whose connections hold little and end when their clients do not read."""
    spec, holder = sock
    holder = holder or spec.build()
    with socket.socket(fileno=os.dup(holder.get_fd())) as same:
        same.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, MAX_UNREAD_BYTES)
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            same.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, SECONDS_TO_READ * 1000)
    return None, holder


if __name__ == "__main__":
    serve(env.read(), *sys.argv[1:])
