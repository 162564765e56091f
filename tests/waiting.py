"""Waits for what other threads and processes do, for as long as a busy machine needs."""

import time
from collections.abc import Callable

# A guard against tests that hang. No test asserts how long anything takes.
PATIENCE_SECONDS = 120.0


def until(is_so: Callable[[], object]) -> None:
    """Return once it is so. Fails when it is not so for very long."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < end, f"not so within {PATIENCE_SECONDS:.0f} s"
        time.sleep(0.01)
