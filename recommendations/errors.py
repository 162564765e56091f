"""Errors of recommending. Each message says what was requested and what would be valid."""

from collections.abc import Iterable
from datetime import datetime


class RecommendationError(Exception):
    """Base class of the errors in this module."""


class UnknownShopper(RecommendationError):
    """No shopper has that id."""

    def __init__(self, key: str) -> None:
        super().__init__(f"There is no shopper {key}.")


class UnknownProduct(RecommendationError):
    """No visible product has that id."""

    def __init__(self, key: str) -> None:
        super().__init__(f"There is no product {key}.")


class BadRequest(RecommendationError):
    """A request is invalid: a number is out of range, or a name does not exist.

    errors: one dict per problem with field, value and message
    """

    def __init__(self, *errors: dict[str, object]) -> None:
        super().__init__()  # the response is rendered from `errors`
        self.errors = list(errors)


class UnknownStrategy(RecommendationError):
    """No strategy with that name is configured."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        names = ", ".join(sorted(known))
        super().__init__(f"There is no strategy {name[:80]!r}; choose from {names}.")
        self.errors = [{"field": "strategy", "value": name, "message": f"Must be one of {names}."}]


class BadConfiguration(RecommendationError):
    """settings.RECOMMENDATIONS is invalid."""


class ModelUnavailable(RecommendationError):
    """A trained model cannot be loaded."""

    def __init__(self, strategy: str, version: str, problem: str) -> None:
        super().__init__(f"Model {strategy} {version} cannot be used: {problem}.")


class TrainingUnderWay(RecommendationError):
    """Another process is training the same strategy."""

    def __init__(self, strategy: str) -> None:
        super().__init__(f"{strategy} is already being trained; wait for that training to end.")


class GenerationUnderWay(RecommendationError):
    """Another run is generating the same strategy's lists for all shoppers."""

    def __init__(
        self, strategy: str, *, run: int, started_by: str, started_at: datetime, n_ready: int, n_total: int
    ) -> None:
        super().__init__(
            f"Lists of {strategy} are already being generated: run {run}, started by {started_by} at "
            f"{started_at:%Y-%m-%d %H:%M:%S} UTC, has processed {n_ready:,} of {n_total:,} shoppers. Wait "
            f"for it to end, or interrupt it."
        )


class QueueUnavailable(RecommendationError):
    """Tasks cannot be sent to the workers now."""

    def __init__(self, problem: str) -> None:
        super().__init__(f"Tasks cannot be sent to the workers: {problem}.")


class NothingToRollBackTo(RecommendationError):
    """No other version of the strategy has ever been active."""

    def __init__(self, strategy: str) -> None:
        super().__init__(
            f"No other version of {strategy} has ever been active; choose a version and activate it instead."
        )


class VersionActive(RecommendationError):
    """An active version cannot be deleted."""

    def __init__(self, strategy: str, version: str) -> None:
        super().__init__(f"{strategy} {version} is active; activate another version before deleting it.")


class VersionGone(RecommendationError):
    """A version that was to be activated has been deleted."""

    def __init__(self, strategy: str, version: str) -> None:
        super().__init__(f"{strategy} {version} has been deleted; activate another version.")


class NoEvents(RecommendationError):
    """The shop has no events."""

    def __init__(self) -> None:
        super().__init__("There are no events to learn from.")


class NothingHeldOut(RecommendationError):
    """The holdout window leaves no users to measure on."""

    def __init__(self, holdout_days: int, problem: str) -> None:
        super().__init__(f"--holdout-days {holdout_days}: {problem}.")


class StrategyFailed(RecommendationError):
    """A strategy cannot be fitted or measured on the shop's data. doing: what failed, such as "fitted"."""

    # Raised by strategies, their libraries and NumPy for data and options that they cannot handle.
    CAUSES = (ValueError, ArithmeticError, ImportError, MemoryError)

    def __init__(self, strategy: str, doing: str, cause: BaseException) -> None:
        kind = "" if type(cause) is ValueError else f"{type(cause).__name__}: "
        super().__init__(f"{strategy} could not be {doing}: {kind}{str(cause).rstrip('.')}.")


class StaleComparison(RecommendationError):
    """The default model is no longer the one that a new version was compared with."""

    def __init__(self, compared_with: str) -> None:
        super().__init__(
            f"{compared_with}, which it was compared with, is no longer the default; compare them again."
        )


class NothingToTrain(RecommendationError):
    """A named strategy is not trained ahead, or no configured strategy is."""

    def __init__(self, named: Iterable[str], trained: Iterable[str]) -> None:
        known = ", ".join(sorted(trained)) or "none of the configured strategies"
        wrong = ", ".join(named)
        problem = f"Not trained ahead: {wrong}. " if wrong else ""
        super().__init__(f"{problem}Trained ahead: {known}.")
