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


class ModelUnavailable(RecommendationError):
    """A trained model cannot be had."""

    def __init__(self, strategy: str, version: str, problem: str) -> None:
        super().__init__(f"Model {strategy} {version} cannot be used: {problem}.")


class TrainingUnderWay(RecommendationError):
    """The same strategy is being trained by another process."""

    def __init__(self, strategy: str) -> None:
        super().__init__(f"{strategy} is being trained already; wait for that to end.")


class NothingToRollBackTo(RecommendationError):
    """No other version of the strategy has ever been active."""

    def __init__(self, strategy: str) -> None:
        super().__init__(f"No other version of {strategy} was ever active; activate one by its name instead.")


class VersionActive(RecommendationError):
    """A version that answers cannot be deleted."""

    def __init__(self, strategy: str, version: str) -> None:
        super().__init__(f"{strategy} {version} is active; activate another version before you delete it.")
