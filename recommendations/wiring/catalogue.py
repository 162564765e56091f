"""The catalogue in this process's memory, with what is fitted to it, and its renewal."""

import time
from collections.abc import Callable
from functools import cache

from observe import metrics
from recommendations.caching.refresh_ahead import RefreshAheadCache
from recommendations.engine.actions import DAY
from recommendations.engine.log import no_events
from recommendations.engine.snapshot import Snapshot
from recommendations.pipeline import Pipeline
from recommendations.selectors.histories import log
from recommendations.selectors.snapshots import snapshot
from recommendations.serving.pipelines import PipelineCache
from recommendations.serving.results import ModelRef
from recommendations.strategies.base import Training
from recommendations.wiring.configured import config, model_loader, strategy_registry

# What a server does after each renewal in the background; None in a command, which renews in the foreground.
_afterwards: Callable[[], None] | None = None


def pipeline(chosen: ModelRef) -> Pipeline:
    """Return the pipeline over the latest snapshot."""
    return _pipelines()()(chosen)


def stamp() -> str:
    """Return the stamp of the latest snapshot."""
    return _pipelines()().snapshot.stamp


def read_at() -> float:
    """Return when the latest snapshot was read, seconds since 1970."""
    return _pipelines()().read_at


def renew_in_background(afterwards: Callable[[], None]) -> None:
    """From now on a thread renews the snapshot, and does that afterwards, each time."""
    global _afterwards  # noqa: PLW0603  the one thing that tells a server from a command
    _afterwards = afterwards


def forget() -> None:
    """Drop the snapshot, and renew none in the background any more."""
    global _afterwards  # noqa: PLW0603
    _afterwards = None
    if _pipelines.cache_info().currsize:
        _pipelines().stop()
    _pipelines.cache_clear()


def refreshed_pipelines(former: PipelineCache | None) -> PipelineCache:
    """Return what is fitted to the shop as it is now; the former itself where nothing changed."""
    began = time.time()
    now = snapshot(former.snapshot if former else None)
    if former is None:
        return PipelineCache(now, _recent, strategy_registry(), read_at=began)
    if now is former.snapshot and not model_loader().is_lacking:
        return former
    return former.renewed(now, began)


@cache
def _pipelines() -> RefreshAheadCache[PipelineCache]:
    in_background = _afterwards is not None
    return RefreshAheadCache(
        _renewed, max_age_seconds=config().snapshot_max_age_seconds, in_background=in_background
    )


def _renewed(former: PipelineCache | None) -> PipelineCache:
    began = time.time()
    fresh = refreshed_pipelines(former)
    if config().result_cache_seconds:
        fresh.snapshot.stamp  # noqa: B018  made here, so that no shopper waits for it
    metrics.recorder.snapshot_read(began)
    if _afterwards is not None:
        _afterwards()
    return fresh


def _recent(now: Snapshot, days: float) -> Training:
    """Return the snapshot with so many days of the log before it. 1 query; none for 0 days."""
    events = log(since=now.now - int(days * DAY), until=now.now) if days else no_events()
    return Training(now, events, config().events)
