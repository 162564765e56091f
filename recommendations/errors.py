"""What can go wrong in recommending, by name; each message says what was asked and what would be right."""

from collections.abc import Iterable


class RecommendationError(Exception):
    """Base of the recommendations' errors."""


class UnknownStrategy(RecommendationError):
    """No strategy of that name is configured."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        super().__init__(f"There is no strategy {name!r}; known: {', '.join(sorted(known))}.")


class UnknownShopper(RecommendationError):
    """No shopper has that id."""

    def __init__(self, key: str) -> None:
        super().__init__(f"There is no shopper {key}.")


class BadConfiguration(RecommendationError):
    """settings.RECOMMENDATIONS says something that cannot be done."""
