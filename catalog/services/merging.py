"""Merging of a user into another one, such as a guest into the account that the person has made."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef

from catalog import merged_users
from catalog.errors import CannotMerge, UnknownUser
from catalog.models import FormerUser, Interaction, User
from core.references import format_lookup

Lookup = Mapping[str, int | str]
# Each attempt fails only if another merge of the same users has committed meanwhile.
_MAX_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Merged:
    """The user that is left. n_moved, n_repeated: events that became theirs, and that they had already"""

    user: User
    n_moved: int
    n_repeated: int


def merge_user(*, user: Lookup, into: Lookup, now: datetime) -> Merged:
    """Give the events and the ids of a user to another one, delete the user, and return the other one.

    An event of the same product, action and time is kept once. A user that was merged into the same one
    already is left as it is. Locks both users, so that events sent meanwhile wait. Cannot be undone.
    Raises UnknownUser; CannotMerge for a user and itself, for one that was merged into a third one, and for
    one with an account that logs in. About 10 queries in one transaction.
    """
    for _ in range(_MAX_ATTEMPTS):
        with transaction.atomic():
            if merged := _merge(user, into, now):
                return merged
    raise CannotMerge("Both users are being merged at the moment. Try again.")


def _merge(user: Lookup, into: Lookup, now: datetime) -> Merged | None:
    """Return what was merged; None if a user is gone since it was looked up."""
    source = User.objects.filter(**user).first()
    target = merged_users.find_user(into)
    if target is None:
        raise UnknownUser(format_lookup(into))
    if source is None:
        return _merged_before(user, target)
    if source.pk == target.pk:
        raise CannotMerge(
            f"User {source.pk} cannot be merged into itself: {format_lookup(into)} is that user."
        )
    # In the order of their ids, so that two merges cannot deadlock.
    locked = User.objects.select_for_update().filter(pk__in=[source.pk, target.pk]).order_by("pk")
    rows = {row.pk: row for row in locked}
    if len(rows) < 2:
        return None
    source, target = rows[source.pk], rows[target.pk]
    if source.account_id is not None:
        raise CannotMerge(
            f"User {source.pk} has an account to log in with, which would read the other user's history. "
            "Merge the other way round, or remove the account from the user first."
        )
    events = Interaction.objects.filter(user=source)
    same = Interaction.objects.filter(
        user=target,
        product=OuterRef("product"),
        action_type=OuterRef("action_type"),
        occurred_at=OuterRef("occurred_at"),
    )
    n_repeated, _ = events.filter(Exists(same)).delete()
    n_moved = events.update(user=target)
    FormerUser.objects.filter(user=source).update(user=target)
    pk, external_id = source.pk, source.external_id
    source.delete()
    FormerUser.objects.create(pk=pk, external_id=external_id, user=target, merged_at=now)
    return Merged(target, n_moved, n_repeated)


def _merged_before(user: Lookup, target: User) -> Merged:
    former = merged_users.former_user(user)
    if former is None:
        raise UnknownUser(format_lookup(user))
    if former.pk != target.pk:
        raise CannotMerge(f"{format_lookup(user)} was merged into user {former.pk} already.")
    return Merged(target, 0, 0)
