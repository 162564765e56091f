"""Idempotent requests: a request that is repeated with the same key is processed once."""

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from catalog.errors import IdempotencyKeyReused, InvalidIdempotencyKey
from catalog.models import StoredAnswer
from core.text import MAX_LENGTH

HEADER = "Idempotency-Key"
RETENTION_PERIOD = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class StoredResponse:
    """The response to a request. is_replay: whether it is that of an earlier request"""

    status: int
    body: bytes
    is_replay: bool = False


@dataclass(frozen=True, slots=True)
class IdempotentRequest:
    """Identifies a request. caller: the owner of the key; digest: of the body.

    Raises InvalidIdempotencyKey.
    """

    caller: str
    key: str
    digest: str

    def __post_init__(self) -> None:
        if not 1 <= len(self.key) <= MAX_LENGTH or not all("!" <= letter <= "~" for letter in self.key):
            raise InvalidIdempotencyKey(HEADER, self.key)


def respond_once(
    request: IdempotentRequest, answer: Callable[[], StoredResponse], now: datetime
) -> StoredResponse:
    """Return the response stored for this key in the last 24 hours, or that of answer(), and store it.

    The changes made by answer() and its response are stored in one transaction, so that a request that fails
    can be sent again. Of two concurrent requests, the second waits for the row lock of the first.
    Raises IdempotencyKeyReused when the key was used with a different body.
    """
    found = StoredAnswer.objects.filter(caller=request.caller, key=request.key).first()
    if found is not None and _is_current(found, now):
        return _replay(found, request)
    with transaction.atomic():
        row, is_new = StoredAnswer.objects.select_for_update().get_or_create(
            caller=request.caller,
            key=request.key,
            defaults={"request_digest": request.digest, "created_at": now},
        )
        if not is_new and _is_current(row, now):
            return _replay(row, request)
        response = answer()
        row.request_digest, row.created_at = request.digest, now
        row.status, row.body = response.status, zlib.compress(response.body, 1)
        row.save()
    return response


def remove_old_answers(now: datetime) -> int:
    """Delete the expired responses and return their number."""
    return StoredAnswer.objects.filter(created_at__lte=now - RETENTION_PERIOD).delete()[0]


def _is_current(row: StoredAnswer, now: datetime) -> bool:
    return row.created_at > now - RETENTION_PERIOD


def _replay(row: StoredAnswer, request: IdempotentRequest) -> StoredResponse:
    if row.request_digest != request.digest:
        raise IdempotencyKeyReused(request.key)
    return StoredResponse(row.status, zlib.decompress(row.body), is_replay=True)
