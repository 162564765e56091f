"""The catalogue in this process, the pipelines over it, and their renewal."""

import time
from collections.abc import Callable, Collection
from functools import cache

from catalog.changes import read_changes
from observe import metrics
from recommendations.caching.catalogue import CatalogueCache, CatalogueReader
from recommendations.engine.actions import DAY
from recommendations.engine.log import no_events
from recommendations.engine.snapshot import Snapshot
from recommendations.pipeline import Pipeline
from recommendations.selectors.histories import log
from recommendations.selectors.products import details
from recommendations.selectors.snapshots import patched, snapshot, with_popularity
from recommendations.serving.catalogue import Catalogue, DetailsCache, PipelineCache
from recommendations.serving.results import ModelRef
from recommendations.strategies.base import Training
from recommendations.wiring.configured import config, model_loader, strategy_registry

# Called after each renewal in the background, in a server; None in a command, which renews in the foreground.
_after_renewal: Callable[[], None] | None = None


def pipeline(model: ModelRef) -> Pipeline:
    """Return the model's pipeline over the catalogue as it is now. 1 query if nothing has changed."""
    return current().pipelines(model)


def current() -> Catalogue:
    """Return the catalogue as it is now. 1 query if nothing has changed."""
    return catalogue_cache()()


def renew_in_background(after_renewal: Callable[[], None]) -> None:
    """Let a thread renew the catalogue from now on, and call this function after each renewal."""
    global _after_renewal  # noqa: PLW0603  the only difference between a server and a command
    _after_renewal = after_renewal


def forget() -> None:
    """Drop the catalogue, and stop its renewal in the background."""
    global _after_renewal  # noqa: PLW0603
    _after_renewal = None
    if catalogue_cache.cache_info().currsize:
        catalogue_cache().stop()
    catalogue_cache.cache_clear()


@cache
def catalogue_cache() -> CatalogueCache:
    """Return the cache of the catalogue."""
    reader = CatalogueReader(read_changes, load_pipelines, _patch, _renew)
    return CatalogueCache(reader, DetailsCache(details), in_background=_after_renewal is not None)


def load_pipelines(previous: PipelineCache | None = None) -> PipelineCache:
    """Return pipelines over the shop as it is now. 6 queries, and those of fitting."""
    began = time.time()
    current = snapshot(counts_repeats=config().events.counts_repeats)
    if previous is None:
        loaded = PipelineCache(current, _read_training, strategy_registry())
    else:
        loaded = previous.with_snapshot(current)
    _renewed(loaded, began)
    return loaded


def _patch(previous: PipelineCache, product_ids: Collection[int]) -> PipelineCache:
    """Return the pipelines with these products as they are now; the same if none differs."""
    current = patched(previous.snapshot, product_ids, counts_repeats=config().events.counts_repeats)
    return previous if current is previous.snapshot else previous.with_changes(current)


def _renew(previous: PipelineCache) -> PipelineCache:
    """Return the pipelines with popularity, trends and models as they are now, or the same ones."""
    began = time.time()
    current = with_popularity(previous.snapshot, counts_repeats=config().events.counts_repeats)
    is_same = current is previous.snapshot and not model_loader().is_lacking
    renewed = previous if is_same else previous.with_snapshot(current)
    _renewed(renewed, began)
    return renewed


def _renewed(pipelines: PipelineCache, began: float) -> None:
    if config().result_cache_seconds:
        # Computed here, so that no request waits for them.
        pipelines.snapshot.stamp, pipelines.snapshot.activity_stamp  # noqa: B018
    metrics.recorder.snapshot_read(began)
    if _after_renewal is not None:
        _after_renewal()


def _read_training(of: Snapshot, days: float) -> Training:
    """Return the snapshot with this number of days of the log before it. 1 query; none for 0 days."""
    events = log(since=of.now - int(days * DAY), until=of.now) if days else no_events()
    return Training(of, events, config().events)
