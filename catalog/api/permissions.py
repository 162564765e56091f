"""Who may ask for what; when tokens come, what a token may do is decided here and nowhere else."""

from typing import TYPE_CHECKING

from django.conf import settings
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

if TYPE_CHECKING:  # REST framework reads this file while it loads its views
    from rest_framework.views import APIView


def is_staff(request: Request) -> bool:
    """Return whether an active member of staff asks. Makes no query beyond the session's own."""
    return bool(request.user.is_active and request.user.is_staff)


def caller(request: Request) -> str:
    """Return what tells whoever asks from all others, for as long as they are known here."""
    return f"user:{request.user.pk}"


class Staff(BasePermission):
    """Staff alone, to read as well."""

    message = "Only staff may do this."

    def has_permission(self, request: Request, view: "APIView") -> bool:
        return is_staff(request)


class StaffOrOpenRead(BasePermission):
    """Staff may do anything; everybody may read while API_OPEN_READS says so."""

    message = "Only staff may do this."

    def has_permission(self, request: Request, view: "APIView") -> bool:
        return (settings.API_OPEN_READS and request.method in SAFE_METHODS) or is_staff(request)


class StaffOrOpenAsk(StaffOrOpenRead):
    """The same for what reads by POST, because its question would be too long for an address."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        return (settings.API_OPEN_READS and request.method == "POST") or super().has_permission(request, view)
