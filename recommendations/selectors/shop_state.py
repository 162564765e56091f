"""What a request depends on, read in one statement."""

# ruff: noqa: S608  the SQL holds names of tables and columns, no values

from dataclasses import dataclass
from functools import lru_cache

import orjson
from django.db import connection

from catalog import changes
from catalog.changes import Changes, FeedPosition
from catalog.models import Product, User
from core.db.prepared import fetch
from recommendations.models import DefaultStrategy, StoredList, TrainedModel
from recommendations.selectors.models import ActiveModels
from recommendations.selectors.shoppers import Shopper, StoredRow

Lookup = tuple[str, int | str]
_STORED = ", ".join(f"CAST(stored.{name} AS text)" for name in StoredRow.COLUMNS)


@dataclass(frozen=True, slots=True)
class NamedProduct:
    """The product that a request names."""

    id: int
    is_active: bool


@dataclass(frozen=True, slots=True)
class StateRow:
    """What was read. shopper, stored, product: None if there is none, or if the request names none"""

    changes: Changes
    active: ActiveModels
    shopper: Shopper | None
    stored: StoredRow | None
    product: NamedProduct | None


def state_row(
    since: FeedPosition,
    *,
    user: Lookup | None = None,
    stored: tuple[str | None, tuple[str, ...], str] | None = None,
    product: Lookup | None = None,
) -> StateRow:
    """Return what the request depends on. 1 query.

    since:  how far the change feed was read
    user, product: "pk" or "external_id", and its value
    stored: which list of the user to read, None for none: the requested strategy, None for the default one;
            the names among which staff may choose the default; the default if they did not
    """
    requested, configured, fallback = stored or (None, None, None)
    sql = _sql(
        connection.vendor,
        user[0] if user else None,
        None if configured is None else len(configured),
        product[0] if product else None,
    )
    parameters = changes.parameters(connection.vendor, since)
    parameters += [user[1]] if user else []
    parameters += [] if configured is None else [requested, *configured, fallback]
    parameters += [product[1]] if product else []
    (row,) = fetch(sql, parameters)
    at = changes.N_COLUMNS
    found, (default, versions) = changes.changes_of(tuple(row[:at]), since), row[at : at + 2]
    at += 2
    shopper = stored_row = named = None
    if user:
        shopper = Shopper(*row[at : at + 3]) if row[at] is not None else None
        at += 3
    if configured is not None:
        end = at + len(StoredRow.COLUMNS)
        stored_row = StoredRow.of(row[at:end]) if row[at] is not None else None
        at = end
    if product:
        named = NamedProduct(row[at], bool(row[at + 1])) if row[at] is not None else None
    active = ActiveModels(default, orjson.loads(versions) if versions else {})
    return StateRow(found, active, shopper, stored_row, named)


@lru_cache(maxsize=256)
def _sql(vendor: str, user_by: str | None, n_configured: int | None, product_by: str | None) -> str:
    """Return the statement. n_configured: the number of configured strategies; None for no stored list"""
    chosen = f"SELECT strategy FROM {DefaultStrategy._meta.db_table} WHERE id = 1"
    as_object = "json_object_agg" if vendor == "postgresql" else "json_group_object"
    columns = [
        changes.columns_sql(vendor),
        f"({chosen})",
        f"(SELECT CAST({as_object}(strategy, version) AS text) FROM {TrainedModel._meta.db_table} "
        "WHERE is_active)",
    ]
    tables = ["(SELECT 1 AS one) AS one"]
    if user_by:
        columns.append("shopper.id, shopper.name, shopper.history_version")
        tables.append(f"{User._meta.db_table} AS shopper ON shopper.{_column(user_by)} = %s")
    if n_configured is not None:
        columns.append(_STORED)
        named = ", ".join(["%s"] * n_configured)
        tables.append(
            f"{StoredList._meta.db_table} AS stored ON stored.user_id = shopper.id AND stored.strategy = "
            f"COALESCE(%s, ({chosen} AND strategy IN ({named})), %s)"
        )
    if product_by:
        columns.append("product.id, product.is_active")
        tables.append(f"{Product._meta.db_table} AS product ON product.{_column(product_by)} = %s")
    return f"SELECT {', '.join(columns)} FROM {' LEFT JOIN '.join(tables)}"


def _column(by: str) -> str:
    return "id" if by == "pk" else by
