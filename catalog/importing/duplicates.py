"""Counts identical events of a file, however far apart they stand, without holding the file in memory."""

import sqlite3
from collections.abc import Sequence
from typing import TypeAlias

# Moment, user, product and action, as numbers.
Identity: TypeAlias = tuple[int, int, int, int]

_BEFORE = "SELECT n FROM seen WHERE moment = ? AND user = ? AND product = ? AND action = ? AND part < ?"
_ADD = "UPDATE seen SET n = n + ? WHERE moment = ? AND user = ? AND product = ? AND action = ?"


class DuplicateCounter:
    """Remembers on disk how often it has seen each event.

    The table lies in a nameless temporary file, which vanishes when it is closed. It is ordered by time as
    files of events are, so that it grows at its end; rows in any other order only take longer.
    """

    def __init__(self) -> None:
        self._table = sqlite3.connect("", isolation_level=None)
        self._table.execute("PRAGMA journal_mode = OFF")
        self._table.execute(
            "CREATE TABLE seen (moment INTEGER, user INTEGER, product INTEGER, action INTEGER,"
            " n INTEGER, part INTEGER, PRIMARY KEY (moment, user, product, action)) WITHOUT ROWID"
        )
        self._table.execute("BEGIN")
        self._part = 0

    def count(self, events: Sequence[Identity]) -> list[int]:
        """Return for each event how many identical ones have come, itself included."""
        self._part += 1
        counts: dict[Identity, int] = {}
        ordinals = []
        for event in events:
            counts[event] = ordinal = counts.get(event, 0) + 1
            ordinals.append(ordinal)
        before = self._remember(counts)
        if not before:
            return ordinals
        return [before.get(event, 0) + ordinal for event, ordinal in zip(events, ordinals, strict=True)]

    def _remember(self, counts: dict[Identity, int]) -> dict[Identity, int]:
        """Add the counts of this part, and return those of earlier parts for the events that came before."""
        added = self._table.executemany(
            "INSERT OR IGNORE INTO seen VALUES (?, ?, ?, ?, ?, ?)",
            [(*event, n, self._part) for event, n in counts.items()],
        )
        if added.rowcount == len(counts):
            return {}
        before = {}
        for event, n in counts.items():
            for (n_before,) in self._table.execute(_BEFORE, (*event, self._part)).fetchall():
                before[event] = n_before
                self._table.execute(_ADD, (n, *event))
        return before

    def close(self) -> None:
        self._table.close()
