"""What a chat server says of a model."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class ModelState(StrEnum):
    """What the server says of a model."""

    AVAILABLE = "available"
    ENDING = "ending"
    MISSING = "missing"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class ModelNews:
    """What the server says of one configured model.

    ends_on: the day of its announced end, None without one
    detail:  a sentence without its full stop
    """

    model: str
    state: ModelState
    detail: str
    ends_on: date | None = None
