"""Reasons for a recommendation, as data. The points of a product's reasons add up exactly to its score."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import TypeVar


class ReasonKind(StrEnum):
    """Kinds of reasons. The comments say what the value of each kind means."""

    CATEGORY = "category"  # the category's name
    TAG = "tag"  # the tag's name
    POPULAR = "popular"  # the number of interactions
    TRENDING = "trending"  # the number of recent interactions
    BECAUSE = "because"  # the id of a product in the user's history whose users also chose this one
    SIMILAR = "similar"  # the id of a product that is similar to this one
    TOGETHER = "together"  # the number of baskets with both this product and the one that it goes with
    LIFT = "lift"  # how many times more often than by chance they share a basket, in thousandths
    DUE = "due"  # days since the last purchase ÷ the usual interval, in thousandths
    BOUGHT = "bought"  # the number of days on which the user bought it
    REST = "rest"  # the number of other factors, for or against, that no other reason names


# Kinds whose value is a product id; a sentence needs the name of that product.
PRODUCT_KINDS = frozenset({ReasonKind.BECAUSE, ReasonKind.SIMILAR})

K = TypeVar("K", bound=StrEnum)
V = TypeVar("V")


def exhaustive(kinds: type[K], table: Mapping[K, V]) -> Mapping[K, V]:
    """Return the table, read-only. Raises ValueError naming each kind that has no entry."""
    if missing := [f"{kinds.__name__}.{kind.name}" for kind in kinds if kind not in table]:
        raise ValueError(f"The table has no entry for {', '.join(missing)}.")
    return MappingProxyType(dict(table))


@dataclass(frozen=True, slots=True)
class Reason:
    """One part of a score.

    points: integer thousandths of a point
    name:   the name of the product whose id is the value, once it has been looked up
    """

    kind: ReasonKind
    value: str | int
    points: int
    name: str | None = None
