"""Whom it is about, and by what their traces are known."""

from dataclasses import dataclass
from typing import Self

from catalog.models import User
from core.references import lookup
from privacy.errors import UnknownUser


@dataclass(frozen=True, slots=True)
class Person:
    id: int
    username: str
    external_id: str | None
    name: str
    email: str

    @classmethod
    def of(cls, user: User) -> Self:
        return cls(user.pk, user.username, user.external_id, user.name, user.email)


def find(reference: str) -> User:
    """Return the user, shopper or staff, whom "12" or "ext:abc" names. 1 query.

    Raises BadReference or UnknownUser.
    """
    user = User.objects.filter(**lookup(reference)).first()
    if user is None:
        raise UnknownUser(reference)
    return user
