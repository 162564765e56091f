"""Whom it is about: a user of the shop, or an account that logs in."""

from typing import TypeAlias

from access.models import Account
from catalog.models import User
from core.references import lookup
from privacy.errors import UnknownUser

Person: TypeAlias = User | Account
PERSONS: tuple[type[Person], ...] = (User, Account)
ACCOUNT = "account:"


def find(reference: str) -> Person:
    """Return the user that "12" or "ext:abc" names, or the account that "account:ada" names. 1 query.

    Raises BadReference or UnknownUser.
    """
    found: Person | None
    if reference.startswith(ACCOUNT):
        found = Account.objects.filter(username=reference.removeprefix(ACCOUNT)).first()
    else:
        found = User.objects.filter(**lookup(reference)).first()
    if found is None:
        raise UnknownUser(reference)
    return found
