"""Rate limiting by sliding windows. Responses have RateLimit headers, and Retry-After if refused."""

import logging
from collections.abc import Mapping
from functools import cache
from math import ceil
from typing import Any, cast

from django.conf import settings
from django.core.cache import caches
from django.db import OperationalError
from rest_framework.exceptions import Throttled
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from access.address import client_address, client_network
from access.principals import KeyPrincipal, account_identity
from access.throttle_scopes import throttle_scope_for
from observe import metrics
from recsite.cache.redis import TolerantRedisCache
from recsite.cache.shared_window import LocalWindowCounter, SharedWindowCounter
from recsite.cache.sliding_window import SlidingWindowCounter
from recsite.config.throttle_rates import Asker, Rate

logger = logging.getLogger(__name__)


class TooManyRequests(Throttled):
    """A request over its rate limit. wait: seconds until one would be within it"""

    extra_detail_singular = "Try again in {wait} second."
    extra_detail_plural = "Try again in {wait} seconds."

    def __init__(self, rate: Rate, scope: str, asker: Asker, wait: float) -> None:
        super().__init__(wait, f"The rate limit is {rate} ({scope}, by {asker}).")


class Throttle(BaseThrottle):
    """A throttle that counts atomically. REST framework's own read, add and write in three steps."""

    def allow_request(self, request: Request, view: Any) -> bool:
        """Return True. Raises TooManyRequests."""
        count(request, view)
        return True


def count(request: Request, view: Any) -> None:
    """Count the request, and set the RateLimit headers of its response. Raises TooManyRequests. No query."""
    view.is_counted = True
    scope = throttle_scope_for(view.throttle_scopes, request.method)
    limits: Mapping[Asker, Rate] = settings.THROTTLE_RATES[scope]
    if not limits:
        return
    asker, identity = _identify(request)
    rate = limits.get(asker)
    if rate is None:
        return
    key = f"throttle:{scope}:{identity}"
    is_allowed, n, seconds_left = counter().count(key, rate.n, rate.seconds)
    wait = max(1, ceil(seconds_left))
    headers = view.headers  # of every response to this request, errors included
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
    address = client_address(request._request)
    return Asker.ADDRESS, f"address:{client_network(address) if address else 'none'}"


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
