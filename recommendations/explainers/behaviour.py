"""What a shopper did lately, as data and in one line."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

NO_HISTORY = "No interactions yet."


@dataclass(frozen=True, slots=True)
class Behaviour:
    """The latest distinct names, newest first. purchased, viewed: of products; interests: of categories"""

    purchased: tuple[str, ...] = ()
    viewed: tuple[str, ...] = ()
    interests: tuple[str, ...] = ()

    @property
    def summary(self) -> str:
        """All of it in one line, for people. Names are not marked in it, so nothing is checked against it."""
        return summary(purchased=self.purchased, viewed=self.viewed, interests=self.interests)

    def to_json(self) -> list[list[str]]:
        """Return its three lists of names."""
        return [list(self.purchased), list(self.viewed), list(self.interests)]

    @classmethod
    def from_json(cls, stored: Any) -> Self:
        """Return the behaviour of these lists, an empty one of no list. Raises ValueError for other JSON."""
        match stored:
            case [list() as purchased, list() as viewed, list() as interests]:
                return cls(tuple(purchased), tuple(viewed), tuple(interests))
            case []:
                return cls()
        raise ValueError(f"behaviour is three lists of names, not {type(stored).__name__}")


NO_BEHAVIOUR = Behaviour()


def last_name(path: str) -> str:
    """Return the name of a category without those above it: "Cups" for "Home > Kitchen > Cups"."""
    return path.rpartition(" > ")[2]


def summary(*, purchased: Sequence[str], viewed: Sequence[str], interests: Sequence[str]) -> str:
    """Return the line with the given names of products and categories, in order, without empty parts."""
    parts = (("Recently purchased", purchased), ("Recently viewed", viewed), ("Interested in", interests))
    sentences = [f"{title}: {', '.join(names)}." for title, names in parts if names]
    return " ".join(sentences) or NO_HISTORY
