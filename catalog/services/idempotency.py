"""Does a request once, however often it is sent under the same key."""

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from catalog.errors import BadKey, KeyOfAnother
from catalog.models import StoredAnswer
from core.text import MAX_LENGTH

HEADER = "Idempotency-Key"
KEPT = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class StoredResponse:
    """What a caller got, or gets. is_again: whether it was answered before"""

    status: int
    body: bytes
    is_again: bool = False


@dataclass(frozen=True, slots=True)
class Request:
    """caller: whose key it is; digest: of the body. Raises BadKey."""

    caller: str
    key: str
    digest: str

    def __post_init__(self) -> None:
        if not 1 <= len(self.key) <= MAX_LENGTH or not all("!" <= letter <= "~" for letter in self.key):
            raise BadKey(HEADER, self.key)


def once(request: Request, answer: Callable[[], StoredResponse], now: datetime) -> StoredResponse:
    """Return the answer of the first such request in the last 24 hours; when this is it, it is done here.

    What it changes and what it answers are stored together or not at all, so one that breaks off, or raises,
    can be sent again. Of two at once the second waits for the first, as the database has it wait for a row.
    Raises KeyOfAnother.
    """
    found = StoredAnswer.objects.filter(caller=request.caller, key=request.key).first()
    if found is not None and _holds(found, now):
        return _again(found, request)
    with transaction.atomic():
        row, is_new = StoredAnswer.objects.select_for_update().get_or_create(
            caller=request.caller,
            key=request.key,
            defaults={"request_digest": request.digest, "created_at": now},
        )
        if not is_new and _holds(row, now):
            return _again(row, request)
        answered = answer()
        row.request_digest, row.created_at = request.digest, now
        row.status, row.body = answered.status, zlib.compress(answered.body, 1)
        row.save()
    return answered


def remove_old_answers(now: datetime) -> int:
    """Return how many answers, too old to be given again, are gone."""
    return StoredAnswer.objects.filter(created_at__lte=now - KEPT).delete()[0]


def _holds(row: StoredAnswer, now: datetime) -> bool:
    return row.created_at > now - KEPT


def _again(row: StoredAnswer, request: Request) -> StoredResponse:
    if row.request_digest != request.digest:
        raise KeyOfAnother(request.key)
    return StoredResponse(row.status, zlib.decompress(row.body), is_again=True)
