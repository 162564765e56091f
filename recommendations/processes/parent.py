"""Lets no process outlive the command that started it. Imports nothing of Django, so that a fresh one can."""

import os
import signal
import threading
from multiprocessing import parent_process
from multiprocessing.connection import wait


def exit_with_parent() -> None:
    """End this process, whatever it does then, once that which started it is gone, even if it was killed.

    Whoever interrupts the command from a terminal interrupts the parent alone, which ends its children.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = parent_process()
    if parent is not None:
        threading.Thread(target=_end_after, args=(parent.sentinel,), name="tether", daemon=True).start()


def _end_after(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)  # nobody is left to be told, and nothing to be kept
