"""Triggers of PostgreSQL, and their functions: one statement at a time."""

# ruff: noqa: S608  the SQL holds names of tables and columns, no values

from collections.abc import Iterator, Mapping

from catalog.search import index
from catalog.triggers.watched import HISTORY, HISTORY_EDIT, IN_ITSELF, MOST_NOTED, PREFIX, SHOWN
from core.text import PATH_SEPARATOR


def functions(tables: Mapping[str, str]) -> Iterator[str]:
    """Yield the statements that create the functions of the triggers.

    They run with the rights of their owner, so that a role that may only write products can.
    """
    shown = ", ".join(SHOWN)
    state = "is_active, (stock IS NULL OR stock > 0) AS is_in_stock"
    history = ", ".join(HISTORY)
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
    yield from _path_functions(tables["category"])
    edited = f"SELECT user_id, {HISTORY_EDIT} FROM"
    users = {
        "interaction_insert": "SELECT user_id, COUNT(*) FROM new_rows GROUP BY user_id",
        "interaction_delete": f"{edited} old_rows GROUP BY user_id",
        "interaction_update": f"{edited} ({differing('user_id', events)}) AS differing",
    }
    for what, query in users.items():
        # Rows are locked in the order of their ids, so that two statements about many users cannot deadlock.
        yield _function(
            what,
            f"WITH counted (user_id, n) AS ({query}),"
            f" locked AS (SELECT id, n FROM {tables['user']} AS shopper JOIN counted ON user_id = id"
            "  ORDER BY id FOR NO KEY UPDATE OF shopper)"
            f" UPDATE {tables['user']} AS changed SET history_version = history_version + locked.n"
            " FROM locked WHERE changed.id = locked.id;",
        )
    for what, body in index.postgresql_bodies(tables["text"]).items():
        yield _function(what, body)
    yield _function(
        "interaction_truncate",
        f"UPDATE {tables['user']} SET history_version = history_version + {HISTORY_EDIT};",
    )


def _path_functions(category: str) -> Iterator[str]:
    """Yield the functions that keep the paths of categories: of the row to be written, and below it."""
    above = f"FROM {category} WHERE id = NEW.parent_id"
    yield _function(
        "path_own",
        f"WITH RECURSIVE above (id, parent_id) AS (SELECT id, parent_id {above}"
        f" UNION SELECT one.id, one.parent_id FROM {category} AS one JOIN above ON one.id = above.parent_id)"
        " SELECT array_agg(id) INTO ids FROM above;"
        " IF NEW.id = ANY(ids)"
        f" THEN RAISE EXCEPTION '{IN_ITSELF}' USING ERRCODE = 'check_violation'; END IF;"
        f" NEW.path := COALESCE((SELECT path || '{PATH_SEPARATOR}' {above}), '') || NEW.name;",
        returns="NEW",
    )
    yield _function(
        "path_below",
        f"UPDATE {category} SET path = NEW.path || '{PATH_SEPARATOR}' || name WHERE parent_id = NEW.id;",
    )


def _function(what: str, body: str, *, returns: str = "NULL") -> str:
    return (
        f"CREATE OR REPLACE FUNCTION {PREFIX}{what}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER "
        "SET search_path = pg_catalog, pg_temp "
        f"AS $$ DECLARE ids bigint[]; BEGIN {body} RETURN {returns}; END $$"
    )


_TRANSITIONS = {
    "INSERT": " REFERENCING NEW TABLE AS new_rows",
    "DELETE": " REFERENCING OLD TABLE AS old_rows",
    "UPDATE": " REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows",
    "TRUNCATE": "",
}


def triggers(tables: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """Yield the name, the table and the SQL of each trigger."""
    category = tables["category"]
    yield (
        "path_own",
        category,
        f"CREATE TRIGGER {{name}} BEFORE INSERT OR UPDATE OF name, parent_id, path ON {category}"
        f" FOR EACH ROW EXECUTE FUNCTION {PREFIX}path_own()",
    )
    yield (
        "path_below",
        category,
        f"CREATE TRIGGER {{name}} AFTER UPDATE ON {category} FOR EACH ROW"
        f" WHEN (OLD.path IS DISTINCT FROM NEW.path) EXECUTE FUNCTION {PREFIX}path_below()",
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
                f" FOR EACH STATEMENT EXECUTE FUNCTION {PREFIX}{function}()",
            )
