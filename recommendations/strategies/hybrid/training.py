"""Examples for the ranker: what users met in earlier windows, among what would have been proposed then."""

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
# Users in all windows together; of more, so many are drawn.
_MOST_USERS = 8_000
# Windows are fewer where each is costly to fit: 8 up to 1.5 M events, 1 from 6 M on.
_MOST_EVENTS = 12_000_000

StageOf = Callable[[Training], Stage]


def windows(training: Training, n: int) -> Iterator[Holdout]:
    """Yield the log cut at earlier moments, the latest first: each window ends by now, and begins later than
    a quarter of the events, so that there is something to be learned before it.
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
        except ValueError:  # nobody met anything new in it
            continue


def examples(training: Training, n: int, stage_of: StageOf, *, seed: int) -> Examples | None:
    """Return what was met and what was not, among the candidates of each window; None when there is nothing.

    Everything is fitted again on what came before each window, and nothing of later days is known to it but
    the catalogue's categories, tags and prices.
    """
    found = list(windows(training, n))
    if not found:
        return None
    most = _MOST_USERS // len(found)
    blocks = [block for window in found for block in _of_window(training, window, stage_of, most, seed)]
    met = np.concatenate([block.met for block in blocks])
    sizes = np.concatenate([block.sizes for block in blocks])
    tables = [block.table for block in blocks]
    del blocks
    return Examples(_stacked(tables), met, sizes)


def _of_window(
    training: Training, window: Holdout, stage_of: StageOf, most: int, seed: int
) -> Iterator[Examples]:
    """Yield the examples of one window, some users at a time; what was fitted for it goes with its end.

    most: of more users, so many are drawn
    """
    then = training.snapshot.at(window.cutoff, *window.past.counts())
    snapshot = replace(then, active=then.popularity > 0, version=None)
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
        asked = stage.candidates(block, Mask(snapshot.active, seen(block, len(snapshot))))
        wanted = new.take(users)
        n_products = len(snapshot)
        hit = np.isin(asked.rows() * n_products + asked.flat, wanted.rows() * n_products + wanted.flat)
        yield Examples(stage.table(block, asked), hit, asked.lengths)


def _stacked(tables: list[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Return the tables one below another; the list is emptied on the way, so that nothing is held twice."""
    whole = np.empty((sum(map(len, tables)), tables[0].shape[1]), np.float32)
    end = len(whole)
    while tables:
        table = tables.pop()
        whole[end - len(table) : end] = table
        end -= len(table)
    return whole
