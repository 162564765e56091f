"""Does a long task's pieces in several processes. Imports nothing of Django, so that a fresh process can."""

import gc
import pickle
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from importlib import import_module
from multiprocessing import get_context
from typing import Any, TypeVar

from recommendations.processes.parent import exit_with_parent

T = TypeVar("T")


class ProcessLost(RuntimeError):
    """A process ended before its piece was done."""


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
