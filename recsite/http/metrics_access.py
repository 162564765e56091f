"""Access to the metrics of web servers and workers."""

import hmac
import ipaddress
from collections.abc import Mapping
from typing import Any

from django.conf import settings

# Any of these headers shows that a proxy, perhaps on this machine, forwarded the request.
PROXY_HEADERS = (
    *("HTTP_FORWARDED", "HTTP_VIA", "HTTP_X_REAL_IP"),
    *("HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_HOST", "HTTP_X_FORWARDED_PROTO"),
)


def may_read_metrics(environ: Mapping[str, Any]) -> bool:
    """Return whether the request has METRICS_TOKEN or, if that is not set, comes directly from this machine.

    environ: the WSGI environment, with HTTP_AUTHORIZATION and REMOTE_ADDR
    """
    if token := settings.METRICS_TOKEN:
        sent = environ.get("HTTP_AUTHORIZATION", "")
        return hmac.compare_digest(sent.encode(), f"Bearer {token}".encode())
    if any(header in environ for header in PROXY_HEADERS):
        return False
    try:
        return ipaddress.ip_address(environ.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False
