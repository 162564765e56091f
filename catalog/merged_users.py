"""Users by their ids and by those of the users that were merged into them."""

from collections.abc import Iterable, Mapping

from django.db.models import Q

from catalog.models import FormerUser, User


def find_user(lookup: Mapping[str, int | str]) -> User | None:
    """Return the user for a lookup by pk or external_id, or None. 1 query, and 1 more if no user has the id.

    The ids of a user that was merged lead to the other one.
    """
    found: User | None = User.objects.filter(**lookup).first()
    return former_user(lookup) if found is None else found


def former_user(lookup: Mapping[str, int | str]) -> User | None:
    """Return the user that the one with this pk or external_id was merged into, or None. 1 query."""
    former = FormerUser.objects.filter(**lookup).select_related("user").first()
    return None if former is None else former.user


def former_users(keys: Iterable[int | str]) -> dict[int | str, int]:
    """Return the ids that the numbers and external ids of merged users lead to. 1 query."""
    keys = list(keys)
    numbers = [key for key in keys if isinstance(key, int)]
    names = [key for key in keys if isinstance(key, str)]
    rows = FormerUser.objects.filter(Q(pk__in=numbers) | Q(external_id__in=names))
    found: dict[int | str, int] = {}
    for number, name, user_id in rows.values_list("pk", "external_id", "user_id"):
        found[number] = user_id
        if name is not None:
            found[name] = user_id
    return {key: found[key] for key in keys if key in found}
