"""What management commands share: interruption, whole numbers, the operator's name, progress bars."""

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


LONGEST = 18


def whole_number(*, high: int | None = None) -> Callable[[str], int]:
    """Return a type for argparse: a whole number, 1 or more, and not above `high` if that is given."""
    wanted = (
        "must be a whole number, 1 or more" if high is None else f"must be a whole number from 1 to {high}"
    )

    def read(text: str) -> int:
        n = int(text) if text.isascii() and text.isdigit() and len(text) <= LONGEST else 0
        if n < 1 or (high is not None and n > high):
            raise ArgumentTypeError(wanted)
        return n

    return read


_LONGEST = 150  # as Django's usernames


def current_operator(command: str) -> str:
    """Return the name of the system's user, or the command's where there is none, as in a container."""
    try:
        return getpass.getuser()[:_LONGEST]
    except (OSError, KeyError, ImportError):
        return command


def progress_bar(
    stream: TextIO, *, total: int | None, description: str, unit: str, quiet: bool
) -> "tqdm[None]":
    """Return a bar that draws itself on the stream; quiet draws nothing.

    stream: the stream itself, not Django's wrapper around it, which would break the line
    On a terminal it moves ten times a second, in a log file every ten seconds.
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
