"""Create, rotate, revoke and delete API keys. A new key is returned once and stored only as a digest."""

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

MAX_NAME_LENGTH = 100


@dataclass(frozen=True, slots=True)
class CreatedKey:
    """A key's row, and the key itself, which is not stored."""

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
    """Return a new key. Raises BadKeyRequest. created_by: None from the command line."""
    if not name.strip() or len(name) > MAX_NAME_LENGTH:
        raise BadKeyRequest(f"The name must have 1 to {MAX_NAME_LENGTH} characters.")
    try:
        ONE_LINE(name)
    except ValidationError as error:
        raise BadKeyRequest(f"The name: {error.message}") from error
    if not scopes:
        raise BadKeyRequest(f"A key needs at least one scope: {', '.join(Scope)}.")
    if expires_at is not None and expires_at <= now:
        raise BadKeyRequest("The expiry must be in the future.")
    if created_by is not None and (denied := [scope for scope in scopes if not may_grant(created_by, scope)]):
        raise BadKeyRequest(
            f"You cannot grant {', '.join(denied)}: "
            f"that needs {', '.join(name for scope in denied for name in PERMISSIONS[scope])}."
        )
    new = new_key()
    row = ApiKey.objects.create(
        name=name,
        prefix=new.prefix,
        first_prefix="" if replaces is None else replaces.client,
        digest=digest_of(new.text),
        scopes=" ".join(scope for scope in Scope if scope in scopes),
        created_at=now,
        created_by_id=None if created_by is None else created_by.pk,
        expires_at=expires_at,
        replaces=replaces,
    )
    return CreatedKey(row, new.text)


def may_grant(account: Account, scope: Scope) -> bool:
    """Return whether the account has the permissions that the scope gives to a key."""
    return account.has_perms(PERMISSIONS.get(scope, ()))


@transaction.atomic
def rotate_key(
    *,
    key: ApiKey,
    now: datetime,
    overlap: timedelta | None = None,
    created_by: Account | None = None,
) -> CreatedKey:
    """Return a key that replaces another one, with the same name, scopes and length of validity.

    It is the same client's: its rate limits and idempotent requests are those of the old key.

    overlap: how long the old key stays valid; None until it is revoked
    Raises BadKeyRequest for a revoked key.
    """
    # Locked, so that a concurrent revocation comes before or after.
    locked = ApiKey.objects.select_for_update().filter(pk=key.pk).first()
    if locked is None or locked.revoked_at is not None:
        raise BadKeyRequest(f"The key {key.prefix} is revoked. Create a new one.")
    key = locked
    created = make_key(
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
    return created


def revoke_key(*, key: ApiKey, now: datetime) -> None:
    """Revoke the key: here at once, in other processes within checking.TRUSTED_SECONDS."""
    ApiKey.objects.filter(pk=key.pk, revoked_at__isnull=True).update(revoked_at=now)
    checking.forget_at_commit()


def delete_keys(keys: "list[ApiKey]") -> None:
    """Delete the keys' rows. The keys stop working as revoked ones do."""
    ApiKey.objects.filter(pk__in=[key.pk for key in keys]).delete()
    checking.forget_at_commit()


def find_key(text: str) -> ApiKey:
    """Return the key with this prefix, or with this complete text. Raises UnknownKey. 1 query."""
    prefix = prefix_of(text) or text.removeprefix("recs_")
    try:
        return ApiKey.objects.get(prefix=prefix)
    except ApiKey.DoesNotExist:
        raise UnknownKey(prefix) from None
