"""The response after too many wrong passwords. It is the same whether the account exists or not."""

import math
from collections.abc import Mapping
from typing import Any

from axes.models import AccessAttempt
from django.conf import settings
from django.db.models import Max
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone

from access.services.failed_logins import stored_username
from recsite.http.problems import problem

PAGE_TEXT = (
    "Too many wrong passwords for this username from this address. Try again in {minutes} minute{plural}."
)
DETAIL = "Too many wrong passwords for this username from this address. Try again in {seconds} seconds."


def locked_out(
    request: HttpRequest, response: HttpResponse | None, credentials: Mapping[str, Any] | None
) -> HttpResponse:
    """Return 429 with Retry-After: a page in the admin, else a problem document."""
    seconds = _seconds_left(request, credentials or {})
    headers = {"Retry-After": str(seconds), "Cache-Control": "no-store"}
    if not request.path_info.startswith("/admin"):
        return problem(429, DETAIL.format(seconds=seconds), headers=headers)
    minutes = math.ceil(seconds / 60)
    context = {
        "title": "Too many failed logins",
        "message": PAGE_TEXT.format(minutes=minutes, plural="" if minutes == 1 else "s"),
    }
    page = TemplateResponse(request, "registration/too_many.html", context, status=429, headers=headers)
    return page.render()


def _seconds_left(request: Any, credentials: Mapping[str, Any]) -> int:
    """Return the seconds until the lock ends. It starts with the last wrong password that was checked."""
    last = AccessAttempt.objects.filter(
        username=stored_username(request, credentials), ip_address=request.axes_ip_address
    ).aggregate(last=Max("attempt_time"))["last"]
    cooloff = settings.AXES_COOLOFF_TIME
    left = cooloff if last is None else last + cooloff - timezone.now()
    return max(1, math.ceil(left.total_seconds()))
