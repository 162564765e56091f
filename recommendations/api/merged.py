"""Requests about a user that was merged into another one."""

from rest_framework.request import Request

from access.permissions import is_for_another
from catalog import merged_users
from core.api.query import lookup


def current_user(request: Request, user_id: str) -> int | None:
    """Return the id of the user that this one was merged into, or None. 1 query.

    A guest's token does not lead to the account.
    """
    found = merged_users.former_user(lookup(user_id))
    return None if found is None or is_for_another(request, found.pk) else found.pk
