"""What a call needs: a key's scope, permissions of staff, or to be the shopper that it is about.

A view has `needs`: HTTP method → Need. What is not in it, nobody may do. docs/security.md shows them all.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from access.scopes import Scope


@dataclass(frozen=True, slots=True)
class Policy:
    """scope: of a key, None for any key; permissions: of staff, none for whoever is staff.

    staff:    whether staff may do it at all
    keys:     whether keys may
    shoppers: whether every shopper's token may do it
    own:      the path's parameter that must name the token's own shopper
    is_open:  whether everybody may while API_OPEN_READS says so
    """

    scope: Scope | None
    permissions: tuple[str, ...] = ()
    staff: bool = True
    keys: bool = True
    shoppers: bool = False
    own: str | None = None
    is_open: bool = False

    def told(self) -> str:
        """Return in words who may."""
        keys = "" if not self.keys else f"a key with the scope `{self.scope}`" if self.scope else "any key"
        named = " and ".join(f"`{name}`" for name in self.permissions)
        staff = f"staff with the permission {named}" if named else "staff"
        shoppers = "a shopper's token" if self.shoppers else "the shopper's own token" if self.own else ""
        return " or ".join(filter(None, [keys, staff if self.staff else "", shoppers]))


Policies = Mapping[str, Policy]


def reads(scope: Scope | None, *, shoppers: bool = False, own: str | None = None) -> Policies:
    """Return what reading needs."""
    return {"GET": Policy(scope, shoppers=shoppers, own=own, is_open=True)}


def writes(scope: Scope, model: str, *, deleting: tuple[str, ...] = ()) -> Policies:
    """Return what adding, changing and deleting rows needs. model: as in "catalog.product".

    deleting: permissions that deleting takes besides
    """
    app, name = model.split(".")
    add, change, delete = (Policy(scope, (f"{app}.{verb}_{name}",)) for verb in ("add", "change", "delete"))
    return {
        "POST": add,
        "PUT": change,
        "PATCH": change,
        "DELETE": Policy(scope, (*delete.permissions, *deleting)),
    }


def policy_for(needs: Policies, method: str | None) -> Policy | None:
    """Return what the method needs; to look (HEAD, OPTIONS) needs what reading or asking needs."""
    if method in ("HEAD", "OPTIONS"):
        return needs.get("GET") or needs.get("POST")
    return needs.get(method or "")
