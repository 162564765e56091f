"""All that answers are computed from at one moment: one snapshot, and pipelines bound to it."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

from recommendations.engine.snapshot import Snapshot
from recommendations.pipeline import Pipeline
from recommendations.serving.fillers import Fillers, untrained
from recommendations.serving.results import ModelRef
from recommendations.strategies.base import Model, Strategy, Training
from recommendations.strategies.untrained import Untrained

# Gives what there is to learn from a snapshot and so many days of the log before it.
ReadTraining = Callable[[Snapshot, float], Training]


@dataclass(frozen=True)
class StrategyRegistry:
    """strategies: by name; opened: gives the model of a version, None where it cannot be had."""

    strategies: Mapping[str, Strategy]
    opened: Callable[[ModelRef], Model | None]

    @cached_property
    def untrained(self) -> Mapping[str, Strategy]:
        return untrained(self.strategies)


@dataclass(frozen=True, slots=True)
class RecentModels:
    """What was fitted to the last days' events. at: when, by the clock; seconds: how long that took."""

    models: Mapping[str, Model]
    at: float
    seconds: float


class PipelineCache:
    """Pipelines over one snapshot, each made when it is first asked for. For any number of threads.

    The log is read when something is first fitted to it, and is not kept. What was fitted to it outlives
    the snapshot by SHARE times as long as that took, so that a large shop's log does not keep servers busy.

    read_at: when the snapshot was read, seconds since 1970
    """

    SHARE = 20

    def __init__(
        self,
        snapshot: Snapshot,
        recent: ReadTraining,
        recipes: StrategyRegistry,
        lately: RecentModels | None = None,
        clock: Callable[[], float] = time.monotonic,
        *,
        read_at: float = 0.0,
    ) -> None:
        self.snapshot = snapshot
        self.read_at = read_at
        self._recent = recent
        self._recipes = recipes
        self._lately = lately
        self._clock = clock
        self._pipelines: dict[ModelRef, Pipeline] = {}
        self._fillers = Fillers(snapshot, self._fitted)
        self._making = threading.RLock()

    def __call__(self, chosen: ModelRef) -> Pipeline:
        """Return the pipeline of the strategy with that version of its model."""
        found = self._pipelines.get(chosen)
        if found is None:
            with self._making:
                found = self._pipelines.get(chosen) or self._made(chosen)
                # Of each strategy one version is kept: another one takes its place.
                others = {k: v for k, v in self._pipelines.items() if k.strategy != chosen.strategy}
                self._pipelines = {**others, chosen: found}
        return found

    def renewed(self, snapshot: Snapshot, read_at: float = 0.0) -> "PipelineCache":
        """Return the same pipelines over another snapshot, which was read at that moment, made already."""
        lately = self._lately
        if lately and self._clock() - lately.at >= self.SHARE * lately.seconds:
            lately = None
        fresh = PipelineCache(snapshot, self._recent, self._recipes, lately, self._clock, read_at=read_at)
        for chosen in list(self._pipelines):
            fresh(chosen)
        return fresh

    def _made(self, chosen: ModelRef) -> Pipeline:
        return self._fillers.pipeline(self._recipes.strategies[chosen.strategy], self._model(chosen))

    def _model(self, chosen: ModelRef) -> Model:
        """Return the model: fitted now where that is quick, else the one that was trained."""
        if chosen.strategy in self._recipes.untrained:
            return self._fitted(chosen.strategy)
        return (chosen.version and self._recipes.opened(chosen)) or Untrained()

    def _fitted(self, name: str) -> Model:
        """Return the model of a strategy that is not trained ahead; the log is read once for all of them."""
        recipe = self._recipes.untrained[name]
        if not recipe.log_days:
            return recipe.fit(self._recent(self.snapshot, 0))
        if self._lately is None:
            began = self._clock()
            readers = {name: recipe for name, recipe in self._recipes.untrained.items() if recipe.log_days}
            training = self._recent(self.snapshot, max(recipe.log_days or 0 for recipe in readers.values()))
            models = {name: recipe.fit(training) for name, recipe in readers.items()}
            self._lately = RecentModels(models, began, self._clock() - began)
        return self._lately.models[name]
