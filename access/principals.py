"""The callers that authenticate without a session: servers with a key, staff and shoppers with a token.

A principal is both `request.user` and `request.auth`.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar

from access.scopes import Scope


class _Principal:
    __slots__ = ()

    is_authenticated: ClassVar = True
    is_anonymous: ClassVar = False
    is_active: ClassVar = True
    is_staff: ClassVar = False
    is_superuser: ClassVar = False


def account_identity(account_id: int | None) -> str:
    """Return the identity of an account, which is the same with a token and with a session."""
    return f"account:{account_id}"


@dataclass(frozen=True, slots=True)
class KeyPrincipal(_Principal):
    """A server with an API key. client: the prefix of its first key, the same after a rotation"""

    key_id: int
    prefix: str
    scopes: frozenset[str]
    expires_at: datetime | None
    client: str

    @property
    def identity(self) -> str:
        """A string that is unique among all callers."""
        return f"key:{self.client}"

    def has(self, scope: Scope | None) -> bool:
        """Return whether the key has the scope. None is true for every key."""
        return scope is None or scope.value in self.scopes


@dataclass(frozen=True, slots=True)
class StaffPrincipal(_Principal):
    """An account that was staff when its token was issued, which is enough to read.

    password_mark: the mark of the account's password then (`access.services.tokens.password_mark`)
    """

    is_staff: ClassVar = True

    account_id: int
    password_mark: str = field(repr=False)

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
        """Return whether an id in a path, a number or ext:<external id>, is this shopper's. No query."""
        return id == str(self.user_id) or (self.external_id is not None and id == f"ext:{self.external_id}")
