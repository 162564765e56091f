"""What a shopper has done, in one line."""

from collections.abc import Sequence

NO_HISTORY = "No interactions yet."


def summary(*, purchased: Sequence[str], viewed: Sequence[str], interests: Sequence[str]) -> str:
    """Return the line: names of products and categories, in the given order, parts without any left out."""
    parts = (("Recently purchased", purchased), ("Recently viewed", viewed), ("Interested in", interests))
    said = [f"{title}: {', '.join(names)}." for title, names in parts if names]
    return " ".join(said) or NO_HISTORY
