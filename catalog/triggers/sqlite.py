"""Triggers of SQLite: one row at a time. Its writers wait for each other, so ids are in order of commits."""

# ruff: noqa: S608  the SQL holds names of tables and columns, no values

from collections.abc import Iterator, Mapping

from catalog.search import index
from catalog.triggers.watched import HISTORY, HISTORY_EDIT, IN_ITSELF, MOST_NOTED, SHOWN
from core.text import PATH_SEPARATOR


def triggers(tables: Mapping[str, str], *, indexed: bool) -> Iterator[tuple[str, str, str]]:
    """Yield the name, the table and the SQL of each trigger."""
    note = (
        f"INSERT INTO {tables['change']} (product_id, transaction_id, created_at) "
        "SELECT {what}, 0, strftime('%Y-%m-%d %H:%M:%f', 'now')"
    )
    in_stock = "({row}.stock IS NULL OR {row}.stock > 0)"
    differs = " OR ".join(
        [
            *(f"OLD.{column} IS NOT NEW.{column}" for column in (*SHOWN, "is_active")),
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
            yield _trigger(tables[table], table, event, "", [noted])
        both = [
            note.format(what=f"OLD.{key}") + f" WHERE OLD.{key} IS NOT NEW.{key}",
            note.format(what=f"NEW.{key}"),
        ]
        condition = (
            differs if table == "product" else "OLD.product_id <> NEW.product_id OR OLD.tag_id <> NEW.tag_id"
        )
        yield _trigger(tables[table], table, "UPDATE", condition, both)
    shown_name = {"category": "path", "tag": "name"}
    for table, products in products_of.items():
        few = f"(SELECT COUNT(*) FROM ({products} LIMIT {MOST_NOTED + 1})) <= {MOST_NOTED}"
        each = note.format(what="product_id") + f" FROM ({products}) WHERE {few}"
        yield _trigger(
            tables[table],
            table,
            "UPDATE",
            f"OLD.{shown_name[table]} IS NOT NEW.{shown_name[table]} OR OLD.id <> NEW.id",
            [each, note.format(what="NULL") + f" WHERE NOT {few}"],
        )
    yield from _paths(tables["category"])
    raised = f"UPDATE {tables['user']} SET history_version = history_version + {{}} WHERE id"
    added, edited = raised.format(1), raised.format(HISTORY_EDIT)
    interaction = tables["interaction"]
    yield _trigger(interaction, "interaction", "INSERT", "", [f"{added} = NEW.user_id"])
    yield _trigger(interaction, "interaction", "DELETE", "", [f"{edited} = OLD.user_id"])
    changed = " OR ".join(f"OLD.{column} IS NOT NEW.{column}" for column in HISTORY)
    users = f"{edited} IN (OLD.user_id, NEW.user_id)"
    yield _trigger(interaction, "interaction", "UPDATE", changed, [users])
    for what, table, event, condition, statements in index.sqlite_triggers(
        tables["product"], indexed=indexed
    ):
        yield _trigger(table, what, event, condition, statements)


def _paths(category: str) -> Iterator[tuple[str, str, str]]:
    """Yield the triggers that keep the paths of categories.

    A trigger of SQLite does not fire itself, so this one changes all below a category at once.
    """
    above = f"SELECT path || '{PATH_SEPARATOR}' FROM {category} WHERE id = NEW.parent_id"
    path = f"COALESCE(({above}), '') || NEW.name"
    below = f"substr(path, 1, length(OLD.path) + {len(PATH_SEPARATOR)}) = OLD.path || '{PATH_SEPARATOR}'"
    own = f"UPDATE {category} SET path = {path} WHERE id = NEW.id AND path <> {path}"
    yield _trigger(category, "path", "INSERT", "", [own])
    differs = " OR ".join(f"OLD.{column} IS NOT NEW.{column}" for column in ("name", "parent_id", "path"))
    yield _trigger(
        category,
        "path",
        "UPDATE",
        differs,
        [
            f"SELECT RAISE(ABORT, '{IN_ITSELF}') FROM {category}"
            f" WHERE id = NEW.parent_id AND (id = NEW.id OR {below})",
            own,
            f"UPDATE {category} SET path = {path} || substr(path, length(OLD.path) + 1)"
            f" WHERE {below} AND id <> NEW.id AND OLD.path <> {path}",
        ],
    )


def _trigger(
    table: str, what: str, event: str, condition: str, statements: list[str]
) -> tuple[str, str, str]:
    when = f" WHEN {condition}" if condition else ""
    body = "; ".join(statements)
    return (
        f"{what}_{event.lower()}",
        table,
        f"CREATE TRIGGER {{name}} AFTER {event} ON {table} FOR EACH ROW{when} BEGIN {body}; END",
    )
