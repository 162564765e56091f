"""All that answers are computed from at one moment: one snapshot, and pipelines bound to it."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from recommendations.pipeline import Pipeline
from recommendations.services.shelf import Chosen
from recommendations.strategies.base import Model, Retriever, Strategy, Training
from recommendations.strategies.popular import Popular
from recommendations.strategies.trending import Trending
from recommendations.strategies.untrained import Untrained


@dataclass(frozen=True, slots=True)
class Recipes:
    """strategies: by name; opened: gives the model of a version, None where it cannot be had."""

    strategies: Mapping[str, Strategy]
    opened: Callable[[Chosen], Model | None]

    @property
    def log_days(self) -> float:
        """How much of the log is needed for all that is not trained ahead."""
        days = [recipe.log_days for recipe in (*self.strategies.values(), self.filler("trending"))]
        return max(n for n in days if n is not None)

    def filler(self, name: str) -> Strategy:
        """Return the strategy that fills up, as it is configured or else with its usual options."""
        if name in self.strategies:
            return self.strategies[name]
        return Trending.from_options() if name == "trending" else Popular()

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
        self._fillers: dict[str, Retriever] = {}
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
        fallback = self._recipes.strategies[chosen.strategy].fallback
        names = ("trending", "popular") if fallback == "trending" else ("popular",)
        snapshot = self.training.snapshot
        return Pipeline(
            snapshot,
            self._recipes.model(chosen, self.training).bind(snapshot),
            tuple(self._filler(name) for name in names),
            fallback,
        )

    def _filler(self, name: str) -> Retriever:
        if name not in self._fillers:
            model = self._recipes.filler(name).fit(self.training)
            self._fillers[name] = model.bind(self.training.snapshot)
        return self._fillers[name]
