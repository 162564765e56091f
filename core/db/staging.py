"""Bulk writes: rows are staged in a temporary table, then stored by one statement per table.

PostgreSQL fills the temporary table by COPY. A chunk of rows costs the same few statements whatever its size,
so triggers that work once per statement stay cheap.
"""

# ruff: noqa: S608  the SQL holds names of tables and columns, no values

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, TypeAlias, TypeVar

from django.db import connection, connections, transaction
from django.db.models import CharField, Field, ForeignKey, IntegerField, JSONField, Model, TextField

Fields: TypeAlias = "Mapping[str, Field[Any, Any]]"
Row: TypeAlias = Sequence[Any]
T = TypeVar("T")


def fields_of(model: type[Model], names: Iterable[str]) -> dict[str, "Field[Any, Any]"]:
    """Return the fields of the model whose columns have these names (`user_id`), by name."""
    fields = {field.attname: field for field in model._meta.concrete_fields}
    return {name: fields[name] for name in names}


@contextmanager
def staged(table: str, fields: Fields, rows: Iterable[Row]) -> Iterator[None]:
    """Keep the rows in a temporary table while the block runs. Must be within a transaction.

    table:  its name; letters and underscores only, and no name of another table
    fields: its columns, each with the type of that model field, after `place`: the number of the row from 0
    4 queries; 3 on SQLite.
    """
    with _temporary_table(table, fields, "place integer PRIMARY KEY"):
        _fill(table, ("place", *fields), fields, ((n, *row) for n, row in enumerate(rows)))
        if connection.vendor == "postgresql":
            # Autovacuum never analyzes a temporary table, so its plans would be those for an empty one.
            _execute(f"ANALYZE {table}")
        yield


def upsert(
    model: type[Model],
    values: Mapping[str, str],
    source: str,
    *,
    unique: Sequence[str],
    now: datetime,
    changes: bool = True,
) -> int:
    """Insert the rows that a query selects, or change those that exist; return how many were written.

    values:  the SQL expression of each column, by the column's name
    source:  the query's SQL from FROM on, with a WHERE or an ORDER BY
    unique:  the columns by which a row exists; the query must not give them twice
    changes: whether existing rows get the values and a new `updated_at`; otherwise they stay as they are
    now:     the value of `updated_at` and `created_at`
    Columns without a value get their default in a new row, and stay as they are in an existing one.
    1 query.
    """
    quote = connection.ops.quote_name
    given = fields_of(model, values)
    rest = {
        field.attname: field
        for field in model._meta.concrete_fields
        if not (field.attname in given or field.primary_key or field.has_db_default())
    }
    columns = {name: quote(str(field.column)) for name, field in (given | rest).items()}
    changed = [name for name in given if name not in unique]
    changed += [name for name, field in rest.items() if getattr(field, "auto_now", False)]
    action = f"UPDATE SET {', '.join(f'{columns[name]} = EXCLUDED.{columns[name]}' for name in changed)}"
    statement = (
        f"INSERT INTO {quote(model._meta.db_table)} ({', '.join(columns.values())}) "
        f"SELECT {', '.join([*values.values(), *['%s'] * len(rest)])} {source} "
        f"ON CONFLICT ({', '.join(columns[name] for name in unique)}) DO {action if changes else 'NOTHING'}"
    )
    return _execute(statement, [_default(field, now) for field in rest.values()])


def insert_chunks(
    model: type[Model], names: Sequence[str], chunks: Iterable[Sequence[Row]], *, unique: str
) -> Iterator[tuple[int, int]]:
    """Insert the rows that do not exist, in order; yield for each chunk how many rows it had, and new ones.

    names:  the columns of the rows; the others must have a default in the database
    chunks: lists of rows; must not use the database connection. Each chunk is one transaction
    unique: the column by which a row exists; it may occur several times, also in a chunk
    On PostgreSQL the next chunk is read while the server inserts this one. If reading fails, this one is
    stored first. 5 queries a chunk; 1 on SQLite.
    """
    quote = connection.ops.quote_name
    fields = fields_of(model, names)
    columns = ", ".join(quote(str(field.column)) for field in fields.values())
    into, conflict = f"{quote(model._meta.db_table)} ({columns})", f"ON CONFLICT ({quote(unique)}) DO NOTHING"
    if connection.vendor == "postgresql":
        insert = f"INSERT INTO {into} SELECT {', '.join(fields)} FROM staged_rows ORDER BY ctid {conflict}"
        yield from _inserted_by_copy(insert, fields, chunks)
        return
    # With OR FAIL, SQLite does not save each page before a row and its triggers change it, which would take
    # twice as long. If a row is refused, the transaction undoes all.
    insert = f"INSERT OR FAIL INTO {into} VALUES ({', '.join(['%s'] * len(fields))}) {conflict}"
    for chunk in chunks:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.executemany(insert, chunk)
            n_new = cursor.rowcount
        yield len(chunk), n_new


def delete_where(model: type[Model], ids: str) -> int:
    """Delete the rows whose ids a query selects, and nothing that refers to them. 1 query."""
    quote = connection.ops.quote_name
    key = quote(str(model._meta.pk.column))
    return _execute(f"DELETE FROM {quote(model._meta.db_table)} WHERE {key} IN ({ids})")


def set_where(model: type[Model], values: Mapping[str, object], ids: str) -> int:
    """Set these columns to values in the rows whose ids a query selects; return their number. 1 query."""
    quote = connection.ops.quote_name
    table, key = quote(model._meta.db_table), quote(str(model._meta.pk.column))
    fields = fields_of(model, values)
    given = ", ".join(f"{quote(str(field.column))} = %s" for field in fields.values())
    statement = f"UPDATE {table} SET {given} WHERE {key} IN ({ids})"
    return _execute(statement, [fields[name].get_db_prep_save(values[name], connection) for name in fields])


def change_staged(statement: str) -> int:
    """Run a constant statement that changes a staged table, and return how many rows it changed. 1 query."""
    return _execute(statement)


def count(source: str) -> int:
    """Return the number of rows of a query, of which this is the SQL from FROM on. 1 query."""
    with connection.cursor() as cursor:
        statement = f"SELECT COUNT(*) {source}"
        cursor.execute(statement)
        return int(cursor.fetchone()[0])


def _inserted_by_copy(
    insert: str, fields: Fields, chunks: Iterable[Sequence[Row]]
) -> Iterator[tuple[int, int]]:
    chunk, fault = _next(reader := iter(chunks))
    while chunk is not None:
        n_rows = len(chunk)
        with transaction.atomic():
            # The INSERT checks foreign keys, while the next chunk is read, and not the COMMIT.
            _execute("SET CONSTRAINTS ALL IMMEDIATE")
            with _temporary_table("staged_rows", fields):
                _fill("staged_rows", tuple(fields), fields, chunk)
                del chunk
                with connection.cursor() as cursor:
                    with connection.wrap_database_errors, connection.connection.pipeline():
                        cursor.execute(insert)
                        chunk, fault = _next(reader)
                    n_new = cursor.rowcount
        yield n_rows, n_new
    if fault is not None:
        raise fault


def _next(reader: Iterator[T]) -> tuple[T | None, BaseException | None]:
    """Return the next value, None at the end, and what was raised instead."""
    try:
        return next(reader, None), None
    except BaseException as fault:  # noqa: BLE001  raised again when the chunk before has been stored
        return None, fault


@contextmanager
def _temporary_table(table: str, fields: Fields, *first: str) -> Iterator[None]:
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("rows can only be staged in a transaction")
    columns = [*first, *(f"{name} {field.db_type(connection)}" for name, field in fields.items())]
    end = " ON COMMIT DROP" if connection.vendor == "postgresql" else ""
    _execute(f"CREATE TEMPORARY TABLE {table} ({', '.join(columns)}){end}")
    yield  # an error rolls the transaction back, and the table with it
    _execute(f"DROP TABLE {table}")


def _fill(table: str, names: Sequence[str], fields: Fields, rows: Iterable[Row]) -> None:
    columns = ", ".join(names)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            statement = f"COPY {table} ({columns}) FROM STDIN (FORMAT BINARY)"
            types = [_type(fields.get(name)) for name in names]
            of_json = [n for n, name in enumerate(names) if isinstance(fields.get(name), JSONField)]
            with connection.wrap_database_errors, cursor.copy(statement) as copy:
                copy.set_types(types)  # without types, values go as text, which takes ten times as long
                for row in rows:
                    copy.write_row(_with_json(row, of_json) if of_json else row)
            return
        adapters = [_adapter(fields.get(name)) for name in names]
        statement = f"INSERT INTO {table} ({columns}) VALUES ({', '.join(['%s'] * len(names))})"
        adapted = [[adapt(value) for adapt, value in zip(adapters, row, strict=True)] for row in rows]
        cursor.executemany(statement, adapted)


def _type(field: "Field[Any, Any] | None") -> str:
    """Return the name of the field's type in PostgreSQL, without its length."""
    return "integer" if field is None else str(field.db_type(connection)).partition("(")[0]


def _with_json(row: Row, places: Sequence[int]) -> Row:
    """Return the row with what psycopg writes as JSON at these places."""
    return [
        connection.ops.adapt_json_value(value, None) if n in places else value for n, value in enumerate(row)
    ]


def _adapter(field: "Field[Any, Any] | None") -> Callable[[Any], Any]:
    if field is None or isinstance(field, IntegerField | ForeignKey):
        return lambda value: value
    if isinstance(field, CharField | TextField):
        return field.get_prep_value
    # Not the proxy of all connections, which would take as long as the rest.
    own = connections[connection.alias]
    return lambda value: field.get_db_prep_save(value, own)


def _default(field: "Field[Any, Any]", now: datetime) -> Any:
    is_time = getattr(field, "auto_now", False) or getattr(field, "auto_now_add", False)
    return field.get_db_prep_save(now if is_time else field.get_default(), connection)


def _execute(statement: str, params: Sequence[Any] = ()) -> int:
    """Run the statement and return how many rows it wrote."""
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        return int(cursor.rowcount)
