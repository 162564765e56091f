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

    def digest(self) -> str:
        """Return what changes whenever anything changes that a text could speak of, 32 hex digits."""
        return hashlib.blake2b(repr(self).encode("utf-8", "backslashreplace"), digest_size=16).hexdigest()


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

    def explain(self, evidence: Evidence) -> Explanation: ...
