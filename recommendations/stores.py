"""Writes recommendations, in bulk."""

from collections.abc import Sequence

from django.db import transaction

from catalog.models import User
from recommendations.models import StoredList

_UNIQUE = ["user", "strategy"]
_OTHERS = [
    field.name
    for field in StoredList._meta.concrete_fields
    if not field.primary_key and field.name not in _UNIQUE
]


def replace_lists(lists: Sequence[StoredList]) -> int:
    """Store one list a user and strategy in place of the former one; return how many were stored.

    Users who were deleted meanwhile are left out. One transaction; 2 queries and those that it takes to
    write in batches.
    """
    with transaction.atomic():
        wanted = [stored.user_id for stored in lists]
        alive = set(
            User.objects.select_for_update(no_key=True)
            .filter(id__in=wanted)
            .order_by("id")
            .values_list("id", flat=True)
        )
        kept = [stored for stored in lists if stored.user_id in alive]
        StoredList.objects.bulk_create(
            kept, update_conflicts=True, unique_fields=_UNIQUE, update_fields=_OTHERS
        )
    return len(kept)
