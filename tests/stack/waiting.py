"""Waits for what a test has caused, however slow the machine is."""

import time
from collections.abc import Callable
from typing import Any


def until(is_so: Callable[[], Any], seconds: float = 60.0) -> None:
    """Return once it is so. Fails after so many seconds, which only guard against hanging."""
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, f"It was not so within {seconds:.0f} s."
        time.sleep(0.02)
