"""What is stored of failed logins (django-axes), and for how long."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.conf import settings
from django.http import HttpRequest

from access.models import Account

_LONGEST: int = Account._meta.get_field("username").max_length or 0


def stored_username(request: HttpRequest | None, credentials: Mapping[str, Any] | None) -> str | None:
    """Return the username of these credentials as it is stored and counted (AXES_USERNAME_CALLABLE).

    A text that is too long for a username, or not printable, is replaced by a hash: no account has it, and
    the database may be unable to store it.
    """
    username = (credentials or {}).get("username")
    if username is None:
        return None
    text = str(username)
    if len(text) <= _LONGEST and text.isprintable():
        return text
    digest = sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return f"(no username) {digest[:32]}"


def remove_failed_logins(now: datetime) -> int:
    """Delete the failed logins that no lockout counts any more, and return their number."""
    cooloff: timedelta = settings.AXES_COOLOFF_TIME
    rows = (model.objects.filter(attempt_time__lt=now - cooloff) for model in _MODELS)
    return sum(queryset.delete()[0] for queryset in rows)


_MODELS = (AccessAttempt, AccessFailureLog, AccessLog)
