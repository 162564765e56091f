"""Interface of explainers: the evidence that they receive and the explanation that they return."""

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol, Self

from recommendations.engine.reasons import PRODUCT_KINDS, Reason, ReasonKind
from recommendations.explainers.behaviour import Behaviour

# Kinds whose value is a count that is worth mentioning even without points.
COUNT_KINDS = frozenset({ReasonKind.POPULAR, ReasonKind.TRENDING, ReasonKind.TOGETHER, ReasonKind.BOUGHT})


class Source(StrEnum):
    """The author of an explanation."""

    OPENAI = "openai"
    TEMPLATE = "template"


class Finding(StrEnum):
    """Whether the strategy itself found products for a list or, if the fallback filled it, why not."""

    FOUND = "found"
    NO_MODEL = "no model"  # it needs a trained model and has none
    NO_HISTORY = "no history"  # it is based on the shopper's history, which is empty
    NOTHING_POPULAR = "nothing popular"
    NOTHING_TRENDING = "nothing trending"
    NO_FAVOURITES = "no favourites"  # no product shares the shopper's favourite categories or tags
    NOTHING_RELATED = "nothing related"  # no product is related to those in the shopper's history


def may_mention(reason: Reason) -> bool:
    """Return whether the reason counts for the product, and its name or count is known.

    Products of a fallback have no points, but may have a count.
    """
    if reason.kind in COUNT_KINDS:
        return reason.points >= 0 and bool(reason.value)
    return reason.points > 0 and (reason.kind not in PRODUCT_KINDS or bool(reason.name))


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One recommended product, with what an explanation needs. category: its path, or None."""

    name: str
    category: str | None
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Evidence:
    """The facts of an explanation. An explanation must not claim anything else.

    behaviour:    what the shopper did lately, and likes best
    suggestions:  in the order shown, possibly none
    is_narrowed:  whether filters limited the request to a part of the shop
    is_continued: whether other products precede these, on an earlier page
    """

    user_name: str
    behaviour: Behaviour
    finding: Finding
    suggestions: tuple[Suggestion, ...]
    is_narrowed: bool = False
    is_continued: bool = False

    def digest(self, writer: str) -> str:
        """Return a hash of the writer and of all evidence, 32 hex digits. writer: an explainer's identity"""
        content = f"{writer}\n{self!r}".encode("utf-8", "backslashreplace")
        return hashlib.blake2b(content, digest_size=16).hexdigest()


@dataclass(frozen=True, slots=True)
class Explanation:
    """A text for the shopper, and its author."""

    text: str
    source: Source


class Explainer(Protocol):
    """Explains evidence in words. Never raises: explainers that use a server fall back to the template."""

    @classmethod
    def from_options(cls, **options: Any) -> Self:
        """Return an explainer with the OPTIONS from settings. Raises ValueError that names a bad option."""
        ...

    @property
    def source(self) -> Source:
        """The author of its texts, unless it falls back."""
        ...

    @property
    def concurrency(self) -> int:
        """The number of texts that it can write at the same time."""
        ...

    @property
    def identity(self) -> str:
        """Identifies the writer of its texts: the kind of explainer, and the language model if any."""
        ...

    @property
    def is_resting(self) -> bool:
        """Whether `explain` would return a text of the template at once, because its model has failed."""
        ...

    def explain(self, evidence: Evidence) -> Explanation:
        """Return an explanation of the evidence."""
        ...
