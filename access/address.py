"""The client address of a request, behind trusted proxies."""

from functools import lru_cache
from ipaddress import IPv6Address, ip_address

from django.conf import settings
from django.http import HttpRequest


def client_address(request: HttpRequest) -> str | None:
    """Return the address of the connection, or the one that the trusted proxies added; None if it is invalid.

    Each of the TRUSTED_PROXIES proxies appends its peer's address to X-Forwarded-For. Earlier entries come
    from the client and cannot be trusted.
    """
    n = settings.TRUSTED_PROXIES
    if n:
        forwarded = [part.strip() for part in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")]
        if len(forwarded) >= n and _is_address(forwarded[-n]):
            return forwarded[-n]
    address = request.META.get("REMOTE_ADDR") or ""
    return address if _is_address(address) else None


@lru_cache(maxsize=10_000)
def client_network(address: str) -> str:
    """Return the network of one client: an IPv4 address itself, the /64 of an IPv6 address.

    A client with one IPv6 address usually has the whole /64.
    """
    parsed = ip_address(address)
    if not isinstance(parsed, IPv6Address):
        return address
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return f"{IPv6Address(int(parsed) >> 64 << 64)}/64"


def lockout_address(request: HttpRequest) -> str | None:
    """Return the address that failed logins are stored with: the first one of the client's network."""
    address = client_address(request)
    return None if address is None else client_network(address).removesuffix("/64")


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
