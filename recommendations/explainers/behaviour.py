"""Summary of a shopper's behaviour, in one line."""

from collections.abc import Sequence

NO_HISTORY = "No interactions yet."


def last_name(path: str) -> str:
    """Return the name of a category without those above it: "Cups" for "Home > Kitchen > Cups"."""
    return path.rpartition(" > ")[2]


def summary(*, purchased: Sequence[str], viewed: Sequence[str], interests: Sequence[str]) -> str:
    """Return the line with the given names of products and categories, in order, without empty parts."""
    parts = (("Recently purchased", purchased), ("Recently viewed", viewed), ("Interested in", interests))
    sentences = [f"{title}: {', '.join(names)}." for title, names in parts if names]
    return " ".join(sentences) or NO_HISTORY
