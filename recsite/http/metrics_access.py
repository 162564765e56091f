"""Who may see metrics, of a web server or of a worker."""

import hmac
import ipaddress
from collections.abc import Mapping
from typing import Any

from django.conf import settings

# Any of them says that somebody asks through a proxy, which may well be on this machine.
PROXIED = (
    *("HTTP_FORWARDED", "HTTP_VIA", "HTTP_X_REAL_IP"),
    *("HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_HOST", "HTTP_X_FORWARDED_PROTO"),
)


def may_see(asked: Mapping[str, Any]) -> bool:
    """Return whether the token came along; where none is set, whether this machine asks, and by no proxy.

    asked: as WSGI has it, such as HTTP_AUTHORIZATION and REMOTE_ADDR
    """
    if token := settings.METRICS_TOKEN:
        sent = asked.get("HTTP_AUTHORIZATION", "")
        return hmac.compare_digest(sent.encode(), f"Bearer {token}".encode())
    if any(header in asked for header in PROXIED):
        return False
    try:
        return ipaddress.ip_address(asked.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False
