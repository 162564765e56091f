"""Whether the database takes writes: a full disk or a standby answers reads as if all were well."""

import os
from pathlib import Path
from typing import Any

from django.db import DatabaseError, connections, transaction

from recsite.database_errors import FULL, READ_ONLY, advice

LEAST_FREE_BYTES = 1_000_000
# Takes several new pages on the disk, and is undone.
_GROW = "CREATE TABLE is_there_room AS SELECT n, repeat('x', 2000) AS text FROM generate_series(1, 64) AS n"


class WritesRefused(Exception):
    """Nothing can be written. The message says why."""


class Writes:
    """Notes that the database refused a write, until one succeeds."""

    def __init__(self) -> None:
        self._were_refused = False

    def note(self, error: BaseException | None) -> bool:
        """Return whether the error says that nothing can be written, and remember it."""
        refused = isinstance(error, DatabaseError) and advice(error) in (FULL, READ_ONLY)
        self._were_refused |= refused
        return refused

    def check(self, alias: str = "default") -> None:
        """Raise WritesRefused, or DatabaseError, if nothing can be written.

        No query unless a write was refused.
        """
        connection: Any = connections[alias]
        if connection.vendor == "sqlite" and not connection.is_in_memory_db():
            _check_file(Path(connection.settings_dict["NAME"]))
        if self._were_refused:
            with transaction.atomic(using=alias), connection.cursor() as cursor:
                if connection.vendor == "postgresql":
                    cursor.execute(_GROW)
                transaction.set_rollback(True, using=alias)
            self._were_refused = False


writes = Writes()


def _check_file(path: Path) -> None:
    if not (os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)):
        raise WritesRefused("the file of the database or its folder cannot be written")
    disk = os.statvfs(path.parent)
    if disk.f_bavail * disk.f_frsize < LEAST_FREE_BYTES:
        raise WritesRefused("the disk of the database is full")
