"""The snapshot of the catalogue in this process, the pipelines over it, and their renewal."""

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

# Called after each renewal in the background, in a server; None in a command, which renews in the foreground.
_after_renewal: Callable[[], None] | None = None


def pipeline(model: ModelRef) -> Pipeline:
    """Return the model's pipeline over the latest snapshot."""
    return _pipelines()()(model)


def stamp() -> str:
    """Return the stamp of the latest snapshot."""
    return _pipelines()().snapshot.stamp


def read_at() -> float:
    """Return when the latest snapshot was read, seconds since 1970."""
    return _pipelines()().read_at


def renew_in_background(after_renewal: Callable[[], None]) -> None:
    """Let a thread renew the snapshot from now on, and call this function after each renewal."""
    global _after_renewal  # noqa: PLW0603  the only difference between a server and a command
    _after_renewal = after_renewal


def forget() -> None:
    """Drop the snapshot, and stop its renewal in the background."""
    global _after_renewal  # noqa: PLW0603
    _after_renewal = None
    if _pipelines.cache_info().currsize:
        _pipelines().stop()
    _pipelines.cache_clear()


def refreshed_pipelines(previous: PipelineCache | None) -> PipelineCache:
    """Return the pipelines over the shop as it is now; the previous ones themselves if nothing changed."""
    read_at = time.time()
    current = snapshot(previous.snapshot if previous else None)
    if previous is None:
        return PipelineCache(current, _read_training, strategy_registry(), read_at=read_at)
    if current is previous.snapshot and not model_loader().is_lacking:
        return previous
    return previous.with_snapshot(current, read_at)


@cache
def _pipelines() -> RefreshAheadCache[PipelineCache]:
    in_background = _after_renewal is not None
    return RefreshAheadCache(
        _renew, max_age_seconds=config().snapshot_max_age_seconds, in_background=in_background
    )


def _renew(previous: PipelineCache | None) -> PipelineCache:
    began = time.time()
    renewed = refreshed_pipelines(previous)
    if config().result_cache_seconds:
        renewed.snapshot.stamp  # noqa: B018  computed here, so that no request waits for it
    metrics.recorder.snapshot_read(began)
    if _after_renewal is not None:
        _after_renewal()
    return renewed


def _read_training(of: Snapshot, days: float) -> Training:
    """Return the snapshot with this number of days of the log before it. 1 query; none for 0 days."""
    events = log(since=of.now - int(days * DAY), until=of.now) if days else no_events()
    return Training(of, events, config().events)
