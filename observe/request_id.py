"""The id of the request that is being answered, wherever its work is done."""

import os
import re
from contextvars import ContextVar

HEADER = "X-Request-ID"
_FITS = re.compile("[!-~]{1,128}")  # printable ASCII without blanks: safe in a header and in a line of a log
_now: ContextVar[str] = ContextVar("request_id", default="")


def begin(given: str | None) -> str:
    """Return the id that holds in this thread from here on: the given one if it can be one, or a new one."""
    own = given if given is not None and _FITS.fullmatch(given) else os.urandom(8).hex()
    _now.set(own)
    return own


def end() -> None:
    """From here on no request is answered in this thread."""
    _now.set("")


def current() -> str:
    """Return the id; "" where no request is answered."""
    return _now.get()
