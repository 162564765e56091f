"""Sessions, without looking up keys that no session has."""

import re

from django.conf import settings
from django.contrib.sessions.middleware import SessionMiddleware as PlainSessionMiddleware
from django.http import HttpRequest

# Django's keys have 32 of these characters. PostgreSQL cannot look up a NUL or a lone surrogate.
_KEY = re.compile("[a-z0-9]{8,40}")


class SessionMiddleware(PlainSessionMiddleware):
    """Django's middleware, which ignores a session cookie that cannot be a key."""

    def process_request(self, request: HttpRequest) -> None:
        key = request.COOKIES.get(settings.SESSION_COOKIE_NAME)
        if key is not None and not _KEY.fullmatch(key):
            del request.COOKIES[settings.SESSION_COOKIE_NAME]
        super().process_request(request)
