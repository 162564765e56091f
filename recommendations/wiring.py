"""Where settings become objects, and nowhere else. What a process keeps, `forget()` drops."""

import logging
from collections.abc import Iterable
from functools import cache

from django.conf import settings
from django.db import DatabaseError
from django.utils import timezone

from recommendations.conf import Config
from recommendations.explainers.base import Explainer
from recommendations.pipeline import Pipeline
from recommendations.selectors.logs import log
from recommendations.selectors.snapshots import snapshot
from recommendations.services.evaluate import Evaluate
from recommendations.services.generate import Generate
from recommendations.services.kept import Kept
from recommendations.services.live import Live
from recommendations.services.precomputed import Precomputed
from recommendations.services.ranker import Ranker
from recommendations.services.shelf import Recommend
from recommendations.strategies.base import Strategy
from recommendations.strategies.popular import Popular

logger = logging.getLogger(__name__)


@cache
def config() -> Config:
    """Return the configuration. Raises BadConfiguration naming what is wrong."""
    return Config.of(settings.RECOMMENDATIONS)


@cache
def explainer() -> Explainer:
    made: Explainer = config().explainer.make()
    return made


def recommender() -> Recommend:
    """Return what answers an ask: from the stored list while it holds, else live. Never writes words."""
    return Precomputed(
        inner=live_recommender(),
        digest=config().digest,
        max_age_seconds=config().stored_list_max_age_seconds,
        now=timezone.now,
    )


def live_recommender() -> Recommend:
    """Return what answers an ask from the shop as it is now, whatever was stored."""
    return Live(lambda strategy: _kept_pipeline(strategy)())


def generator(strategy: str) -> Generate:
    """Return what generates lists ahead, fitted to the catalogue as it is now. Raises UnknownStrategy."""
    return Generate(Ranker(_fitted(strategy, None)), timezone.now)


def evaluator(names: Iterable[str]) -> Evaluate:
    """Return what compares these strategies on the last days of the shop. Raises UnknownStrategy."""
    return Evaluate(log, snapshot, {name: config().strategy(name).make() for name in names})


def serve() -> None:
    """Build what the first request would wait for, and renew it in the background from now on.

    A server calls it once, as it starts. A database without tables is logged, and asked again at need.
    """
    global _in_background  # noqa: PLW0603  the one thing that tells a server from a command
    _in_background = True
    explainer()  # before the threads: two made at once would each allow as many calls as one may
    try:
        _kept_pipeline(config().default_strategy)()
    except DatabaseError as error:
        logger.warning("The catalogue cannot be read yet: %s", error)


def forget() -> None:
    """Drop all that this process keeps, as if it had just started."""
    global _in_background  # noqa: PLW0603
    _in_background = False
    for kept in _kept.values():
        kept.stop()
    _kept.clear()
    config.cache_clear()
    explainer.cache_clear()


_in_background = False
_kept: dict[str, Kept[Pipeline]] = {}


def _kept_pipeline(strategy: str) -> Kept[Pipeline]:
    """Return the keeper of the strategy's pipeline. Raises UnknownStrategy."""
    if strategy not in _kept:
        config().strategy(strategy)
        kept: Kept[Pipeline] = Kept(
            lambda former: _fitted(strategy, former),
            max_age_seconds=config().snapshot_max_age_seconds,
            in_background=_in_background,
        )
        return _kept.setdefault(strategy, kept)
    return _kept[strategy]


def _fitted(strategy: str, former: Pipeline | None) -> Pipeline:
    """Return the strategy fitted to the catalogue as it is now; the former pipeline where nothing changed."""
    recipe: Strategy = config().strategy(strategy).make()
    now = snapshot(former.snapshot if former else None)
    if former is not None and now is former.snapshot:
        return former
    return Pipeline(now, recipe.fit(now), Popular().fit(now))
