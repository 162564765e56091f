"""The person to export or erase: a user of the shop, or an account that logs in."""

from typing import TypeAlias

from access.models import Account
from catalog.merged_users import find_user
from catalog.models import User
from core.references import lookup
from privacy.errors import UnknownUser

Person: TypeAlias = User | Account
PERSON_CLASSES: tuple[type[Person], ...] = (User, Account)
ACCOUNT_PREFIX = "account:"


def find(reference: str) -> Person:
    """Return the user of a reference such as "12" or "ext:abc", or the account "account:ada". 1 or 2 queries.

    The ids of a user that was merged lead to the other one.

    Raises BadReference or UnknownUser.
    """
    found: Person | None
    if reference.startswith(ACCOUNT_PREFIX):
        found = Account.objects.filter(username=reference.removeprefix(ACCOUNT_PREFIX)).first()
    else:
        found = find_user(lookup(reference))
    if found is None:
        raise UnknownUser(reference)
    return found
