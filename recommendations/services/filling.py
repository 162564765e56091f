"""What fills up the short lists of a strategy: the same wherever it answers, and where it is measured."""

from collections.abc import Mapping

from recommendations.pipeline import Pipeline
from recommendations.strategies.base import Model, Retriever, Strategy, Training
from recommendations.strategies.popular import Popular
from recommendations.strategies.trending import Trending


class Fillers:
    """The fillers over one snapshot, each fitted when it is first needed.

    configured: strategies by name; one that is not among them is made with its usual options
    """

    def __init__(self, training: Training, configured: Mapping[str, Strategy]) -> None:
        self._training = training
        self._configured = configured
        self._bound: dict[str, Retriever] = {}

    def pipeline(self, strategy: Strategy, model: Model) -> Pipeline:
        """Return the strategy's pipeline: its model, and after it what fills up."""
        snapshot = self._training.snapshot
        names = ("trending", "popular") if strategy.fallback == "trending" else ("popular",)
        fillers = tuple(map(self._filler, names))
        return Pipeline(snapshot, model.bind(snapshot), fillers, strategy.fallback)

    def _filler(self, name: str) -> Retriever:
        if name not in self._bound:
            model = filler(name, self._configured).fit(self._training)
            self._bound[name] = model.bind(self._training.snapshot)
        return self._bound[name]


def filler(name: str, configured: Mapping[str, Strategy]) -> Strategy:
    """Return the strategy that fills up, as it is configured or else with its usual options."""
    if name in configured:
        return configured[name]
    return Trending.from_options() if name == "trending" else Popular()
