"""Queries that are compiled once and return plain tuples or columns instead of model instances."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import Any

import numpy as np
from django.core.exceptions import EmptyResultSet
from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import FloatField, IntegerField, QuerySet
from numpy.typing import NDArray

Rows = list[tuple[Any, ...]]
# Placeholders for the parameters while a query is compiled; no table holds such ids or names.
_NUMBER = 9_100_000_000_000_000_000
_TEXT = "\N{LEFT-POINTING DOUBLE ANGLE QUOTATION MARK}parameter "


@dataclass(frozen=True, slots=True)
class _Plan:
    """A compiled query.

    native:     the SQL in the syntax of the SQLite driver; None when Django's cursor runs the query
    params:     all parameters of the SQL, with placeholders where the caller's go
    places:     (index in params, index of the caller's parameter)
    converters: converts the rows as the ORM does; None when there is nothing to convert
    """

    sql: str
    native: str | None
    params: list[Any]
    places: list[tuple[int, int]]
    converters: Callable[[Rows], Rows] | None


class PreparedQuery:
    """A values_list query that the ORM compiles once and that then runs with any parameters.

    The ORM needs several times as long to build and compile a query as the database needs to run it. A list
    parameter (for `__in`) is padded to a power of two by repeating its last value, so that there are few
    plans; an empty list gives no rows. Cells are converted as by the ORM, except those of integer and float
    fields, which are returned as the database gives them; an expression must have that type there, too.
    """

    def __init__(self, build: Callable[..., "QuerySet[Any, Any]"]) -> None:
        self._build = build
        self._plans: dict[tuple[Any, ...], _Plan] = {}

    def __call__(self, *values: int | str | list[int]) -> Rows:
        """Return the rows for these parameters. 1 query; none for an empty list."""
        filled = [_filled(value) if isinstance(value, list) else value for value in values]
        if [] in filled:
            return []
        database = connections[DEFAULT_DB_ALIAS]
        shape = (database.vendor, *[len(v) if isinstance(v, list) else type(v) for v in filled])
        plan = self._plans.get(shape)
        if plan is None:
            plan = self._plans[shape] = self._compiled(filled)
        flat = list(chain.from_iterable([v if isinstance(v, list) else (v,) for v in filled]))
        params = plan.params.copy()
        for place, parameter in plan.places:
            params[place] = flat[parameter]
        rows = _fetched(database, plan.sql, plan.native, params)
        return plan.converters(rows) if plan.converters else rows

    def _compiled(self, values: list[Any]) -> _Plan:
        marks: list[Any] = []
        arguments = []
        for value in values:
            if isinstance(value, list):
                own: Any = [_NUMBER + len(marks) + n for n in range(len(value))]
                marks += own
            else:
                own = f"{_TEXT}{len(marks)}" if isinstance(value, str) else _NUMBER + len(marks)
                marks.append(own)
            arguments.append(own)
        return _compiled(self._build(*arguments), marks)


def fetch(sql: str, params: list[Any]) -> Rows:
    """Return the rows of a statement as the database gives them. 1 query."""
    database = connections[DEFAULT_DB_ALIAS]
    return _fetched(database, sql, _native(sql) if database.vendor == "sqlite" else None, params)


def write(sql: str, params: list[Any]) -> Rows:
    """Return the rows of a statement that writes, as the database gives them. 1 query.

    The statement commits by itself, unless a transaction is open. An engine may have a `write` of its own.
    """
    database = connections[DEFAULT_DB_ALIAS]
    if not _is_watched(database) and (own := getattr(database, "write", None)) is not None:
        rows: Rows = own(sql if database.vendor != "sqlite" else _native(sql), params)
        return rows
    with database.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall()


@lru_cache(maxsize=256)
def _native(sql: str) -> str:
    """Return the statement in the syntax of the SQLite driver."""
    return sql % (("?",) * sql.count("%s"))


def _is_watched(database: BaseDatabaseWrapper) -> bool:
    """Return whether queries are logged or wrapped, which only Django's cursor does."""
    return bool(database.execute_wrappers) or database.queries_logged


def _fetched(database: BaseDatabaseWrapper, sql: str, native: str | None, params: list[Any]) -> Rows:
    """Return the rows as the database gives them.

    SQLite runs in the process, where Django's cursor would take longer than the query. The driver is
    therefore called directly, unless queries are logged or wrapped. Other engines may have a `fetch` of their
    own, such as `recsite.postgresql`.
    """
    is_watched = _is_watched(database)
    if not is_watched and (own := getattr(database, "fetch", None)) is not None:
        rows: Rows = own(sql, params)
        return rows
    if native is None or is_watched:
        with database.cursor() as cursor:
            cursor.execute(sql, params)
            return cursor.fetchall()
    if database.connection is None:
        database.ensure_connection()
    database.validate_no_broken_transaction()
    with database.wrap_database_errors:
        return database.connection.execute(native, params).fetchall()


def _compiled(queryset: "QuerySet[Any, Any]", marks: list[Any]) -> _Plan:
    compiler = queryset.query.get_compiler(connection=connection)
    sql, params = compiler.as_sql()
    parameters = {mark: parameter for parameter, mark in enumerate(marks)}
    # Only hashable values can be looked up; the query's own parameters may not be (bytearray, Json).
    places = [
        (place, parameters[param])
        for place, param in enumerate(params)
        if isinstance(param, int | str) and param in parameters
    ]
    if {parameter for _, parameter in places} != set(range(len(marks))):
        raise ValueError(f"Not every parameter reached the SQL: {sql}")
    expressions = [expression for expression, *_ in compiler.select]
    found = {
        place: how
        for place, how in compiler.get_converters(expressions).items()
        if not isinstance(expressions[place].output_field, IntegerField | FloatField)
    }
    converters = (
        (lambda rows: [tuple(row) for row in compiler.apply_converters(rows, found)]) if found else None
    )
    native = sql % (("?",) * len(params)) if connection.vendor == "sqlite" else None
    return _Plan(sql, native, list(params), places, converters)


def _filled(values: list[int]) -> list[int]:
    wanted = 1 << (len(values) - 1).bit_length() if values else 0
    return values + values[-1:] * (wanted - len(values))


def columns(queryset: "QuerySet[Any, Any]", n: int) -> list[tuple[Any, ...]]:
    """Return the n columns of a values_list queryset, each as a tuple. 1 query.

    Values are not converted, so the columns must hold numbers or text.
    """
    chunks = list(columns_in_chunks(queryset, n))
    return chunks[0] if len(chunks) == 1 else [tuple(chain(*pieces)) for pieces in zip(*chunks, strict=True)]


def columns_in_chunks(
    queryset: "QuerySet[Any, Any]", n: int, size: int = 20_000
) -> Iterator[list[tuple[Any, ...]]]:
    """Yield the n columns of a values_list queryset, at most `size` rows at a time, at least once. 1 query.

    Python objects take ten times the memory of an array, so long columns become arrays chunk by chunk. Values
    are not converted, so the columns must hold numbers or text.
    """
    compiler = queryset.query.get_compiler(using=queryset.db)
    try:
        sql, params = compiler.as_sql()
    except EmptyResultSet:
        yield [()] * n
        return
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        rows = cursor.fetchmany(size)
        yield transposed(rows, n)
        while len(rows) == size:
            rows = cursor.fetchmany(size)
            yield transposed(rows, n)


def transposed(rows: Rows, n: int) -> list[tuple[Any, ...]]:
    """Return the n columns of the rows."""
    return list(zip(*rows, strict=True)) if rows else [()] * n


def integers(column: tuple[Any, ...]) -> NDArray[np.int64]:
    """Return a column of integers as an array, None as -1."""
    try:
        return np.array(column, np.int64)
    except TypeError:
        return np.array([-1 if value is None else value for value in column], np.int64)
