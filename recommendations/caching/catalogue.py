"""The catalogue in memory, which follows the change feed and is renewed by a background thread."""

import logging
import os
import threading
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace

from django.db import connections

from catalog.changes import Changes, FeedPosition
from recommendations.selectors.products import Details
from recommendations.serving.catalogue import Catalogue, DetailsCache, PipelineCache

logger = logging.getLogger(__name__)

# Popularity and trends are never older than this; a thread renews them at half of it.
MAX_AGE_SECONDS = 60.0
# A feed that was not read for so long may have been pruned (`catalog.services.retention`).
_LONGEST_PAUSE_SECONDS = 3_600.0
# If reading the catalogue takes longer, a change of too many products to patch is read in the background.
_QUICK_SECONDS = 1.0
# The most popular products, whose details are read with the catalogue.
_N_PRELOADED = 4096


@dataclass(frozen=True, slots=True)
class CatalogueReader:
    """What reads the catalogue from the database.

    changes: since a position; None for the position only
    load:    returns pipelines over all products as they are now, with those of the previous ones built
    patch:   returns pipelines with these products as they are now
    renew:   returns pipelines with popularity, trends and models as they are now
    """

    changes: Callable[[FeedPosition | None], Changes]
    load: Callable[[PipelineCache | None], PipelineCache]
    patch: Callable[[PipelineCache, Collection[int]], PipelineCache]
    renew: Callable[[PipelineCache], PipelineCache]


@dataclass(frozen=True, slots=True)
class _Loaded:
    """The whole catalogue, its position before it was read, and when that was."""

    pipelines: PipelineCache
    details: Mapping[int, Details]
    position: Changes
    began: float


class CatalogueCache:
    """Keeps the catalogue as it is now.

    Each call reads the change feed, and what changed is applied before it returns. With a background thread,
    no caller waits for popularity, trends and new models, which the thread renews. If renewing fails, the
    thread logs the error and tries again.
    """

    def __init__(
        self,
        reader: CatalogueReader,
        details: DetailsCache,
        *,
        in_background: bool,
        max_age_seconds: float = MAX_AGE_SECONDS,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._reader = reader
        self._details = details
        self._in_background = in_background
        self._max_age_seconds = max_age_seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._catalogue: Catalogue | None = None
        self._read_at = 0.0
        self._load_seconds = 0.0
        self._must_load = False
        self._patched: set[int] = set()  # products since the thread began to renew the catalogue
        self._wake = threading.Event()
        self._stopped = False
        self._process = 0

    def __call__(self) -> Catalogue:
        """Return the catalogue as it is now. 1 query, and those that read what has changed."""
        before = self.latest()
        return self.after(before, self._reader.changes(before.position))

    def latest(self) -> Catalogue:
        """Return the catalogue without reading the change feed. No query, except to load it."""
        if self._in_background:
            self._start()
        found = self._catalogue
        if found is None or not 0 <= self._clock() - found.renewed_at < self._max_age_seconds:
            with self._lock:
                found = self._catalogue
                if found is None:
                    return self._loaded()
                if not 0 <= self._clock() - found.renewed_at < self._max_age_seconds:
                    return self._renewed(found)
        return found

    def after(self, before: Catalogue, changes: Changes) -> Catalogue:
        """Return the catalogue after these changes, which were read at the position of `before`.

        Its prices are those of now: sales that have begun or ended since the last request count as changes.
        """
        found = self._after_changes(before, changes)
        return found if found.pipelines.snapshot.is_priced(self._clock()) else self._repriced()

    def _repriced(self) -> Catalogue:
        """Return the catalogue with the prices of now. No query: the sales are in memory."""
        with self._lock:
            found = self._catalogue or self._loaded()
            now, snapshot = self._clock(), found.pipelines.snapshot
            if snapshot.is_priced(now):
                return found
            self._details.drop(snapshot.offers.changed_between(snapshot.priced_at, now).tolist())
            pipelines = found.pipelines.with_changes(snapshot.priced(now))
            self._catalogue = replace(found, pipelines=pipelines, number=found.number + 1)
            return self._catalogue

    def _after_changes(self, before: Catalogue, changes: Changes) -> Catalogue:
        now = self._clock()
        is_late, self._read_at = not 0 <= now - self._read_at < _LONGEST_PAUSE_SECONDS, now
        if not is_late and changes.product_ids is not None and changes.change_ids <= before.applied:
            return before
        with self._lock:
            current = self._catalogue
            if current is not None and current is not before:  # another thread has applied changes meanwhile
                before, changes = current, self._reader.changes(current.position)
            if is_late or changes.product_ids is None:
                return self._after_many(before, changes)
            if changes.change_ids <= before.applied:
                return before
            self._patched |= changes.product_ids
            pipelines = self._reader.patch(before.pipelines, changes.product_ids)
            self._details.drop(changes.product_ids)
            return self._set(pipelines, changes, before.renewed_at)

    def stop(self) -> None:
        """Stop the thread. The catalogue stays."""
        self._stopped = True
        self._wake.set()

    def _after_many(self, before: Catalogue, changes: Changes) -> Catalogue:
        """Return the catalogue after changes of too many products to read them one by one."""
        if not self._in_background or self._load_seconds <= _QUICK_SECONDS:
            return self._loaded()
        self._must_load = True
        self._wake.set()
        # What is shown is right at once; what may be found follows.
        self._details.drop(None)
        return self._set(before.pipelines, changes, before.renewed_at)

    def _loaded(self) -> Catalogue:
        """Return the catalogue, read anew. The caller holds the lock."""
        previous = self._catalogue
        return self._replace(self._load(previous.pipelines if previous else None))

    def _load(self, previous: PipelineCache | None) -> _Loaded:
        """Return everything, read anew."""
        began = self._clock()
        self._must_load = False  # before the position is read, so that no later change is forgotten
        try:
            position = self._reader.changes(None)
            pipelines = self._reader.load(previous)
            details = self._details.read(pipelines.snapshot.product_ids[:_N_PRELOADED].tolist())
        except BaseException:
            self._must_load = True
            raise
        self._read_at, self._load_seconds = began, self._clock() - began
        return _Loaded(pipelines, details, position, began)

    def _renewed(self, before: Catalogue) -> Catalogue:
        """Return the catalogue with popularity as it is now. The caller holds the lock."""
        began = self._clock()
        self._catalogue = replace(before, pipelines=self._reader.renew(before.pipelines), renewed_at=began)
        return self._catalogue

    def _replace(self, loaded: _Loaded) -> Catalogue:
        self._details.replace(loaded.details)
        return self._set(loaded.pipelines, loaded.position, loaded.began)

    def _set(self, pipelines: PipelineCache, changes: Changes, renewed_at: float) -> Catalogue:
        number = self._catalogue.number + 1 if self._catalogue else 0
        self._catalogue = Catalogue(
            pipelines, changes.position, number, self._details, changes.change_ids, renewed_at
        )
        return self._catalogue

    def _start(self) -> None:
        """Start the thread, once in each process: a forked child has the catalogue but not the thread."""
        if self._process == os.getpid():
            return
        self._process = os.getpid()
        threading.Thread(target=self._keep_fresh, name="catalogue", daemon=True).start()

    def _keep_fresh(self) -> None:
        while True:
            self._wake.wait(self._max_age_seconds / 2)
            if self._stopped:
                return
            self._wake.clear()
            try:
                self._refresh()
            # Any error: nothing restarts this thread, and without it callers would wait.
            except Exception:
                logger.exception("The catalogue could not be renewed; trying again.")
            finally:
                connections.close_all()  # those of this thread

    def _refresh(self) -> None:
        """Renew the catalogue. Callers may change it meanwhile: what they have patched is patched again."""
        with self._lock:
            before, self._patched = self._catalogue, set()
        if before is None:
            return
        if self._must_load:
            loaded = self._load(before.pipelines)
            with self._lock:
                self._replace(loaded)
            return
        began = self._clock()
        pipelines = self._reader.renew(before.pipelines)
        with self._lock:
            current = self._catalogue
            if current is None or current.renewed_at != before.renewed_at:  # loaded anew meanwhile
                return
            if self._patched:
                pipelines = self._reader.patch(pipelines, self._patched)
            self._catalogue = replace(current, pipelines=pipelines, renewed_at=began)
