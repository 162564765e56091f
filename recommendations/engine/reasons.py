"""Why a product was picked, as data: the points of its reasons add up exactly to its score."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import TypeVar


class ReasonKind(StrEnum):
    """What a reason speaks of, and what its value means."""

    CATEGORY = "category"  # the category's name
    TAG = "tag"  # the tag's name
    POPULAR = "popular"  # the number of interactions
    TRENDING = "trending"  # the number of recent interactions
    BECAUSE = "because"  # the id of a product that the user met, whose users also met this one
    SIMILAR = "similar"  # the id of a product that has much in common with this one
    TOGETHER = "together"  # the number of baskets that held both this and the product asked about
    LIFT = "lift"  # how many times as often as by chance they were in one basket, in thousandths
    DUE = "due"  # days since the user last bought it, in thousandths of their usual gap
    BOUGHT = "bought"  # the number of days on which the user bought it
    REST = "rest"  # how many other things counted, for or against; all that is not named


# Kinds whose value is the id of a product, which has a name that words need.
OF_PRODUCTS = frozenset({ReasonKind.BECAUSE, ReasonKind.SIMILAR})
# Kinds whose value is a number that says something even where it gives no points.
COUNTED = frozenset({ReasonKind.POPULAR, ReasonKind.TRENDING, ReasonKind.TOGETHER, ReasonKind.BOUGHT})

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
    name:   that of the product which the value means, once it has been looked up
    """

    kind: ReasonKind
    value: str | int
    points: int
    name: str | None = None

    @property
    def is_sayable(self) -> bool:
        """Whether it speaks for its product, and what words need is known.

        A product that fills up a list has no points, but perhaps a number.
        """
        if self.kind in COUNTED:
            return self.points >= 0 and bool(self.value)
        return self.points > 0 and (self.kind not in OF_PRODUCTS or bool(self.name))
