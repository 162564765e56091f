"""Authorization of every API request, from the policies that each view declares in `policies`."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.conf import settings
from rest_framework.exceptions import MethodNotAllowed, PermissionDenied
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from access.policies import Policies, Policy
from access.principals import KeyPrincipal, ShopperPrincipal, StaffPrincipal, account_identity
from access.scopes import Scope
from access.services.tokens import current_account

if TYPE_CHECKING:  # REST framework reads this file while it loads its views
    from rest_framework.views import APIView

ONLY_STAFF = "Only staff may do this."
NOT_CURRENT = "The account of this token is disabled or no longer staff, or has a new password. Log in again."
ONLY_OWN = "A shopper's token can only read that shopper's own data and the catalogue."


def is_staff(request: Request) -> bool:
    """Return whether the caller is an active member of staff. No query beyond the session's."""
    return bool(request.user.is_active and _has_staff_role(request.user))


def caller(request: Request) -> str:
    """Return a string that identifies the caller, the same in every request of theirs."""
    principal: Any = request.auth
    identity: str = account_identity(request.user.pk) if principal is None else principal.identity
    return identity


def is_for_another(request: Request, user_id: int | None) -> bool:
    """Return whether a shopper's token was sent and `user_id` is another shopper. None is no shopper."""
    return (
        user_id is not None and isinstance(request.auth, ShopperPrincipal) and request.auth.user_id != user_id
    )


def _has_staff_role(account: Any) -> bool:
    return bool(account.is_staff or account.is_superuser)


def sees_inactive_products(request: Request) -> bool:
    """Return whether the caller sees inactive products: staff, and keys that may write the catalogue."""
    return is_staff(request) or (
        isinstance(request.auth, KeyPrincipal) and request.auth.has(Scope.CATALOG_WRITE)
    )


class Allowed(BasePermission):
    """Permission class that applies the view's policy for the method; a method without a policy is 405."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        policy = policy_for(view.policies, request.method)  # type: ignore[attr-defined]
        if policy is None:
            raise MethodNotAllowed(request.method or "")
        reason = denial_reason(request, view, policy)
        if reason:
            self.message = reason
        return reason is None


def policy_for(policies: Policies, method: str | None) -> Policy | None:
    """Return the method's policy, None if it has none. HEAD and OPTIONS use that of GET, POST or PUT."""
    if method in ("HEAD", "OPTIONS"):
        return policies.get("GET") or policies.get("POST") or policies.get("PUT")
    return policies.get(method or "")


def require(request: Request, view: "APIView", policy: Policy) -> None:
    """Raise PermissionDenied, with the reason, unless the policy allows the caller."""
    if reason := denial_reason(request, view, policy):
        raise PermissionDenied(reason)


def denial_reason(request: Request, view: "APIView", policy: Policy) -> str | None:
    """Return why the policy does not allow the caller, None if it does."""
    if policy.is_open and settings.API_OPEN_READS and _is_without_credential(request):
        return None
    principal: object = request.auth
    if principal is None:  # a session, or an anonymous caller
        return _staff_denial(policy, is_staff=is_staff(request), has_perms=request.user.has_perms)
    if isinstance(principal, KeyPrincipal):
        if not policy.keys:
            return ONLY_STAFF
        return None if principal.has(policy.scope) else f"This needs a key with the scope {policy.scope}."
    if isinstance(principal, ShopperPrincipal):
        return None if policy.shoppers or _is_own(principal, view, policy) else ONLY_OWN
    if isinstance(principal, StaffPrincipal):
        return _token_denial(principal, request, policy)
    raise TypeError(f"No rule covers a {type(principal).__name__}.")


def _is_without_credential(request: Request) -> bool:
    """Return whether no key or token was sent. A session is not looked up, which would take queries."""
    return "HTTP_AUTHORIZATION" not in request._request.META or request.auth is None


def _staff_denial(
    policy: Policy, *, is_staff: bool, has_perms: Callable[[tuple[str, ...]], bool]
) -> str | None:
    if not is_staff:
        return ONLY_STAFF
    if not policy.staff:
        return f"This needs a key with the scope {policy.scope}."
    if policy.permissions and not has_perms(policy.permissions):
        return f"This needs the permission {' and '.join(policy.permissions)}."
    return None


def _token_denial(principal: StaffPrincipal, request: Request, policy: Policy) -> str | None:
    """Return why a staff token is not enough. Except for reads, the token only says whose account it is.

    No query for a read. Otherwise 1 for the account, and those of its permissions.
    """
    if request.method in SAFE_METHODS and not policy.permissions:
        return _staff_denial(policy, is_staff=True, has_perms=lambda names: False)
    account = current_account(principal)
    if account is None:
        return NOT_CURRENT
    return _staff_denial(policy, is_staff=True, has_perms=account.has_perms)


def _is_own(principal: ShopperPrincipal, view: "APIView", policy: Policy) -> bool:
    """Return whether the path names the token's own shopper; if so, replace the reference by their number.

    No query, so the answer does not reveal whether another id exists. The external id may belong to another
    shopper since the token was issued; the number cannot.
    """
    if policy.own is None or not principal.is_called(view.kwargs.get(policy.own)):
        return False
    view.kwargs[policy.own] = str(principal.user_id)
    return True
