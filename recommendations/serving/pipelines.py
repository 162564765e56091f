"""Pipelines over one snapshot of the catalogue, built on first use."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

from recommendations.engine.snapshot import Snapshot
from recommendations.pipeline import Pipeline
from recommendations.serving.fillers import Fillers, untrained_strategies
from recommendations.serving.results import ModelRef
from recommendations.strategies.base import Model, Strategy, Training
from recommendations.strategies.untrained import Untrained

# Returns the training data of a snapshot and a number of days of the log before it.
ReadTraining = Callable[[Snapshot, float], Training]


@dataclass(frozen=True)
class StrategyRegistry:
    """The configured strategies and their trained models.

    strategies: by name
    load_model: returns the model of a version, None if it cannot be loaded
    """

    strategies: Mapping[str, Strategy]
    load_model: Callable[[ModelRef], Model | None]

    @cached_property
    def untrained_strategies(self) -> Mapping[str, Strategy]:
        """The strategies that are not trained ahead, by name; they include the fillers."""
        return untrained_strategies(self.strategies)


@dataclass(frozen=True, slots=True)
class RecentModels:
    """Models fitted to the events of the last days, by strategy.

    fitted_at:   when fitting began, by the cache's clock
    fit_seconds: how long reading the log and fitting took
    """

    models: Mapping[str, Model]
    fitted_at: float
    fit_seconds: float


class PipelineCache:
    """Pipelines over one snapshot, each built on first use. Thread-safe.

    The log is read when the first model is fitted to it, and is not kept. Models fitted to it are reused
    over later snapshots for REUSE_FACTOR times as long as fitting took, so that reading the log of a large
    shop does not keep servers busy.
    """

    REUSE_FACTOR = 20

    def __init__(
        self,
        snapshot: Snapshot,
        read_training: ReadTraining,
        registry: StrategyRegistry,
        recent_models: RecentModels | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.snapshot = snapshot
        self._read_training = read_training
        self._registry = registry
        self._recent_models = recent_models
        self._clock = clock
        self._pipelines: dict[ModelRef, Pipeline] = {}
        self._fillers = Fillers(snapshot, self._fit)
        self._lock = threading.RLock()

    def __call__(self, ref: ModelRef) -> Pipeline:
        """Return the pipeline of the strategy with that version of its model."""
        pipeline = self._pipelines.get(ref)
        if pipeline is None:
            with self._lock:
                pipeline = self._pipelines.get(ref) or self._build(ref)
                # One version of each strategy is cached: a new version replaces the old one.
                others = {k: v for k, v in self._pipelines.items() if k.strategy != ref.strategy}
                self._pipelines = {**others, ref: pipeline}
        return pipeline

    def with_snapshot(self, snapshot: Snapshot) -> "PipelineCache":
        """Return a cache over another snapshot, with all pipelines of this one built already."""
        recent = self._recent_models
        if recent and self._clock() - recent.fitted_at >= self.REUSE_FACTOR * recent.fit_seconds:
            recent = None
        other = self._over(snapshot, recent)
        for ref in list(self._pipelines):
            other(ref)
        return other

    def with_changes(self, snapshot: Snapshot) -> "PipelineCache":
        """Return a cache over this snapshot patched; models keep what they were fitted to."""
        other = self._over(snapshot, self._recent_models)
        if snapshot.differs_in_prices_only(self.snapshot):
            other._fillers = self._fillers.with_prices(snapshot)
            other._pipelines = {
                ref: other._fillers.repriced(pipeline) for ref, pipeline in self._pipelines.items()
            }
        else:
            for ref in list(self._pipelines):
                other(ref)
        return other

    def _over(self, snapshot: Snapshot, recent: RecentModels | None) -> "PipelineCache":
        return PipelineCache(snapshot, self._read_training, self._registry, recent, self._clock)

    def _build(self, ref: ModelRef) -> Pipeline:
        return self._fillers.pipeline(self._registry.strategies[ref.strategy], self._model(ref))

    def _model(self, ref: ModelRef) -> Model:
        """Return the trained model, or fit the model of a strategy that is not trained ahead."""
        if ref.strategy in self._registry.untrained_strategies:
            return self._fit(ref.strategy)
        return (ref.version and self._registry.load_model(ref)) or Untrained()

    def _fit(self, name: str) -> Model:
        """Return the model of a strategy that is not trained ahead. The log is read once for all of them."""
        strategy = self._registry.untrained_strategies[name]
        if not strategy.log_days:
            return strategy.fit(self._read_training(self.snapshot, 0))
        if self._recent_models is None:
            fitted_at = self._clock()
            on_log = {
                name: each for name, each in self._registry.untrained_strategies.items() if each.log_days
            }
            training = self._read_training(self.snapshot, max(each.log_days or 0 for each in on_log.values()))
            models = {name: each.fit(training) for name, each in on_log.items()}
            self._recent_models = RecentModels(models, fitted_at, self._clock() - fitted_at)
        return self._recent_models.models[name]
