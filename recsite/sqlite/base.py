"""The database engine `recsite.sqlite`: Django's, whose writers take turns."""

import sqlite3
from pathlib import Path
from threading import Lock
from typing import Any

from django.db import OperationalError
from django.db.backends.sqlite3 import base

from recsite.sqlite.turns import Turns, TurnTimeout

_turns: dict[str, Turns] = {}
_creating = Lock()


def turns_of(name: str) -> Turns:
    """Return the turns of a file, which all connections of this process share."""
    found = _turns.get(name)
    if found is None:
        with _creating:
            found = _turns.setdefault(name, Turns(Path(name)))
    return found


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection to a SQLite file. Its transactions, and the statements of `write`, wait for their turn."""

    _turn: Turns | None = None  # while this connection has it

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
