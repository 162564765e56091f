"""Who asks, where it is not a session: a shop's server with a key, staff or a shopper with a token.

Each stands in the place of Django's user: `request.user` and `request.auth` are both this value.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from access.scopes import Scope


class _Principal:
    __slots__ = ()

    is_authenticated: ClassVar = True
    is_anonymous: ClassVar = False
    is_active: ClassVar = True
    is_staff: bool = False
    is_superuser: bool = False


def account_identity(account_id: int | None) -> str:
    """Return what tells an account from all other callers, with a token as with a session."""
    return f"account:{account_id}"


@dataclass(frozen=True, slots=True)
class KeyPrincipal(_Principal):
    """A server with an API key."""

    key_id: int
    prefix: str
    scopes: frozenset[str]
    expires_at: datetime | None

    @property
    def identity(self) -> str:
        """Return what tells this caller from all others."""
        return f"key:{self.prefix}"

    def has(self, scope: Scope | None) -> bool:
        """Return whether the key has the scope. None: any key will do."""
        return scope is None or scope.value in self.scopes


@dataclass(frozen=True, slots=True)
class StaffPrincipal(_Principal):
    """A member of staff with a token, as they were when it was given: at most its short life ago."""

    account_id: int
    is_staff: bool
    is_superuser: bool

    @property
    def identity(self) -> str:
        return account_identity(self.account_id)


@dataclass(frozen=True, slots=True)
class ShopperPrincipal(_Principal):
    """A shopper with a token."""

    user_id: int
    external_id: str | None

    @property
    def identity(self) -> str:
        return f"user:{self.user_id}"

    def is_called(self, id: str | None) -> bool:
        """Return whether an id in a path, a number or ext:<key>, is this shopper's. Makes no query."""
        return id == str(self.user_id) or (self.external_id is not None and id == f"ext:{self.external_id}")
