"""Triggers by which the database notes what has changed, whichever program changes it.

Changes of products, their tags, the paths of categories and the names of tags go to the change feed
(`ProductChange`); changes of interactions raise `User.history_version`. A change that no answer shows, such
as a stock of 5 that becomes 4, is not noted. Changes of texts in which search looks empty the product's
`SearchText`. Other triggers keep the paths of categories: that of a category whose name or parent changes,
and those of all below it. A category cannot be below itself.
"""

# ruff: noqa: S608  the SQL holds names of tables and columns, no values

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from catalog.models import Category, Interaction, Product, ProductChange, SearchText, Tag, User
from catalog.models.product import SHOWN_COLUMNS
from catalog.search import index
from catalog.search.pending import fold_all_pending
from core.text import PATH_SEPARATOR

# A statement that changes more products is noted as one row: any product may differ.
MOST_NOTED = 1000
_PREFIX = "noted_"
_IN_ITSELF = "a category must not be below itself"
_COLUMNS = {field.name: str(field.column) for field in Product._meta.concrete_fields}
_SHOWN = ["id", *(_COLUMNS[name] for name in SHOWN_COLUMNS)]
_HISTORY = ["id", "user_id", "product_id", "action_type", "occurred_at"]


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
            for statement in _postgresql_functions(_tables(connection)):
                cursor.execute(statement)
        for name in present.keys() - wanted.keys():
            on = f" ON {present[name]}" if connection.vendor == "postgresql" else ""
            cursor.execute(f"DROP TRIGGER {connection.ops.quote_name(name)}{on}")
        if any(name.startswith(f"{_PREFIX}search_") for name in wanted.keys() - present.keys()):
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
        cursor.execute(sql, [_PREFIX.replace("_", r"\_") + "%" if "pg_" in sql else f"{_PREFIX}%"])
        return dict(cursor.fetchall())


def _triggers(connection: BaseDatabaseWrapper) -> Iterator[_Trigger]:
    tables = _tables(connection)
    if connection.vendor == "postgresql":
        shared, definitions = "".join(_postgresql_functions(tables)), _postgresql(tables)
    else:
        shared, definitions = "", _sqlite(tables, indexed=index.has_index(connection))
    for what, table, form in definitions:
        digest = hashlib.blake2b((shared + table + form).encode(), digest_size=4).hexdigest()
        name = f"{_PREFIX}{what}_{digest}"
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


# ---- SQLite: one row at a time; its writers wait for each other, so ids are in the order of commits


def _sqlite(tables: Mapping[str, str], *, indexed: bool) -> Iterator[tuple[str, str, str]]:
    """Yield the name, the table and the SQL of each trigger."""
    note = (
        f"INSERT INTO {tables['change']} (product_id, transaction_id, created_at) "
        "SELECT {what}, 0, strftime('%Y-%m-%d %H:%M:%f', 'now')"
    )
    in_stock = "({row}.stock IS NULL OR {row}.stock > 0)"
    differs = " OR ".join(
        [
            *(f"OLD.{column} IS NOT NEW.{column}" for column in (*_SHOWN, "is_active")),
            f"{in_stock.format(row='OLD')} IS NOT {in_stock.format(row='NEW')}",
        ]
    )
    products_of = {
        "category": f"SELECT id AS product_id FROM {tables['product']} WHERE category_id = NEW.id",
        "tag": f"SELECT product_id FROM {tables['tagging']} WHERE tag_id = NEW.id",
    }
    for table, key in (("product", "id"), ("tagging", "product_id")):
        for event, row in (("INSERT", "NEW"), ("DELETE", "OLD")):
            noted = note.format(what=f"{row}.{key}")
            yield _sqlite_trigger(tables[table], table, event, "", [noted])
        both = [
            note.format(what=f"OLD.{key}") + f" WHERE OLD.{key} IS NOT NEW.{key}",
            note.format(what=f"NEW.{key}"),
        ]
        condition = (
            differs if table == "product" else "OLD.product_id <> NEW.product_id OR OLD.tag_id <> NEW.tag_id"
        )
        yield _sqlite_trigger(tables[table], table, "UPDATE", condition, both)
    shown_name = {"category": "path", "tag": "name"}
    for table, products in products_of.items():
        few = f"(SELECT COUNT(*) FROM ({products} LIMIT {MOST_NOTED + 1})) <= {MOST_NOTED}"
        each = note.format(what="product_id") + f" FROM ({products}) WHERE {few}"
        yield _sqlite_trigger(
            tables[table],
            table,
            "UPDATE",
            f"OLD.{shown_name[table]} IS NOT NEW.{shown_name[table]} OR OLD.id <> NEW.id",
            [each, note.format(what="NULL") + f" WHERE NOT {few}"],
        )
    yield from _sqlite_paths(tables["category"])
    raised = f"UPDATE {tables['user']} SET history_version = history_version + 1 WHERE id"
    interaction = tables["interaction"]
    yield _sqlite_trigger(interaction, "interaction", "INSERT", "", [f"{raised} = NEW.user_id"])
    yield _sqlite_trigger(interaction, "interaction", "DELETE", "", [f"{raised} = OLD.user_id"])
    changed = " OR ".join(f"OLD.{column} IS NOT NEW.{column}" for column in _HISTORY)
    users = f"{raised} IN (OLD.user_id, NEW.user_id)"
    yield _sqlite_trigger(interaction, "interaction", "UPDATE", changed, [users])
    for what, table, event, condition, statements in index.sqlite_triggers(
        tables["product"], indexed=indexed
    ):
        yield _sqlite_trigger(table, what, event, condition, statements)


def _sqlite_paths(category: str) -> Iterator[tuple[str, str, str]]:
    """Yield the triggers that keep the paths of categories.

    A trigger of SQLite does not fire itself, so this one changes all below a category at once.
    """
    above = f"SELECT path || '{PATH_SEPARATOR}' FROM {category} WHERE id = NEW.parent_id"
    path = f"COALESCE(({above}), '') || NEW.name"
    below = f"substr(path, 1, length(OLD.path) + {len(PATH_SEPARATOR)}) = OLD.path || '{PATH_SEPARATOR}'"
    own = f"UPDATE {category} SET path = {path} WHERE id = NEW.id AND path <> {path}"
    yield _sqlite_trigger(category, "path", "INSERT", "", [own])
    differs = " OR ".join(f"OLD.{column} IS NOT NEW.{column}" for column in ("name", "parent_id", "path"))
    yield _sqlite_trigger(
        category,
        "path",
        "UPDATE",
        differs,
        [
            f"SELECT RAISE(ABORT, '{_IN_ITSELF}') FROM {category}"
            f" WHERE id = NEW.parent_id AND (id = NEW.id OR {below})",
            own,
            f"UPDATE {category} SET path = {path} || substr(path, length(OLD.path) + 1)"
            f" WHERE {below} AND id <> NEW.id AND OLD.path <> {path}",
        ],
    )


def _sqlite_trigger(
    table: str, what: str, event: str, condition: str, statements: list[str]
) -> tuple[str, str, str]:
    when = f" WHEN {condition}" if condition else ""
    body = "; ".join(statements)
    return (
        f"{what}_{event.lower()}",
        table,
        f"CREATE TRIGGER {{name}} AFTER {event} ON {table} FOR EACH ROW{when} BEGIN {body}; END",
    )


# ---- PostgreSQL: one statement at a time


def _postgresql_functions(tables: Mapping[str, str]) -> Iterator[str]:
    """Yield the statements that create the functions of the triggers.

    They run with the rights of their owner, so that a role that may only write products can.
    """
    shown = ", ".join(_SHOWN)
    state = "is_active, (stock IS NULL OR stock > 0) AS is_in_stock"
    history = ", ".join(_HISTORY)
    changed_rows = "(SELECT {what} FROM {one} EXCEPT ALL SELECT {what} FROM {other})"
    products, events = f"{shown}, {state}", history

    def differing(key: str, what: str) -> str:
        """Return a query of the keys of the rows that the statement has changed, before and after."""
        gone = changed_rows.format(what=what, one="old_rows", other="new_rows")
        come = changed_rows.format(what=what, one="new_rows", other="old_rows")
        return f"SELECT {key} FROM {gone} AS gone UNION SELECT {key} FROM {come} AS come"

    renamed = "SELECT new_rows.id FROM new_rows LEFT JOIN old_rows USING (id, {}) WHERE old_rows.id IS NULL"
    moved, retagged = renamed.format("path"), renamed.format("name")
    queries = {
        "product_insert": "SELECT id FROM new_rows",
        "product_delete": "SELECT id FROM old_rows",
        "product_update": differing("id", products),
        "tagging_insert": "SELECT DISTINCT product_id FROM new_rows",
        "tagging_delete": "SELECT DISTINCT product_id FROM old_rows",
        "tagging_update": differing("product_id", "id, product_id, tag_id"),
        "category_update": f"SELECT id FROM {tables['product']} WHERE category_id IN ({moved})",
        "tag_update": f"SELECT DISTINCT product_id FROM {tables['tagging']} WHERE tag_id IN ({retagged})",
    }
    note = f"INSERT INTO {tables['change']} (product_id, transaction_id, created_at)"
    for what, query in queries.items():
        yield _function(
            what,
            f"ids := ARRAY(SELECT * FROM ({query}) AS found (id) LIMIT {MOST_NOTED + 1});"
            f" IF cardinality(ids) > {MOST_NOTED} THEN ids := ARRAY[NULL]::bigint[]; END IF;"
            f" {note} SELECT id, pg_current_xact_id(), clock_timestamp() FROM unnest(ids) AS noted (id);",
        )
    yield _function("truncate", f"{note} VALUES (NULL, pg_current_xact_id(), clock_timestamp());")
    yield from _postgresql_path_functions(tables["category"])
    users = {
        "interaction_insert": "SELECT DISTINCT user_id FROM new_rows",
        "interaction_delete": "SELECT DISTINCT user_id FROM old_rows",
        "interaction_update": differing("user_id", events),
    }
    for what, query in users.items():
        # Rows are locked in the order of their ids, so that two statements about many users cannot deadlock.
        yield _function(
            what,
            f"ids := ARRAY({query});"
            f" WITH locked AS (SELECT id FROM {tables['user']} WHERE id = ANY(ids)"
            "  ORDER BY id FOR NO KEY UPDATE)"
            f" UPDATE {tables['user']} AS changed SET history_version = history_version + 1"
            " FROM locked WHERE changed.id = locked.id;",
        )
    for what, body in index.postgresql_bodies(tables["text"]).items():
        yield _function(what, body)
    yield _function(
        "interaction_truncate", f"UPDATE {tables['user']} SET history_version = history_version + 1;"
    )


def _postgresql_path_functions(category: str) -> Iterator[str]:
    """Yield the functions that keep the paths of categories: of the row to be written, and below it."""
    above = f"FROM {category} WHERE id = NEW.parent_id"
    yield _function(
        "path_own",
        f"WITH RECURSIVE above (id, parent_id) AS (SELECT id, parent_id {above}"
        f" UNION SELECT one.id, one.parent_id FROM {category} AS one JOIN above ON one.id = above.parent_id)"
        " SELECT array_agg(id) INTO ids FROM above;"
        " IF NEW.id = ANY(ids)"
        f" THEN RAISE EXCEPTION '{_IN_ITSELF}' USING ERRCODE = 'check_violation'; END IF;"
        f" NEW.path := COALESCE((SELECT path || '{PATH_SEPARATOR}' {above}), '') || NEW.name;",
        returns="NEW",
    )
    yield _function(
        "path_below",
        f"UPDATE {category} SET path = NEW.path || '{PATH_SEPARATOR}' || name WHERE parent_id = NEW.id;",
    )


def _function(what: str, body: str, *, returns: str = "NULL") -> str:
    return (
        f"CREATE OR REPLACE FUNCTION {_PREFIX}{what}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER "
        "SET search_path = pg_catalog, pg_temp "
        f"AS $$ DECLARE ids bigint[]; BEGIN {body} RETURN {returns}; END $$"
    )


_TRANSITIONS = {
    "INSERT": " REFERENCING NEW TABLE AS new_rows",
    "DELETE": " REFERENCING OLD TABLE AS old_rows",
    "UPDATE": " REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows",
    "TRUNCATE": "",
}


def _postgresql(tables: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """Yield the name, the table and the SQL of each trigger."""
    category = tables["category"]
    yield (
        "path_own",
        category,
        f"CREATE TRIGGER {{name}} BEFORE INSERT OR UPDATE OF name, parent_id, path ON {category}"
        f" FOR EACH ROW EXECUTE FUNCTION {_PREFIX}path_own()",
    )
    yield (
        "path_below",
        category,
        f"CREATE TRIGGER {{name}} AFTER UPDATE ON {category} FOR EACH ROW"
        f" WHEN (OLD.path IS DISTINCT FROM NEW.path) EXECUTE FUNCTION {_PREFIX}path_below()",
    )
    events = {
        "product": ("INSERT", "DELETE", "UPDATE", "TRUNCATE"),
        "tagging": ("INSERT", "DELETE", "UPDATE", "TRUNCATE"),
        "category": ("UPDATE", "TRUNCATE"),
        "tag": ("UPDATE", "TRUNCATE"),
        "interaction": ("INSERT", "DELETE", "UPDATE", "TRUNCATE"),
        "search": ("INSERT", "DELETE", "UPDATE", "TRUNCATE"),
    }
    for table, its_events in events.items():
        on = tables["product" if table == "search" else table]
        for event in its_events:
            what = f"{table}_{event.lower()}"
            is_shared = event == "TRUNCATE" and table not in ("interaction", "search")
            function = "truncate" if is_shared else what
            yield (
                what,
                on,
                f"CREATE TRIGGER {{name}} AFTER {event} ON {on}{_TRANSITIONS[event]}"
                f" FOR EACH STATEMENT EXECUTE FUNCTION {_PREFIX}{function}()",
            )
