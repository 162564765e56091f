"""Ends a command that is interrupted or told to end at once, and with it what it started."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import active_children
from types import FrameType

# What a shell says of a command that was interrupted.
INTERRUPTED = 130


@contextmanager
def interrupted_at_once() -> Iterator[None]:
    """Raise KeyboardInterrupt when the process is interrupted or told to end, and wait for no child.

    It is raised once, so that what is cleared away then is not interrupted too. Only the main thread hears
    signals; in any other one nothing changes.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    told = False

    def interrupt(number: int, frame: FrameType | None) -> None:
        nonlocal told
        for child in active_children():
            child.terminate()
        if not told:
            told = True
            raise KeyboardInterrupt

    former = {number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
