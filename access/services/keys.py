"""Makes, rotates and revokes keys. What comes back of a new one is its only appearance."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction

from access.errors import BadKeyRequest, UnknownKey
from access.key_text import digest_of, new_key, prefix_of
from access.models import Account, ApiKey
from access.scopes import PERMISSIONS, Scope
from access.services import checking
from core.text import ONE_LINE

LONGEST_NAME = 100


@dataclass(frozen=True, slots=True)
class CreatedKey:
    """A key's row, and the key itself, which is stored nowhere."""

    row: ApiKey
    text: str = field(repr=False)


def make_key(
    *,
    name: str,
    scopes: list[Scope],
    now: datetime,
    expires_at: datetime | None = None,
    created_by: Account | None = None,
    replaces: ApiKey | None = None,
) -> CreatedKey:
    """Return a new key. Raises BadKeyRequest. created_by: None for whoever has the command line."""
    if not name.strip() or len(name) > LONGEST_NAME:
        raise BadKeyRequest(f"Give a name of 1 to {LONGEST_NAME} characters.")
    try:
        ONE_LINE(name)
    except ValidationError as error:
        raise BadKeyRequest(f"The name: {error.message}") from error
    if not scopes:
        raise BadKeyRequest(f"A key needs a scope; there are {', '.join(Scope)}.")
    if expires_at is not None and expires_at <= now:
        raise BadKeyRequest("A key cannot end before it begins.")
    if created_by is not None and (beyond := [scope for scope in scopes if not may_give(created_by, scope)]):
        raise BadKeyRequest(
            f"Only who may do it themselves can give {', '.join(beyond)}: "
            f"that takes {', '.join(name for scope in beyond for name in PERMISSIONS[scope])}."
        )
    new = new_key()
    row = ApiKey.objects.create(
        name=name,
        prefix=new.prefix,
        digest=digest_of(new.text),
        scopes=" ".join(scope for scope in Scope if scope in scopes),
        created_at=now,
        created_by_id=None if created_by is None else created_by.pk,
        expires_at=expires_at,
        replaces=replaces,
    )
    return CreatedKey(row, new.text)


def may_give(account: Account, scope: Scope) -> bool:
    """Return whether the account may do what the scope lets a key do."""
    return account.has_perms(PERMISSIONS.get(scope, ()))


@transaction.atomic
def rotate_key(
    *,
    key: ApiKey,
    now: datetime,
    overlap: timedelta | None = None,
    created_by: Account | None = None,
) -> CreatedKey:
    """Return a key that takes the other's place: same name and scopes; if that has an end, as long a life.

    overlap: how long the old one goes on; None for until somebody revokes it
    Raises BadKeyRequest for a key that is revoked.
    """
    # As it is now, and held: who revokes it at this moment comes before or after.
    held = ApiKey.objects.select_for_update().filter(pk=key.pk).first()
    if held is None or held.revoked_at is not None:
        raise BadKeyRequest(f"The key {key.prefix} is revoked; make a new one.")
    key = held
    made = make_key(
        name=key.name,
        scopes=[Scope(name) for name in key.scopes.split(" ")],
        now=now,
        expires_at=None if key.expires_at is None else now + (key.expires_at - key.created_at),
        created_by=created_by,
        replaces=key,
    )
    if overlap is not None and (key.expires_at is None or key.expires_at > now + overlap):
        key.expires_at = now + overlap
        key.save(update_fields=["expires_at"])
        checking.forget_at_commit()
    return made


def revoke_key(*, key: ApiKey, now: datetime) -> None:
    """The key lets nobody in any more: here at once, in other processes within checking.TRUSTED_SECONDS."""
    ApiKey.objects.filter(pk=key.pk, revoked_at__isnull=True).update(revoked_at=now)
    checking.forget_at_commit()


def delete_keys(keys: "list[ApiKey]") -> None:
    """The keys are gone, as revoked ones, and their rows too."""
    ApiKey.objects.filter(pk__in=[key.pk for key in keys]).delete()
    checking.forget_at_commit()


def find_key(named: str) -> ApiKey:
    """Return the key of that prefix, or of that whole text. Raises UnknownKey."""
    prefix = prefix_of(named) or named.removeprefix("recs_")
    try:
        return ApiKey.objects.get(prefix=prefix)
    except ApiKey.DoesNotExist:
        raise UnknownKey(prefix) from None
