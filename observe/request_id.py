"""The id of the current request, in web servers and in Celery workers."""

import os
import re
from contextvars import ContextVar

HEADER = "X-Request-ID"
_VALID = re.compile("[!-~]{1,128}")  # printable ASCII without spaces: safe in a header and in a log line
_current: ContextVar[str] = ContextVar("request_id", default="")


def begin(given: str | None) -> str:
    """Set and return the id of this thread's request: the given one if it is valid, else a new one."""
    new = given if given is not None and _VALID.fullmatch(given) else os.urandom(8).hex()
    _current.set(new)
    return new


def end() -> None:
    """Clear the id of this thread."""
    _current.set("")


def current() -> str:
    """Return the id of the current request, "" outside of requests."""
    return _current.get()
