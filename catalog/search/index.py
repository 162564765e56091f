"""The trigram index of the search texts, and the triggers that keep the texts and the index complete.

PostgreSQL has a GIN index (`pg_trgm`), SQLite an FTS5 table with the tokenizer `trigram`. Where the database
cannot have one, search scans the texts.
"""

# ruff: noqa: S608  the SQL holds names of tables and columns, no values

from collections.abc import Iterator, Mapping

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import DatabaseError

from catalog.models import SearchText
from catalog.models.search_text import SEARCHED_COLUMNS

SHORTEST = 3  # characters of a term that the index can find
_TEXT = SearchText._meta.db_table
SQLITE_INDEX = f"{_TEXT}_trigrams"
POSTGRESQL_INDEX = "search_text_trigrams"


def has_index(connection: BaseDatabaseWrapper) -> bool:
    """Return whether the database has the index. 1 query."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT to_regclass(%s)", [POSTGRESQL_INDEX])
        else:
            cursor.execute(
                "SELECT (SELECT name FROM sqlite_master WHERE name = %s AND type = 'table')", [SQLITE_INDEX]
            )
        return cursor.fetchone()[0] is not None


def create_index(connection: BaseDatabaseWrapper) -> None:
    """Create the index unless it is there, or the database cannot have it."""
    if has_index(connection):
        return
    try:
        with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
            for statement in _POSTGRESQL if connection.vendor == "postgresql" else _SQLITE:
                cursor.execute(statement)
    except DatabaseError:
        return  # no permission, or not installed or compiled in: `manage.py check` says so


# The texts are folded, so the tokenizer need not fold them, and results are not ranked, so FTS5 need not keep
# the lengths of texts.
_SQLITE = (
    f"CREATE VIRTUAL TABLE {SQLITE_INDEX} USING fts5(text, keys, content='{_TEXT}', content_rowid='id',"
    " columnsize=0, tokenize='trigram case_sensitive 1')",
)
# The extension may be in any schema.
_POSTGRESQL = (
    "CREATE EXTENSION IF NOT EXISTS pg_trgm",
    "DO $$ BEGIN EXECUTE (SELECT format("
    f"'CREATE INDEX {POSTGRESQL_INDEX} ON {_TEXT}"
    " USING gin (text %1$I.gin_trgm_ops, keys %1$I.gin_trgm_ops)',"
    " nspname) FROM pg_extension JOIN pg_namespace AS its ON its.oid = extnamespace"
    " WHERE extname = 'pg_trgm'); END $$",
)


def empty_texts(connection: BaseDatabaseWrapper) -> None:
    """Give each product an empty text, and empty the index. Done before the triggers are created."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite" and has_index(connection):
            cursor.execute(f"INSERT INTO {SQLITE_INDEX} ({SQLITE_INDEX}) VALUES ('delete-all')")
        cursor.execute(f"DELETE FROM {_TEXT}")
        cursor.execute(f"INSERT INTO {_TEXT} (id) SELECT id FROM catalog_product")


def sqlite_triggers(product: str, *, indexed: bool) -> Iterator[tuple[str, str, str, str, list[str]]]:
    """Yield the name, the table, the event, the condition and the statements of each trigger.

    They delete and insert: an upsert would follow the OR REPLACE of the statement that fires them, which
    deletes rows without firing the triggers of a deletion.
    """
    differs = " OR ".join(f"OLD.{column} IS NOT NEW.{column}" for column in ("id", *SEARCHED_COLUMNS))
    delete, insert = f"DELETE FROM {_TEXT} WHERE id", f"INSERT INTO {_TEXT} (id) VALUES (NEW.id)"
    yield "search", product, "INSERT", "", [f"{delete} = NEW.id", insert]
    yield "search", product, "UPDATE", differs, [f"{delete} IN (OLD.id, NEW.id)", insert]
    yield "search", product, "DELETE", "", [f"{delete} = OLD.id"]
    if not indexed:
        return
    remove = (
        f"INSERT INTO {SQLITE_INDEX} ({SQLITE_INDEX}, rowid, text, keys)"
        " SELECT 'delete', OLD.id, OLD.text, OLD.keys WHERE OLD.text IS NOT NULL"
    )
    add = (
        f"INSERT INTO {SQLITE_INDEX} (rowid, text, keys)"
        " SELECT NEW.id, NEW.text, NEW.keys WHERE NEW.text IS NOT NULL"
    )
    differs = "OLD.id <> NEW.id OR OLD.text IS NOT NEW.text OR OLD.keys IS NOT NEW.keys"
    yield "search_text", _TEXT, "INSERT", "NEW.text IS NOT NULL", [add]
    yield "search_text", _TEXT, "UPDATE", differs, [remove, add]
    yield "search_text", _TEXT, "DELETE", "OLD.text IS NOT NULL", [remove]


def postgresql_bodies(text: str) -> Mapping[str, str]:
    """Return the body of the function of each trigger on products. text: the table, with its schema"""
    empty = f"INSERT INTO {text} (id) {{ids}} ON CONFLICT (id) DO UPDATE SET text = NULL, keys = NULL;"
    columns = {
        row: ", ".join(f"{row}.{column}" for column in SEARCHED_COLUMNS) for row in ("new_rows", "old_rows")
    }
    changed = (
        "SELECT new_rows.id FROM new_rows LEFT JOIN old_rows USING (id)"
        f" WHERE ({columns['new_rows']}) IS DISTINCT FROM ({columns['old_rows']})"
    )
    delete = f"DELETE FROM {text} WHERE id IN"
    return {
        "search_insert": empty.format(ids="SELECT id FROM new_rows"),
        "search_update": empty.format(ids=changed)
        + f" {delete} (SELECT id FROM old_rows EXCEPT SELECT id FROM new_rows);",
        "search_delete": f"{delete} (SELECT id FROM old_rows);",
        "search_truncate": f"DELETE FROM {text};",
    }
