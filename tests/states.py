"""States of a shop for tests of caches, without a database."""

from collections.abc import Iterable, Mapping
from datetime import timedelta

from catalog.changes import FeedPosition
from recommendations.caching.versions import FreshnessPolicy, Validator
from recommendations.engine.snapshot import Snapshot
from recommendations.selectors.models import ActiveModels
from recommendations.selectors.products import Details
from recommendations.selectors.shoppers import Shopper, StoredRow
from recommendations.serving.catalogue import Catalogue, DetailsCache, PipelineCache, StrategyRegistry
from recommendations.serving.results import ModelRef
from recommendations.serving.state import ShopperState
from recommendations.strategies.base import Training
from tests.factories import NOON
from tests.worlds import World

CONTENT = ModelRef("content")
EMPTY = World({}).snapshot()


def no_training(snapshot: Snapshot, days: float) -> Training:
    raise AssertionError("nothing is fitted here")


def no_model(model: ModelRef) -> None:
    return None


def no_details(ids: Iterable[int]) -> Mapping[int, Details]:
    return {}


def catalogue(
    snapshot: Snapshot = EMPTY, *, number: int = 0, details: DetailsCache | None = None
) -> Catalogue:
    """Return a catalogue of the snapshot. number: how many changes were applied"""
    pipelines = PipelineCache(snapshot, no_training, StrategyRegistry({}, no_model))
    return Catalogue(pipelines, FeedPosition(), number, details or DetailsCache(no_details), frozenset(), 0)


def state(
    shopper: Shopper,
    *,
    model: ModelRef = CONTENT,
    stored: StoredRow | None = None,
    of: Catalogue | None = None,
) -> ShopperState:
    """Return the state of a shop with this shopper."""
    active = ActiveModels(None, {})
    return ShopperState(of or catalogue(), active, shopper=shopper, model=model, stored=stored)


def stored_row(identity: str) -> StoredRow:
    """Return an empty stored list."""
    return StoredRow("content", "[]", "", "", "[]", "", "", "", 0, 0, "", NOON, identity)


def validator(*, ttl_seconds: float = 60, now: float = 1.0) -> Validator:
    """Return a validator for which a list of less than a day is young."""
    return Validator(lambda at: NOON - at < timedelta(days=1), FreshnessPolicy(ttl_seconds, 60, lambda: now))
