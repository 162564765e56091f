"""Writes stored lists in bulk."""

from collections.abc import Sequence

from django.db import transaction

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
        existing = set(
            User.objects.select_for_update(no_key=True)
            .filter(id__in=user_ids)
            .order_by("id")
            .values_list("id", flat=True)
        )
        stored_lists = [stored for stored in lists if stored.user_id in existing]
        StoredList.objects.bulk_create(
            stored_lists, update_conflicts=True, unique_fields=_UNIQUE, update_fields=_UPDATED
        )
    return len(stored_lists)
