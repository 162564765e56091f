"""The catalogue in memory, as it was at one position in the change feed."""

import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from threading import Lock

from catalog.changes import FeedPosition
from recommendations.engine.snapshot import Snapshot
from recommendations.pipeline import Pipeline
from recommendations.selectors.products import Details
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


# Products whose fields a process keeps; about 1 KB each.
MOST_PRODUCTS = 50_000


class DetailsCache:
    """Keeps the details of products until they change. Thread-safe.

    read: reads those of the products that exist, by id
    most: how many products to keep; the ones that were read first are dropped first
    """

    def __init__(
        self, read: Callable[[Iterable[int]], Mapping[int, Details]], most: int = MOST_PRODUCTS
    ) -> None:
        self._read = read
        self._most = most
        self._details: dict[int, Details | None] = {}
        self._n_drops = 0
        self._lock = Lock()

    def __call__(self, ids: Iterable[int]) -> dict[int, Details]:
        """Return the details of the products that exist, by id. 1 query; none if all are in memory."""
        return {key: product for key, product in self.with_missing(ids).items() if product is not None}

    def with_missing(self, ids: Iterable[int]) -> dict[int, Details | None]:
        """Return the same, with None for products that do not exist."""
        kept = self._details
        found, missing = {}, []
        for key in ids:
            try:
                found[key] = kept[key]
            except KeyError:
                missing.append(key)
        if missing:
            n_drops = self._n_drops
            read = self._read(missing)
            new = {key: read.get(key) for key in missing}
            found.update(new)
            with self._lock:
                # What changed while it was being read may have been read as it was before.
                if self._n_drops == n_drops:
                    self._keep(new)
        return found

    def read(self, ids: Iterable[int]) -> Mapping[int, Details]:
        """Return the details of the products that exist, by id, from the database. 1 query."""
        return self._read(ids)

    def replace(self, details: Mapping[int, Details]) -> None:
        """Drop everything and keep these details."""
        with self._lock:
            self._n_drops += 1
            self._details = dict(details)

    def drop(self, ids: Collection[int] | None) -> None:
        """Drop these products, which have changed; None for all."""
        with self._lock:
            self._n_drops += 1
            if ids is None:
                self._details = {}
            else:
                for key in ids:
                    self._details.pop(key, None)

    def _keep(self, new: dict[int, Details | None]) -> None:
        self._details.update(new)
        for key in list(self._details)[: max(0, len(self._details) - self._most)]:
            del self._details[key]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The catalogue as it was at a position in the change feed.

    number:  how many changes this process had applied
    details: the fields of products as answers show them
    applied: ids of the rows at the position that a reading may find once more: those of this transaction
    renewed_at: when popularity was read, seconds since 1970
    """

    pipelines: PipelineCache
    position: FeedPosition
    number: int
    details: DetailsCache
    applied: frozenset[int]
    renewed_at: float
