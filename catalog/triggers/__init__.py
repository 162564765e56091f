"""Triggers by which the database notes what has changed, whichever program changes it.

Changes of products, their tags, the paths of categories and the names of tags go to the change feed
(`ProductChange`); changes of interactions raise `User.history_version`. A change that no answer shows, such
as a stock of 5 that becomes 4, is not noted. Changes of texts in which search looks empty the product's
`SearchText`. Other triggers keep the paths of categories: that of a category whose name or parent changes,
and those of all below it. A category cannot be below itself.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from catalog.models import Category, Interaction, Product, ProductChange, SearchText, Tag, User
from catalog.search import index
from catalog.search.pending import fold_all_pending
from catalog.triggers import postgresql, sqlite
from catalog.triggers.watched import PREFIX


@dataclass(frozen=True, slots=True)
class _Trigger:
    """A trigger on a table. name: ends in a digest of its definition, so that a changed one is replaced"""

    name: str
    table: str
    sql: str


def create_triggers(alias: str) -> None:
    """Create the triggers and the search index that the database lacks, and drop triggers of another version.

    None are created before all tables are there, as after `manage.py migrate access`. If a trigger was
    missing that keeps the search texts, all texts are folded anew.
    """
    connection = connections[alias]
    if not has_tables(connection):
        return
    index.create_index(connection)
    wanted = {trigger.name: trigger for trigger in _triggers(connection)}
    present = _present(connection)
    if present.keys() == wanted.keys():
        return
    with transaction.atomic(using=alias), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            for statement in postgresql.functions(_tables(connection)):
                cursor.execute(statement)
        for name in present.keys() - wanted.keys():
            on = f" ON {present[name]}" if connection.vendor == "postgresql" else ""
            cursor.execute(f"DROP TRIGGER {connection.ops.quote_name(name)}{on}")
        if any(name.startswith(f"{PREFIX}search_") for name in wanted.keys() - present.keys()):
            index.empty_texts(connection)
        for name in wanted.keys() - present.keys():
            cursor.execute(wanted[name].sql)
    fold_all_pending(alias)


def missing_triggers(alias: str) -> list[str]:
    """Return the tables that lack a trigger, sorted; none if the tables do not exist yet. 1 or 2 queries."""
    connection = connections[alias]
    if not has_tables(connection):
        return []
    present = _present(connection)
    # On PostgreSQL the statements name the schema, too.
    return sorted(
        {trigger.table.rpartition(".")[2] for trigger in _triggers(connection) if trigger.name not in present}
    )


def has_tables(connection: BaseDatabaseWrapper) -> bool:
    """Return whether the database has triggers, and all tables that they are about. 1 query."""
    if connection.vendor not in ("sqlite", "postgresql"):
        return False
    models = (Product, Product.tags.through, Category, Tag, Interaction, User, ProductChange, SearchText)
    return {model._meta.db_table for model in models} <= set(connection.introspection.table_names())


def _present(connection: BaseDatabaseWrapper) -> dict[str, str]:
    """Return the table of each of our triggers in the database, by name. 1 query."""
    if connection.vendor == "postgresql":
        sql = (
            "SELECT tgname, tgrelid::regclass::text FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid"
            " WHERE relnamespace = current_schema()::regnamespace AND NOT tgisinternal AND tgenabled <> 'D'"
            " AND tgname LIKE %s"
        )
    else:
        sql = "SELECT name, tbl_name FROM sqlite_master WHERE type = 'trigger' AND name LIKE %s"
    with connection.cursor() as cursor:
        cursor.execute(sql, [PREFIX.replace("_", r"\_") + "%" if "pg_" in sql else f"{PREFIX}%"])
        return dict(cursor.fetchall())


def _triggers(connection: BaseDatabaseWrapper) -> Iterator[_Trigger]:
    tables = _tables(connection)
    if connection.vendor == "postgresql":
        shared, definitions = "".join(postgresql.functions(tables)), postgresql.triggers(tables)
    else:
        shared, definitions = "", sqlite.triggers(tables, indexed=index.has_index(connection))
    for what, table, form in definitions:
        digest = hashlib.blake2b((shared + table + form).encode(), digest_size=4).hexdigest()
        name = f"{PREFIX}{what}_{digest}"
        yield _Trigger(name, table, form.format(name=name))


def _tables(connection: BaseDatabaseWrapper) -> Mapping[str, str]:
    """Return the names of the tables, on PostgreSQL with their schema."""
    names = {
        "product": Product._meta.db_table,
        "tagging": Product.tags.through._meta.db_table,
        "category": Category._meta.db_table,
        "tag": Tag._meta.db_table,
        "interaction": Interaction._meta.db_table,
        "user": User._meta.db_table,
        "change": ProductChange._meta.db_table,
        "text": SearchText._meta.db_table,
    }
    if connection.vendor != "postgresql":
        return names
    with connection.cursor() as cursor:
        cursor.execute("SELECT quote_ident(current_schema())")
        (schema,) = cursor.fetchone()
    return {key: f"{schema}.{name}" for key, name in names.items()}
