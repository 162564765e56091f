"""Why a product was picked, as data: the points of its reasons add up exactly to its score."""

from dataclasses import dataclass
from enum import StrEnum


class ReasonKind(StrEnum):
    """What a reason speaks of, and what its value means."""

    CATEGORY = "category"  # the category's name
    TAG = "tag"  # the tag's name
    POPULAR = "popular"  # the number of interactions


@dataclass(frozen=True, slots=True)
class Reason:
    """One part of a score. points: integer thousandths of a point."""

    kind: ReasonKind
    value: str | int
    points: int
