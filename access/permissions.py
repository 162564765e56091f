"""Who may ask for what: decided here and nowhere else. What each call needs stands in its view's `needs`."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth import get_user_model
from rest_framework.exceptions import MethodNotAllowed, PermissionDenied
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from access.policies import Policy, policy_for
from access.principals import KeyPrincipal, ShopperPrincipal, StaffPrincipal, account_identity
from access.scopes import Scope

if TYPE_CHECKING:  # REST framework reads this file while it loads its views
    from rest_framework.views import APIView

ONLY_STAFF = "Only staff may do this."
ONLY_OWN = "A shopper's token reads what concerns that shopper, and the catalogue; nothing else."


def is_staff(request: Request) -> bool:
    """Return whether an active member of staff asks. Makes no query beyond the session's own."""
    return bool(request.user.is_active and _works_here(request.user))


def caller(request: Request) -> str:
    """Return what tells whoever asks from all others, for as long as they are known here."""
    shown: Any = request.auth
    identity: str = account_identity(request.user.pk) if shown is None else shown.identity
    return identity


def is_for_another(request: Request, user_id: int | None) -> bool:
    """Return whether a shopper's token asks for what is for another one. None: for nobody in particular."""
    return (
        user_id is not None and isinstance(request.auth, ShopperPrincipal) and request.auth.user_id != user_id
    )


def _works_here(account: Any) -> bool:
    return bool(account.is_staff or account.is_superuser)


def knows_inactive(request: Request) -> bool:
    """Return whether inactive products exist for whoever asks: staff, and keys that write the catalogue."""
    return is_staff(request) or (
        isinstance(request.auth, KeyPrincipal) and request.auth.has(Scope.CATALOG_WRITE)
    )


class Allowed(BasePermission):
    """Lets in whom the view's need for the method lets in; a method without a need is for nobody."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        need = policy_for(view.policies, request.method)  # type: ignore[attr-defined]
        if need is None:
            raise MethodNotAllowed(request.method or "")
        lacking = lacks(request, view, need)
        if lacking:
            self.message = lacking
        return lacking is None


def require(request: Request, view: "APIView", need: Policy) -> None:
    """Raise PermissionDenied, naming what lacks, unless whoever asks may do this as well."""
    if lacking := lacks(request, view, need):
        raise PermissionDenied(lacking)


def lacks(request: Request, view: "APIView", need: Policy) -> str | None:
    """Return in words what whoever asks lacks, None for nothing."""
    if need.is_open and settings.API_OPEN_READS and _shows_nothing(request):
        return None
    asker: object = request.auth
    if asker is None:  # a session, or nobody
        return _staff_lacks(need, is_staff=is_staff(request), has_perms=request.user.has_perms)
    if isinstance(asker, KeyPrincipal):
        if not need.keys:
            return ONLY_STAFF
        return None if asker.has(need.scope) else f"This needs a key with the scope {need.scope}."
    if isinstance(asker, ShopperPrincipal):
        return None if need.shoppers or _is_own(asker, view, need) else ONLY_OWN
    if isinstance(asker, StaffPrincipal):
        return _staff_lacks(need, is_staff=True, has_perms=lambda names: _account_has_perms(asker, names))
    raise TypeError(f"Nobody has said what a {type(asker).__name__} may do.")


def _shows_nothing(request: Request) -> bool:
    """Return whether no key or token came along. Whose session it is takes time to find out, and is not."""
    return "HTTP_AUTHORIZATION" not in request._request.META or request.auth is None


def _staff_lacks(need: Policy, *, is_staff: bool, has_perms: Callable[[tuple[str, ...]], bool]) -> str | None:
    if not is_staff:
        return ONLY_STAFF
    if not need.staff:
        return f"This needs a key with the scope {need.scope}."
    if need.permissions and not has_perms(need.permissions):
        return f"This needs the permission {' and '.join(need.permissions)}."
    return None


def _account_has_perms(caller: StaffPrincipal, names: tuple[str, ...]) -> bool:
    """Return whether the token's account may, as the database knows it now: a write is worth the queries."""
    account: Any = get_user_model()._default_manager.filter(pk=caller.account_id, is_active=True).first()
    return account is not None and _works_here(account) and account.has_perms(names)


def _is_own(caller: ShopperPrincipal, view: "APIView", need: Policy) -> bool:
    """Return whether the path names the token's own shopper; then it names them by number from here on.

    Nobody is looked up, so the answer is the same whether another id exists or not. An external id may have
    gone to another shopper since the token was given; the number has not.
    """
    if need.own is None or not caller.is_called(view.kwargs.get(need.own)):
        return False
    view.kwargs[need.own] = str(caller.user_id)
    return True
