"""Counter of identical events in a file that keeps its counts on disk, not in memory."""

import sqlite3
from collections.abc import Sequence
from typing import TypeAlias

# Time in microseconds, user, product and action, as numbers.
Identity: TypeAlias = tuple[int, int, int, int]

_BEFORE = "SELECT n FROM seen WHERE moment = ? AND user = ? AND product = ? AND action = ? AND part < ?"
_ADD = "UPDATE seen SET n = n + ? WHERE moment = ? AND user = ? AND product = ? AND action = ?"


class DuplicateCounter:
    """Counts how often each event has occurred, in a temporary SQLite table on disk.

    SQLite deletes the file when it is closed. The table is ordered by time, as files of events usually are,
    so that new rows go to its end; rows in another order only take longer.
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
        """Return for each event the number of identical ones so far, itself included."""
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
        """Add the counts of this part; return the earlier counts of events that occurred before."""
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
