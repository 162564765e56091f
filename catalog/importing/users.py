"""Writes a shop's users: new ones are created, changed ones updated, all others left alone."""

from collections.abc import Iterable

from django.db import transaction

from catalog.importing.bulk import CHUNK, Counts, in_chunks, stored_rows
from catalog.importing.rows import UserRecord
from catalog.models import User


def store_users(rows: Iterable[UserRecord]) -> Counts:
    """Create or update the shoppers of the rows and return what happened.

    One transaction a chunk. Queries: one per 500 rows to read, one per 190 new or changed rows to write.
    """
    tally = Counts()
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
        tally.add(n_rows=len(chunk), n_stored=len(stored), n_written=len(changed))
    return tally
