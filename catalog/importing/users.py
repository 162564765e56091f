"""Import of users: creates new ones, updates changed ones, and leaves the others as they are."""

from collections.abc import Iterable

from django.db import transaction
from django.utils import timezone

from catalog.importing.bulk import CHUNK, Counts, in_chunks
from catalog.importing.rows import UserRecord
from catalog.models import User
from core.db.staging import change_staged, count, fields_of, staged, upsert

_FIELDS = ("external_id", "name")
_STORED = "FROM staged_user AS given JOIN catalog_user AS stored ON stored.external_id = given.external_id"
# A row without a name keeps the stored one; a new user is named by the id.
_NAMED = """
    UPDATE staged_user SET name = COALESCE(
        (
            SELECT NULLIF(stored.name, '') FROM catalog_user AS stored
            WHERE stored.external_id = staged_user.external_id
        ),
        external_id
    )
    WHERE name IS NULL
"""
# A chunk's rows that differ from the stored ones, or are new. EXCEPT takes two NULLs as equal.
_CHANGED = f"""
    FROM staged_user AS given
    WHERE given.place IN (
        SELECT place FROM (
            SELECT place, name FROM staged_user
            EXCEPT SELECT given.place, stored.name {_STORED}
        ) AS changed
    )
    ORDER BY given.place
"""  # noqa: S608 - no values


def store_users(rows: Iterable[UserRecord]) -> Counts:
    """Create or update the users of the rows, whose ids must differ, and return the counts.

    One transaction per chunk, with at most 7 queries.
    """
    counts = Counts()
    for chunk in in_chunks(rows, CHUNK):
        values = ((row.external_id, row.name) for row in chunk)
        with transaction.atomic(), staged("staged_user", fields_of(User, _FIELDS), values):
            if not all(row.name for row in chunk):
                change_staged(_NAMED)
            n_stored = count(_STORED)
            n_written = upsert(
                User,
                {name: f"given.{name}" for name in _FIELDS},
                _CHANGED,
                unique=("external_id",),
                now=timezone.now(),
            )
        counts.add(n_rows=len(chunk), n_stored=n_stored, n_written=n_written)
    return counts
