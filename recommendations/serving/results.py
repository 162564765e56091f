"""What is asked for, and what is answered: one shopper's list, ready to be shown."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from recommendations.engine.reasons import Reason
from recommendations.explainers.base import Explanation
from recommendations.selectors.products import Details
from recommendations.selectors.shoppers import Shopper
from recommendations.selectors.states import State
from recommendations.serving.filters import EVERYTHING, Filters

POPULAR = "popular"


@dataclass(frozen=True, slots=True)
class Chosen:
    """A strategy by name, and the version of its model; "" where it needs none, or none is active."""

    strategy: str
    version: str = ""


@dataclass(frozen=True, slots=True)
class Ask:
    """Who wants how many products, by which strategy, and how they are narrowed down.

    diversity: from 0, the best, to 1, the most different; offset: how many of the best are left out
    """

    shopper: Shopper
    top_n: int
    chosen: Chosen
    filters: Filters = EVERYTHING
    diversity: float = 0.0
    offset: int = 0

    @property
    def is_plain(self) -> bool:
        """Whether nothing but the head of the shopper's own list is asked for."""
        return self.filters == EVERYTHING and not self.diversity and not self.offset


@dataclass(frozen=True, slots=True)
class Placed:
    """A product in its place. score: integer thousandths, the sum of the reasons' points."""

    product: Details
    score: int
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Written:
    """A text that was written ahead, and the digest of what it was written for."""

    explanation: Explanation
    digest: str


@dataclass(frozen=True, slots=True)
class Grounds:
    """What a shelf from a stored list stands on.

    products: the ids of all that the list holds and its reasons name; shown: of those on the shelf
    state:    what the database held before their fields were read
    """

    chosen: Chosen
    products: list[int]
    shown: list[int]
    state: State

    @property
    def user_id(self) -> int:
        return self.state.user_id


@dataclass(frozen=True, slots=True)
class LiveGrounds:
    """What a shelf that was computed live stands on.

    products: the ids of all that were looked at: shown, named, or found gone; at least one
    facts:    the digest of what the database held of the shopper and of these, as they were shown
    list_at:  when the stored list was made that did not hold, None where there was none; for who asks
              for a plain shelf alone, since nothing else is answered from it
    stamp:    of the snapshot; read_at: when that was read; made_at: when the shelf was; seconds since 1970
    """

    chosen: Chosen
    user_id: int
    products: list[int]
    facts: bytes
    is_plain: bool
    stamp: str
    read_at: float
    made_at: float
    list_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Shelf:
    """The answer, best first.

    fallback: what filled it when the strategy itself found nothing, else None
    grounds:  None for what cannot be told to be the same the next time
    is_stored: whether it was made ahead
    """

    shopper: Shopper
    placed: tuple[Placed, ...]
    summary: str
    strategy: str
    fallback: str | None
    has_history: bool
    written: Written | None = None
    grounds: Grounds | LiveGrounds | None = None
    is_stored: bool = False


class Recommend(Protocol):
    """Answers an ask. What caches has the same shape as what it wraps."""

    def __call__(self, ask: Ask) -> Shelf: ...
