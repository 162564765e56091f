"""Run functions in other processes. Does not import Django, so that a new process can import it first."""

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
    """Return the result of the function, called in a new process with a peak of memory of its own.

    task: what the process does, for the error message, such as "fitting the model"
    Raises ProcessLost when the system kills the process, for example for lack of memory, and the function's
    own errors.
    """
    with ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=exit_with_parent) as pool:
        try:
            return pool.submit(function, *arguments).result()
        except BrokenProcessPool as error:
            raise ProcessLost(
                f"The process {task} was killed before it finished, perhaps for lack of memory."
            ) from error


@dataclass(frozen=True, slots=True)
class ProcessPool:
    """Processes pieces of work in several processes.

    maker: a function, as "module:name"; each process calls it once with the arguments, and calls the result
    with each piece
    """

    processes: int
    maker: str
    arguments: tuple[Any, ...]

    def __call__(self, pieces: Iterable[T]) -> Iterator[tuple[T, Any]]:
        """Yield each piece with its result, in the order of completion.

        Reads only a few pieces ahead, however many there are. Raises ProcessLost when the system kills a
        process, for example for lack of memory, and the errors of the pieces.
        """
        waiting: dict[Future[Any], T] = {}
        with ProcessPoolExecutor(
            self.processes,
            mp_context=get_context("spawn"),
            initializer=_start,
            # Pickled here, so that they are unpickled after the process has set up Django.
            initargs=(self.maker, pickle.dumps(self.arguments)),
        ) as pool:
            try:
                for piece in pieces:
                    waiting[pool.submit(_do, piece)] = piece
                    if len(waiting) > 2 * self.processes:
                        yield from _finished(waiting)
                while waiting:
                    yield from _finished(waiting)
            except BrokenProcessPool as error:
                raise ProcessLost(
                    "A process was killed before it finished, perhaps for lack of memory."
                ) from error
            finally:
                for future in waiting:
                    future.cancel()


def _finished(waiting: dict[Future[Any], T]) -> Iterator[tuple[T, Any]]:
    finished, _ = wait(waiting, return_when=FIRST_COMPLETED)
    for future in finished:
        yield waiting.pop(future), future.result()


_worker: Callable[[Any], Any]


def _start(maker: str, arguments: bytes) -> None:
    """Set up Django and create the worker of this process."""
    exit_with_parent()
    import_module("django").setup()
    global _worker  # noqa: PLW0603  set once, when the process starts
    module, name = maker.split(":")
    _worker = getattr(import_module(module), name)(*pickle.loads(arguments))  # noqa: S301  our own
    gc.freeze()  # keeps the collector from scanning long-lived objects again and again


def _do(piece: Any) -> Any:
    return _worker(piece)


def exit_with_parent() -> None:
    """End this process as soon as its parent has ended, even if the parent was killed.

    Ignores SIGINT: an interrupt from the terminal is handled by the parent, which ends its children.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = parent_process()
    if parent is not None:
        threading.Thread(
            target=_end_after, args=(parent.sentinel,), name="exit-with-parent", daemon=True
        ).start()


def _end_after(sentinel: int) -> None:
    wait_for([sentinel])
    os._exit(1)  # there is nothing to clean up or to report to
