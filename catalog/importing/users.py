"""Import of users: creates new ones, updates changed ones, and leaves the others as they are."""

from collections.abc import Iterable

from django.db import transaction

from catalog.importing.bulk import CHUNK, Counts, in_chunks, stored_rows
from catalog.importing.rows import UserRecord
from catalog.models import User


def store_users(rows: Iterable[UserRecord]) -> Counts:
    """Create or update the users of the rows and return the counts.

    One transaction per chunk. Queries: one per 500 rows to read, one per 190 new or changed rows to write.
    """
    counts = Counts()
    for chunk in in_chunks(rows, CHUNK):
        with transaction.atomic():
            stored = stored_rows(User, "external_id", [row.external_id for row in chunk], "name")
            changed = [row for row in chunk if stored.get(row.external_id) != (row.name,)]
            User.objects.bulk_create(
                [User(external_id=row.external_id, name=row.name) for row in changed],
                update_conflicts=True,
                unique_fields=["external_id"],
                update_fields=["name", "updated_at"],
            )
        counts.add(n_rows=len(chunk), n_stored=len(stored), n_written=len(changed))
    return counts
