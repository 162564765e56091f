"""What an explainer is given, what it gives back, and the shape that each has."""

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol, Self

from recommendations.engine.reasons import Reason


class Source(StrEnum):
    """Who wrote a text."""

    OPENAI = "openai"
    TEMPLATE = "template"


class Finding(StrEnum):
    """What the strategy found of its own for a list, or why nothing, so that others filled the list up."""

    FOUND = "found"
    NO_MODEL = "no model"  # it needs a trained model and has none: nothing was looked at
    NO_HISTORY = "no history"  # it goes by what the shopper did, and they did nothing yet
    NOTHING_POPULAR = "nothing popular"
    NOTHING_TRENDING = "nothing trending"
    NO_FAVOURITES = "no favourites"  # it looked for what shares the shopper's favourites
    NOTHING_RELATED = "nothing related"  # it looked for what goes with the products that the shopper met


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One recommended product, as far as words need it. category: its name, or None."""

    name: str
    category: str | None
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that an explanation may speak of; what is not here, it cannot claim.

    summary: the shopper's behaviour in words; suggestions: in the order shown, possibly none
    is_narrowed: whether only a part of the shop was looked at; is_continued: whether others come before these
    """

    user_name: str
    summary: str
    finding: Finding
    suggestions: tuple[Suggestion, ...]
    is_narrowed: bool = False
    is_continued: bool = False

    def digest(self, writer: str) -> str:
        """Return what changes with the writer and with all that a text could speak of, 32 hex digits."""
        said = f"{writer}\n{self!r}".encode("utf-8", "backslashreplace")
        return hashlib.blake2b(said, digest_size=16).hexdigest()


@dataclass(frozen=True, slots=True)
class Explanation:
    text: str
    source: Source


class Explainer(Protocol):
    """Words evidence. It never raises: one that leaves the process falls back to the template."""

    @classmethod
    def from_options(cls, **options: Any) -> Self:
        """Return an explainer made from its OPTIONS in settings. Raises ValueError naming a bad one."""
        ...

    @property
    def source(self) -> Source:
        """Who writes the texts when nothing goes wrong."""
        ...

    @property
    def concurrency(self) -> int:
        """How many texts it may usefully be asked for at the same time."""
        ...

    @property
    def identity(self) -> str:
        """What tells its texts from those of any other: its kind, and the model behind it."""
        ...

    def explain(self, evidence: Evidence) -> Explanation: ...
