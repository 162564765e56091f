"""Writes stored lists in bulk."""

from collections.abc import Sequence

from django.db import connection, transaction

from catalog.models import User
from recommendations.models import StoredList

_UNIQUE = ["user", "strategy"]
_UPDATED = [
    field.name
    for field in StoredList._meta.concrete_fields
    if not field.primary_key and field.name not in _UNIQUE
]


def replace_lists(lists: Sequence[StoredList]) -> int:
    """Store the lists, replacing those of the same user and strategy. Return how many were stored.

    Lists of users who have been deleted are left out. One transaction; 1 query to lock the users, and those
    that write the batches.
    """
    with transaction.atomic():
        user_ids = [stored.user_id for stored in lists]
        existing = _locked(user_ids)
        stored_lists = [stored for stored in lists if stored.user_id in existing]
        StoredList.objects.bulk_create(
            stored_lists, update_conflicts=True, unique_fields=_UNIQUE, update_fields=_UPDATED
        )
    return len(stored_lists)


def _locked(user_ids: list[int]) -> set[int]:
    """Return the users that exist, and keep them from being deleted until the transaction ends.

    New events do not wait: they update a user's row, which PostgreSQL allows while its key is shared.
    """
    rows = User.objects.filter(id__in=user_ids).order_by("id").values_list("id", flat=True)
    if connection.vendor != "postgresql":
        return set(rows)
    sql, params = rows.query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(f"{sql} FOR KEY SHARE", params)
        return {key for (key,) in cursor.fetchall()}
