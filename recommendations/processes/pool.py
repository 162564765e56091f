"""Does a long task's pieces in several processes. Imports nothing of Django, so that a fresh process can."""

import gc
import os
import pickle
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from importlib import import_module
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait as wait_for
from typing import Any, TypeVar

T = TypeVar("T")


class ProcessLost(RuntimeError):
    """A process ended before its work was done."""


def run_in_process(function: Callable[..., T], *arguments: Any, task: str) -> T:
    """Return what the function returns in a new process, which has a peak of memory of its own.

    task: what the process does, for the error. Raises ProcessLost when the system ends the process, such
    as for want of memory, and what the function raises.
    """
    with ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=exit_with_parent) as pool:
        try:
            return pool.submit(function, *arguments).result()
        except BrokenProcessPool as error:
            raise ProcessLost(
                f"The process that {task} was ended before it was done, perhaps for want of memory."
            ) from error


@dataclass(frozen=True, slots=True)
class ProcessPool:
    """What has pieces done by processes.

    maker: the function, as "module:name", which once in each makes what does a piece, given the arguments
    """

    processes: int
    maker: str
    arguments: tuple[Any, ...]

    def __call__(self, pieces: Iterable[T]) -> Iterator[tuple[T, Any]]:
        """Yield each piece with what became of it, as they are done; few wait, however many there are.

        Raises ProcessLost when a process is killed, such as for want of memory, and what a piece raises.
        """
        waiting: dict[Future[Any], T] = {}
        with ProcessPoolExecutor(
            self.processes,
            mp_context=get_context("spawn"),
            initializer=_start,
            # Packed, so that they are read when the process knows what they are made of.
            initargs=(self.maker, pickle.dumps(self.arguments)),
        ) as pool:
            try:
                for piece in pieces:
                    waiting[pool.submit(_do, piece)] = piece
                    if len(waiting) > 2 * self.processes:
                        yield from _done(waiting)
                while waiting:
                    yield from _done(waiting)
            except BrokenProcessPool as error:
                raise ProcessLost(
                    "A process was ended before its work was done, perhaps for want of memory."
                ) from error
            finally:
                for future in waiting:
                    future.cancel()


def _done(waiting: dict[Future[Any], T]) -> Iterator[tuple[T, Any]]:
    finished, _ = wait(waiting, return_when=FIRST_COMPLETED)
    for future in finished:
        yield waiting.pop(future), future.result()


_worker: Callable[[Any], Any]


def _start(maker: str, arguments: bytes) -> None:
    """Make this process ready for its pieces."""
    exit_with_parent()
    import_module("django").setup()
    global _worker  # noqa: PLW0603  what this process was started for
    module, name = maker.split(":")
    _worker = getattr(import_module(module), name)(*pickle.loads(arguments))  # noqa: S301  our own
    gc.freeze()  # what was made stays, and need not be looked through for garbage again and again


def _do(piece: Any) -> Any:
    return _worker(piece)


def exit_with_parent() -> None:
    """End this process, whatever it does then, once that which started it is gone, even if it was killed.

    Whoever interrupts the command from a terminal interrupts the parent alone, which ends its children.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = parent_process()
    if parent is not None:
        threading.Thread(
            target=_end_after, args=(parent.sentinel,), name="exit-with-parent", daemon=True
        ).start()


def _end_after(sentinel: int) -> None:
    wait_for([sentinel])
    os._exit(1)  # nobody is left to be told, and nothing to be kept
