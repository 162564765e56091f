"""Reads whole numbers on the command line, and says what would have been right."""

from argparse import ArgumentTypeError
from collections.abc import Callable

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
