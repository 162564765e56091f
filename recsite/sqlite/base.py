"""The database engine `recsite.sqlite`: Django's, with writers that take turns. It notices a removed file."""

import sqlite3
import time
from pathlib import Path
from threading import Lock
from typing import Any

from django.db import OperationalError
from django.db.backends.sqlite3 import base

from recsite.sqlite.turns import Turns, TurnTimeout

_CHECK_SECONDS = 1.0
_REMOVED = "unable to open database file: it was removed"
_turns: dict[str, Turns] = {}
_opened: set[str] = set()  # the files that this process has opened
_creating = Lock()


def turns_of(name: str) -> Turns:
    """Return the turns of a file, which all connections of this process share."""
    found = _turns.get(name)
    if found is None:
        with _creating:
            found = _turns.setdefault(name, Turns(Path(name)))
    return found


def identity_of(name: str) -> tuple[int, int] | None:
    """Return the device and the inode of the file, None if there is none."""
    try:
        found = Path(name).stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection to a SQLite file. Its transactions, and the statements of `write`, wait for their turn.

    A file that was removed or replaced would be read for ever, since it exists while it is open. So each
    request looks at most once a second whether the path still leads to the open file, and closes the
    connection if not. The next query opens the new file. A removed one is an error: SQLite would create an
    empty one.
    """

    _turn: Turns | None = None  # while this connection has it
    _file: tuple[int, int] | None = None
    _checked_at = 0.0

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        name = str(self.settings_dict["NAME"])
        if self.is_in_memory_db():
            return super().get_new_connection(conn_params)
        if name in _opened and identity_of(name) is None:
            removed = sqlite3.OperationalError(_REMOVED)
            removed.sqlite_errorcode = sqlite3.SQLITE_CANTOPEN
            raise removed
        opened = super().get_new_connection(conn_params)
        self._file, self._checked_at = identity_of(name), time.monotonic()
        _opened.add(name)
        return opened

    def close_if_unusable_or_obsolete(self) -> None:
        super().close_if_unusable_or_obsolete()
        if self.connection is None or self._file is None or self.in_atomic_block:
            return
        now = time.monotonic()
        if now - self._checked_at >= _CHECK_SECONDS:
            self._checked_at = now
            if identity_of(str(self.settings_dict["NAME"])) != self._file:
                self.close()

    def write(self, sql: str, params: list[Any]) -> list[tuple[Any, ...]]:
        """Return the rows of a statement that writes, which commits by itself unless a transaction is open.

        The statement is in the syntax of the driver.
        """
        self.ensure_connection()
        self.validate_no_broken_transaction()
        is_alone = not self.in_atomic_block
        if is_alone:
            self._take_turn()
        try:
            with self.wrap_database_errors:
                rows: list[tuple[Any, ...]] = self.connection.execute(sql, params).fetchall()
                return rows
        finally:
            if is_alone:
                self._end_turn()

    def _start_transaction_under_autocommit(self) -> None:
        self._take_turn()
        try:
            super()._start_transaction_under_autocommit()  # type: ignore[misc]
        except BaseException:
            self._end_turn()
            raise

    def _commit(self) -> None:
        super()._commit()  # type: ignore[misc]
        self._end_turn()  # not after an error, as the transaction is then rolled back

    def _rollback(self) -> None:
        try:
            super()._rollback()  # type: ignore[misc]
        finally:
            self._end_turn()

    def _close(self) -> None:
        try:
            super()._close()  # type: ignore[misc]
        finally:
            self._end_turn()

    def _take_turn(self) -> None:
        """Wait for the turn, as long as for SQLite's lock. Raises OperationalError."""
        if self._turn is not None or self.is_in_memory_db():
            return
        turns = turns_of(str(self.settings_dict["NAME"]))
        try:
            turns.take(self.settings_dict["OPTIONS"].get("timeout", 5.0))
        except TurnTimeout:
            raise OperationalError("database is locked") from sqlite3.OperationalError("database is locked")
        self._turn = turns

    def _end_turn(self) -> None:
        turn, self._turn = self._turn, None
        if turn is not None:
            turn.give_back()
