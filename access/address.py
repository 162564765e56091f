"""Where a request comes from, as far as it can be believed."""

from functools import lru_cache
from ipaddress import IPv6Address, ip_address

from django.conf import settings
from django.http import HttpRequest


def client_address(request: HttpRequest) -> str | None:
    """Return the caller's address: the connection's, or what the trusted proxies in front have noted.

    Each of TRUSTED_PROXIES adds whom it heard to the end of X-Forwarded-For; what stands before that, anybody
    may have written.
    """
    n = settings.TRUSTED_PROXIES
    if n:
        heard = [part.strip() for part in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")]
        if len(heard) >= n and _is_address(heard[-n]):
            return heard[-n]
    address = request.META.get("REMOTE_ADDR") or ""
    return address if _is_address(address) else None


@lru_cache(maxsize=10_000)
def whose(address: str) -> str:
    """Return for whom an address stands: itself; of IPv6 the first half, as whoever has one has all below."""
    found = ip_address(address)
    if not isinstance(found, IPv6Address):
        return address
    if found.ipv4_mapped:
        return str(found.ipv4_mapped)
    return f"{IPv6Address(int(found) >> 64 << 64)}/64"


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
