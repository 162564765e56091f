"""Training data of the ranking model: candidates of earlier windows, labelled by what users then chose."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from recommendations.engine.actions import DAY
from recommendations.engine.histories import Mask, seen
from recommendations.engine.holdout import Holdout, hold_out
from recommendations.engine.ltr.booster import Examples
from recommendations.engine.ragged import Ragged
from recommendations.strategies.base import Training
from recommendations.strategies.hybrid.stage import Stage

WINDOW_DAYS, STEP_DAYS = 30, 15
_USERS_A_BLOCK = 250
# Users in all windows together; a random sample if there are more.
_MOST_USERS = 8_000
# Fitting a large log is costly, so it has fewer windows: 8 up to 1.5 M events, 1 from 6 M on.
_MOST_EVENTS = 12_000_000

StageOf = Callable[[Training], Stage]


def windows(training: Training, n: int) -> Iterator[Holdout]:
    """Yield at most n holdouts of the log, the latest first.

    Each window ends at now or earlier, and begins after at least a quarter of the events, so that enough
    events are left to fit the models.
    """
    log, now = training.log, training.snapshot.now
    if not len(log):
        return
    earliest = max(int(log.at[len(log) // 4]), int(log.at[0]) + WINDOW_DAYS * DAY)
    for back in range(min(n, max(1, _MOST_EVENTS // len(log)))):
        end = now - back * STEP_DAYS * DAY
        cutoff = end - WINDOW_DAYS * DAY
        if cutoff < earliest:
            return
        until = log.until(end)
        try:
            yield hold_out(until, seconds=int(until.at[-1]) - cutoff)
        except ValueError:  # no user chose a new product in it
            continue


def examples(training: Training, n: int, stage_of: StageOf, *, seed: int) -> Examples | None:
    """Return the labelled candidates of at most n windows; None without any window.

    For each window, all models are fitted to the events before it. Only the categories, tags and prices of
    the catalogue are those of today.
    """
    found = list(windows(training, n))
    if not found:
        return None
    most = _MOST_USERS // len(found)
    blocks = [block for window in found for block in _of_window(training, window, stage_of, most, seed)]
    labels = np.concatenate([block.labels for block in blocks])
    sizes = np.concatenate([block.sizes for block in blocks])
    tables = [block.table for block in blocks]
    del blocks
    return Examples(_stacked(tables), labels, sizes)


def _of_window(
    training: Training, window: Holdout, stage_of: StageOf, most: int, seed: int
) -> Iterator[Examples]:
    """Yield the examples of one window, in blocks of users. Its models are freed at the end.

    most: maximum number of users; a random sample if there are more
    """
    then = training.snapshot.at(window.cutoff, *window.past.counts())
    snapshot = replace(then, active=then.popularity > 0)
    stage = stage_of(Training(snapshot, window.past, training.table))
    rows = np.arange(len(window.user_ids))
    if len(rows) > most:
        rows = np.sort(np.random.default_rng(seed).choice(len(rows), most, replace=False))
    past = window.past.histories(window.user_ids[rows], snapshot)
    new = window.new.take(rows)
    new = Ragged(new.starts, snapshot.locate(new.flat))
    for start in range(0, len(rows), _USERS_A_BLOCK):
        users = np.arange(start, min(start + _USERS_A_BLOCK, len(rows)))
        block = past.take(users)
        found = stage.candidates(block, Mask(snapshot.active, seen(block, len(snapshot))))
        wanted = new.take(users)
        n_products = len(snapshot)
        labels = np.isin(found.rows() * n_products + found.flat, wanted.rows() * n_products + wanted.flat)
        yield Examples(stage.table(block, found), labels, found.lengths)


def _stacked(tables: list[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Return the tables, stacked vertically. Empties the list as it goes, so no table is in memory twice."""
    whole = np.empty((sum(map(len, tables)), tables[0].shape[1]), np.float32)
    end = len(whole)
    while tables:
        table = tables.pop()
        whole[end - len(table) : end] = table
        end -= len(table)
    return whole
