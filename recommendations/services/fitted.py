"""All that answers are computed from at one moment: one snapshot, and pipelines bound to it."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from recommendations.pipeline import Pipeline
from recommendations.services.filling import Fillers, filler
from recommendations.services.shelf import Chosen
from recommendations.strategies.base import Model, Strategy, Training
from recommendations.strategies.untrained import Untrained


@dataclass(frozen=True, slots=True)
class Recipes:
    """strategies: by name; opened: gives the model of a version, None where it cannot be had."""

    strategies: Mapping[str, Strategy]
    opened: Callable[[Chosen], Model | None]

    @property
    def log_days(self) -> float:
        """How much of the log is needed for all that is not trained ahead."""
        trending = filler("trending", self.strategies)
        days = [recipe.log_days for recipe in (*self.strategies.values(), trending)]
        return max(n for n in days if n is not None)

    def model(self, chosen: Chosen, training: Training) -> Model:
        """Return the model: fitted now where that is quick, else the one that was trained."""
        recipe = self.strategies[chosen.strategy]
        if recipe.log_days is not None:
            return recipe.fit(training)
        return (chosen.version and self.opened(chosen)) or Untrained()


class Fitted:
    """Pipelines over one snapshot, each made when it is first asked for. For any number of threads."""

    def __init__(self, training: Training, recipes: Recipes) -> None:
        self.training = training
        self._recipes = recipes
        self._pipelines: dict[Chosen, Pipeline] = {}
        self._fillers = Fillers(training, recipes.strategies)
        self._making = threading.RLock()

    def __call__(self, chosen: Chosen) -> Pipeline:
        """Return the pipeline of the strategy with that version of its model."""
        found = self._pipelines.get(chosen)
        if found is None:
            with self._making:
                found = self._pipelines.get(chosen) or self._made(chosen)
                # Of each strategy one version is kept: another one takes its place.
                others = {k: v for k, v in self._pipelines.items() if k.strategy != chosen.strategy}
                self._pipelines = {**others, chosen: found}
        return found

    def renewed(self, training: Training) -> "Fitted":
        """Return the same pipelines over another snapshot, made already."""
        fresh = Fitted(training, self._recipes)
        for chosen in list(self._pipelines):
            fresh(chosen)
        return fresh

    def _made(self, chosen: Chosen) -> Pipeline:
        strategy = self._recipes.strategies[chosen.strategy]
        return self._fillers.pipeline(strategy, self._recipes.model(chosen, self.training))
