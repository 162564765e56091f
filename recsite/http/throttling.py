"""Rate limiting by sliding windows. Responses have RateLimit headers, and Retry-After if refused."""

import logging
from collections.abc import MutableMapping
from functools import cache
from math import ceil
from typing import Any, cast

from django.conf import settings
from django.core.cache import caches
from django.db import OperationalError
from django.http import HttpRequest
from rest_framework.exceptions import Throttled
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from access.address import client_address, client_network
from access.principals import KeyPrincipal, account_identity
from access.throttle_scopes import ThrottleScope
from observe import metrics
from recsite.cache.redis import TolerantRedisCache
from recsite.cache.shared_window import LocalWindowCounter, SharedWindowCounter
from recsite.cache.sliding_window import SlidingWindowCounter
from recsite.config.throttle_rates import Asker, Rate

LOGIN_HEADERS = "recsite.login_headers"
logger = logging.getLogger(__name__)


class TooManyRequests(Throttled):
    """A request over its rate limit. wait: seconds until one would be within it"""

    wait: int

    extra_detail_singular = "Try again in {wait} second."
    extra_detail_plural = "Try again in {wait} seconds."

    def __init__(self, rate: Rate, scope: str, asker: Asker, wait: int) -> None:
        super().__init__(wait, f"The rate limit is {rate} ({scope}, by {asker}).")


class Throttle(BaseThrottle):
    """A throttle that counts atomically. REST framework's own read, add and write in three steps."""

    def allow_request(self, request: Request, view: Any) -> bool:
        """Return True. Raises TooManyRequests."""
        count(request, view)
        return True


def count(request: Request, view: Any) -> None:
    """Count the request, and set the RateLimit headers of its response. Raises TooManyRequests. No query.

    view.headers are those of every response to this request, errors included.
    """
    view.is_counted = True
    scopes = view.throttle_scopes
    # A method that is not listed, such as HEAD, has the first scope.
    scope = scopes.get(request.method) or next(iter(scopes.values()))
    if scope is ThrottleScope.LOGIN:
        count_login(request._request)  # whose middleware sets the headers
    elif settings.THROTTLE_RATES[scope]:
        asker, identity = _identify(request)
        _count(scope, asker, identity, view.headers)


def count_login(request: HttpRequest, account_id: int | None = None) -> None:
    """Count a request that sends a password, before it is hashed. A second call does nothing.

    It counts for the account, if one is known, else for its address and for all addresses together.
    account_id: who sends it, None if unknown
    Sets META[LOGIN_HEADERS], the RateLimit headers of the response. Raises TooManyRequests. No query.
    """
    if LOGIN_HEADERS in request.META:
        return
    headers: dict[str, str] = {}
    request.META[LOGIN_HEADERS] = headers
    if account_id is not None:
        _count(ThrottleScope.LOGIN, Asker.USER, account_identity(account_id), headers)
    else:
        _count(ThrottleScope.LOGIN, Asker.ADDRESS, _address(request), headers)
        _count(ThrottleScope.LOGIN, Asker.TOTAL, "total", headers)


def _count(scope: ThrottleScope, asker: Asker, identity: str, headers: MutableMapping[str, str]) -> None:
    rate = settings.THROTTLE_RATES[scope].get(asker)
    if rate is None:
        return
    key = f"throttle:{scope}:{identity}"
    is_allowed, n, seconds_left = counter().count(key, rate.n, rate.seconds)
    wait = max(1, ceil(seconds_left))
    if not is_allowed or asker is not Asker.TOTAL:  # a caller is told of the total only when it refuses
        headers["RateLimit-Limit"] = str(rate.n)
        headers["RateLimit-Remaining"] = str(max(0, rate.n - n))
        headers["RateLimit-Reset"] = str(wait)
    if not is_allowed:
        metrics.recorder.throttled(scope, asker)
        if _log_lines().count(key, 1, rate.seconds).is_allowed:
            logger.info("%s exceeded the rate limit of %s (%s)", identity, rate, scope)
        raise TooManyRequests(rate, scope, asker, wait)


def count_failed(error: Exception, request: Request, view: Any) -> Exception:
    """Count a request that failed before it was counted. Return the error, or TooManyRequests instead.

    Nothing is counted while the database is unavailable: a key could not be identified, and its requests
    would count for its address.
    """
    if view is None or hasattr(view, "is_counted") or isinstance(error, OperationalError):
        return error
    try:
        count(request, view)
    except TooManyRequests as refusal:
        return refusal
    return error


def _identify(request: Request) -> tuple[Asker, str]:
    """Return the kind and the identity of the caller for counting.

    A session counts only if it was already loaded, since loading it takes queries.
    """
    loaded = request.__dict__
    principal = loaded.get("_auth")
    if principal is not None:
        return (Asker.KEY if isinstance(principal, KeyPrincipal) else Asker.USER), principal.identity
    user = loaded.get("_user")
    if user is not None and user.is_authenticated:
        return Asker.USER, account_identity(user.pk)
    return Asker.ADDRESS, _address(request._request)


def _address(request: HttpRequest) -> str:
    address = client_address(request)
    return f"address:{client_network(address) if address else 'none'}"


@cache
def counter() -> SlidingWindowCounter | SharedWindowCounter:
    """Return the counter: shared by all processes if there is a Redis."""
    if isinstance(caches["default"], TolerantRedisCache):
        return SharedWindowCounter(
            lambda: cast(TolerantRedisCache, caches["default"]), SlidingWindowCounter()
        )
    return LocalWindowCounter()


@cache
def _log_lines() -> SlidingWindowCounter:
    """Return the counter that allows one log line for each caller and window, in this process."""
    return SlidingWindowCounter()


def forget() -> None:
    """Reset the counts of this process."""
    counter.cache_clear()
    _log_lines.cache_clear()
