"""Policies: which keys, staff and shoppers may make a request.

A view's `policies` map HTTP methods to policies; any other method is refused. docs/security.md lists them.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from access.scopes import Scope


@dataclass(frozen=True, slots=True)
class Policy:
    """The callers that may make a request.

    scope:       the scope that a key needs, None for any key
    permissions: the permissions that staff need
    staff:       whether staff are allowed
    keys:        whether keys are allowed
    shoppers:    whether every shopper's token is allowed
    own:         the path parameter that must name the token's own shopper
    is_open:     whether API_OPEN_READS allows callers without credentials
    """

    scope: Scope | None
    permissions: tuple[str, ...] = ()
    staff: bool = True
    keys: bool = True
    shoppers: bool = False
    own: str | None = None
    is_open: bool = False

    def describe(self) -> str:
        """Return the allowed callers as text."""
        keys = "" if not self.keys else f"a key with the scope `{self.scope}`" if self.scope else "any key"
        permissions = " and ".join(f"`{name}`" for name in self.permissions)
        staff = f"staff with the permission {permissions}" if permissions else "staff"
        shoppers = "a shopper's token" if self.shoppers else "the shopper's own token" if self.own else ""
        return " or ".join(filter(None, [keys, staff if self.staff else "", shoppers]))


Policies = Mapping[str, Policy]


def reads(scope: Scope | None, *, shoppers: bool = False, own: str | None = None) -> Policies:
    """Return the policy of reading."""
    return {"GET": Policy(scope, shoppers=shoppers, own=own, is_open=True)}


def writes(scope: Scope, model: str, *, deleting: tuple[str, ...] = ()) -> Policies:
    """Return the policies of adding, changing and deleting rows.

    model:    such as "catalog.product"
    deleting: permissions that deleting needs in addition
    """
    app, name = model.split(".")
    add, change, delete = (Policy(scope, (f"{app}.{verb}_{name}",)) for verb in ("add", "change", "delete"))
    return {
        "POST": add,
        "PUT": change,
        "PATCH": change,
        "DELETE": Policy(scope, (*delete.permissions, *deleting)),
    }
