"""Fillers: the retrievers that fill up the short lists of a strategy, in serving and in evaluation alike."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from recommendations.engine.snapshot import Snapshot
from recommendations.pipeline import Pipeline
from recommendations.strategies.base import Model, Retriever, Strategy, with_prices
from recommendations.strategies.popular import Popular
from recommendations.strategies.trending import Trending
from recommendations.strategies.untrained import Untrained


class Fillers:
    """The fillers over one snapshot, each bound on first use. fitted: returns a filler's model by name"""

    def __init__(self, snapshot: Snapshot, fitted: Callable[[str], Model]) -> None:
        self._snapshot = snapshot
        self._fitted = fitted
        self._bound: dict[str, Retriever] = {}

    def pipeline(self, strategy: Strategy, model: Model) -> Pipeline:
        """Return the strategy's pipeline: its model, followed by the fillers."""
        names = ("trending", "popular") if strategy.fallback == "trending" else ("popular",)
        fillers = tuple(map(self._filler, names))
        basis = None if isinstance(model, Untrained) else strategy.basis
        return Pipeline(self._snapshot, model.bind(self._snapshot), fillers, strategy.fallback, basis)

    def with_prices(self, snapshot: Snapshot) -> "Fillers":
        """Return the fillers over a snapshot that differs in prices and availability only."""
        other = Fillers(snapshot, self._fitted)
        other._bound = {name: with_prices(retriever, snapshot) for name, retriever in self._bound.items()}
        return other

    def repriced(self, pipeline: Pipeline) -> Pipeline:
        """Return the pipeline over this snapshot, which differs in prices and availability only."""
        return replace(
            pipeline,
            snapshot=self._snapshot,
            retriever=with_prices(pipeline.retriever, self._snapshot),
            fillers=tuple([with_prices(filler, self._snapshot) for filler in pipeline.fillers]),
        )

    def _filler(self, name: str) -> Retriever:
        if name not in self._bound:
            self._bound[name] = self._fitted(name).bind(self._snapshot)
        return self._bound[name]


def untrained_strategies(configured: Mapping[str, Strategy]) -> dict[str, Strategy]:
    """Return the strategies that are not trained ahead, by name. They always include the fillers."""
    fillers: dict[str, Strategy] = {"popular": Popular(), "trending": Trending.from_options()}
    return fillers | {
        name: strategy for name, strategy in configured.items() if strategy.log_days is not None
    }
