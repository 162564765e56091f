"""Verification of API keys: one query by prefix, then cached in the process for some seconds."""

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

# How long a process caches a key, and so how long a key still works after another process has revoked it.
TRUSTED_SECONDS = 2.0
USE_INTERVAL = timedelta(minutes=1)
_MAX_CACHED = 1_000

logger = logging.getLogger(__name__)
_cache: dict[str, tuple[float, KeyPrincipal]] = {}  # digest → expiry (monotonic clock), principal


def forget() -> None:
    """Empty the cache. A verification that is running now writes to the old dictionary."""
    global _cache  # noqa: PLW0603
    _cache = {}


def forget_at_commit() -> None:
    """Empty the cache now and after the commit: until then, requests still read the old row."""
    forget()
    transaction.on_commit(forget)


def key_caller(text: str, *, now: datetime) -> KeyPrincipal:
    """Return the principal of this key. Raises BadCredential.

    At most 1 query, and once a minute 1 more that records its use.
    """
    prefix = prefix_of(text)
    if prefix is None:
        raise BadCredential("This is not an API key. A key begins with recs_.")
    digest = digest_of(text)
    cache = _cache
    cached = cache.get(digest)
    if cached is not None and time.monotonic() < cached[0]:
        _check_expiry(cached[1].expires_at, now)
        return cached[1]
    until = time.monotonic() + TRUSTED_SECONDS  # starts before the row is read
    row = ApiKey.objects.filter(prefix=prefix).first()
    if row is None or not hmac.compare_digest(row.digest, digest):
        raise BadCredential("There is no such API key.")
    if row.revoked_at is not None:
        raise BadCredential("This API key is revoked.")
    _check_expiry(row.expires_at, now)
    scopes = frozenset(row.scopes.split(" "))
    principal = KeyPrincipal(row.pk, row.prefix, scopes, row.expires_at, row.client)
    if row.last_used_at is None or row.last_used_at <= now - USE_INTERVAL:
        _record_use(row, now)
    if len(cache) >= _MAX_CACHED:
        cache.clear()
    cache[digest] = until, principal
    return principal


def _check_expiry(expires_at: datetime | None, now: datetime) -> None:
    if expires_at is not None and expires_at <= now:
        raise BadCredential("This API key has expired.")


def _record_use(row: ApiKey, now: datetime) -> None:
    """Set last_used_at, unless another process has done so. Skip it while another process locks SQLite."""
    outdated = ApiKey.objects.filter(
        Q(last_used_at__isnull=True) | Q(last_used_at__lte=now - USE_INTERVAL), pk=row.pk
    )
    if connection.vendor != "sqlite":
        outdated.update(last_used_at=now)
        return
    # SQLite has one writer at a time, and an import can hold the lock for minutes.
    with connection.cursor() as cursor:
        ((timeout,),) = cursor.execute("PRAGMA busy_timeout").fetchall()
        cursor.execute("PRAGMA busy_timeout = 0")
        try:
            outdated.update(last_used_at=now)
        except DatabaseError as error:
            logger.info("The use of the key %s is recorded later: %s", row.prefix, error)
        finally:
            cursor.execute(f"PRAGMA busy_timeout = {int(timeout)}")
