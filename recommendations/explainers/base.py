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
    """

    user_name: str
    summary: str
    has_history: bool
    suggestions: tuple[Suggestion, ...]

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
