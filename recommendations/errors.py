"""What can go wrong in recommending, by name; each message says what was asked and what would be right."""

from collections.abc import Iterable
from datetime import datetime


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


class UnknownProduct(RecommendationError):
    """No product that may be seen has that id."""

    def __init__(self, key: str) -> None:
        super().__init__(f"There is no product {key}.")


class BadAsk(RecommendationError):
    """What is asked for cannot be: a number out of its range, a name that nothing has.

    errors: one entry a problem: field, value, message.
    """

    def __init__(self, *errors: dict[str, object]) -> None:
        super().__init__()  # what is wrong is told from the errors
        self.errors = list(errors)


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


class GenerationUnderWay(RecommendationError):
    """Lists of the same strategy are being generated for everybody already."""

    def __init__(
        self, strategy: str, *, run: int, started_by: str, started_at: datetime, n_ready: int, n_total: int
    ) -> None:
        super().__init__(
            f"Lists of {strategy} are being generated already: run {run}, begun by {started_by} at "
            f"{started_at:%Y-%m-%d %H:%M:%S} UTC, has done {n_ready:,} of {n_total:,} shoppers. Wait for it, "
            f"or interrupt it."
        )


class QueueUnavailable(RecommendationError):
    """Work cannot be handed to workers now."""

    def __init__(self, problem: str) -> None:
        super().__init__(f"Nothing can be handed to the workers: {problem}.")


class NothingToRollBackTo(RecommendationError):
    """No other version of the strategy has ever been active."""

    def __init__(self, strategy: str) -> None:
        super().__init__(f"No other version of {strategy} was ever active; activate one by its name instead.")


class VersionActive(RecommendationError):
    """A version that answers cannot be deleted."""

    def __init__(self, strategy: str, version: str) -> None:
        super().__init__(f"{strategy} {version} is active; activate another version before you delete it.")


class VersionGone(RecommendationError):
    """A version that should answer was deleted meanwhile."""

    def __init__(self, strategy: str, version: str) -> None:
        super().__init__(f"{strategy} {version} was deleted meanwhile; activate another version.")


class NoEvents(RecommendationError):
    """Nothing has happened in the shop."""

    def __init__(self) -> None:
        super().__init__("There are no events to learn from.")


class NothingHeldOut(RecommendationError):
    """The last days leave nobody to measure on."""

    def __init__(self, holdout_days: int, problem: str) -> None:
        super().__init__(f"--holdout-days {holdout_days}: {problem}.")


class StrategyFailed(RecommendationError):
    """A strategy cannot be fitted to what there is. doing: what was not done, such as "fitted"."""

    # What strategies, their libraries and numpy raise over data and options that they cannot work with.
    CAUSES = (ValueError, ArithmeticError, ImportError, MemoryError)

    def __init__(self, strategy: str, doing: str, cause: BaseException) -> None:
        kind = "" if type(cause) is ValueError else f"{type(cause).__name__}: "
        super().__init__(f"{strategy} could not be {doing}: {kind}{str(cause).rstrip('.')}.")


class StaleComparison(RecommendationError):
    """Something else answers by default than what a new version was compared with."""

    def __init__(self, presumed: str) -> None:
        super().__init__(
            f"{presumed}, with which it was compared, does not answer by default any more; compare again."
        )


class NothingToTrain(RecommendationError):
    """Strategies were named that are not trained ahead, or there is none that is."""

    def __init__(self, named: Iterable[str], trained: Iterable[str]) -> None:
        known = ", ".join(sorted(trained)) or "none of the configured strategies"
        wanted = ", ".join(named)
        said = f"{wanted}: not trained ahead. " if wanted else ""
        super().__init__(f"{said}Trained ahead: {known}.")
