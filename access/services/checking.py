"""Finds out whose key it is: one query by its prefix, and none for some seconds after."""

import hmac
import logging
import time
from datetime import datetime, timedelta

from django.db import DatabaseError, connection, transaction
from django.db.models import Q

from access.errors import BadCredential
from access.key_text import digest_of, prefix_of
from access.models import ApiKey
from access.principals import KeyPrincipal

# How long a process believes what it has read of a key, and so how long a key goes on after another process
# has revoked it.
TRUSTED_SECONDS = 2.0
NOTED_EVERY = timedelta(minutes=1)
_MOST_KNOWN = 1_000

logger = logging.getLogger(__name__)
_known: dict[str, tuple[float, KeyPrincipal]] = {}  # digest → until when, who


def forget() -> None:
    """Believe nothing that was read of keys. What is being read this moment goes into the old dictionary."""
    global _known  # noqa: PLW0603
    _known = {}


def forget_at_commit() -> None:
    """The same now, and once more when others can see what has changed: until then they read what was."""
    forget()
    transaction.on_commit(forget)


def key_caller(text: str, *, now: datetime) -> KeyPrincipal:
    """Return who has this key. Raises BadCredential. At most 1 query; once a minute 1 more notes its use."""
    prefix = prefix_of(text)
    if prefix is None:
        raise BadCredential("This is no API key; one begins with recs_.")
    digest = digest_of(text)
    believed = _known
    known = believed.get(digest)
    if known is not None and time.monotonic() < known[0]:
        _refuse_expired(known[1].expires_at, now)
        return known[1]
    until = time.monotonic() + TRUSTED_SECONDS  # counted from before the row is read
    row = ApiKey.objects.filter(prefix=prefix).first()
    if row is None or not hmac.compare_digest(row.digest, digest):
        raise BadCredential("There is no such API key.")
    if row.revoked_at is not None:
        raise BadCredential("This API key is revoked.")
    _refuse_expired(row.expires_at, now)
    caller = KeyPrincipal(row.pk, row.prefix, frozenset(row.scopes.split(" ")), row.expires_at)
    if row.last_used_at is None or row.last_used_at <= now - NOTED_EVERY:
        _note_use(row, now)
    if len(believed) >= _MOST_KNOWN:
        believed.clear()
    believed[digest] = until, caller
    return caller


def _refuse_expired(expires_at: datetime | None, now: datetime) -> None:
    if expires_at is not None and expires_at <= now:
        raise BadCredential("This API key has expired.")


def _note_use(row: ApiKey, now: datetime) -> None:
    """The moment is written, unless somebody has done so; where it would have to wait, a request will not."""
    unnoted = ApiKey.objects.filter(
        Q(last_used_at__isnull=True) | Q(last_used_at__lte=now - NOTED_EVERY), pk=row.pk
    )
    if connection.vendor != "sqlite":
        unnoted.update(last_used_at=now)
        return
    # SQLite has one writer at a time, and an import may be that one for minutes.
    with connection.cursor() as cursor:
        ((patience,),) = cursor.execute("PRAGMA busy_timeout").fetchall()
        cursor.execute("PRAGMA busy_timeout = 0")
        try:
            unnoted.update(last_used_at=now)
        except DatabaseError as error:
            logger.info("The use of the key %s is noted later: %s", row.prefix, error)
        finally:
            cursor.execute(f"PRAGMA busy_timeout = {int(patience)}")
