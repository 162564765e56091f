"""Shared parts of management commands: interruption, whole numbers, operator name, progress bars."""

import getpass
import signal
import threading
from argparse import ArgumentTypeError
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import active_children
from types import FrameType
from typing import TextIO

from tqdm import tqdm

# Exit code of an interrupted command, as shells use it.
EXIT_INTERRUPTED = 130


@contextmanager
def interrupt_immediately() -> Iterator[None]:
    """Raise KeyboardInterrupt on SIGINT and SIGTERM, and terminate child processes without waiting for them.

    It is raised only once, so that a second signal does not interrupt the cleanup. Only the main thread
    receives signals; in any other thread nothing changes.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    raised = False

    def interrupt(number: int, frame: FrameType | None) -> None:
        nonlocal raised
        for child in active_children():
            child.terminate()
        if not raised:
            raised = True
            raise KeyboardInterrupt

    previous = {number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


_MAX_DIGITS = 18


def whole_number(*, high: int | None = None) -> Callable[[str], int]:
    """Return a type for argparse: a whole number of at least 1 and, if `high` is given, at most that."""
    expected = (
        "must be a whole number of 1 or more" if high is None else f"must be a whole number from 1 to {high}"
    )

    def read(text: str) -> int:
        n = int(text) if text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS else 0
        if n < 1 or (high is not None and n > high):
            raise ArgumentTypeError(expected)
        return n

    return read


_MAX_NAME_LENGTH = 150  # as Django's usernames


def current_operator(command: str) -> str:
    """Return the name of the operating system's user, or the command if there is none, as in a container."""
    try:
        return getpass.getuser()[:_MAX_NAME_LENGTH]
    except (OSError, KeyError, ImportError):
        return command


def progress_bar(
    stream: TextIO, *, total: int | None, description: str, unit: str, quiet: bool
) -> "tqdm[None]":
    """Return a progress bar on the stream; with `quiet` it is not drawn.

    stream: the underlying stream; Django's OutputWrapper would add a line end to each update
    A terminal is updated ten times a second, a log file every ten seconds.
    """
    return tqdm(
        total=total,
        desc=description,
        unit=f" {unit}",
        file=stream,
        disable=quiet,
        mininterval=0.1 if stream.isatty() else 10,
        dynamic_ncols=stream.isatty(),
    )
