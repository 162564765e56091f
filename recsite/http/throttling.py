"""Who asks too often is told when to come back; everybody is told how often they may still ask."""

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
from recsite.cache.fixed_window import FixedWindowCounter
from recsite.cache.redis import TolerantRedisCache
from recsite.cache.shared_window import LocalWindowCounter, SharedWindowCounter
from recsite.config.throttle_rates import Asker, Rate

logger = logging.getLogger(__name__)


class TooManyRequests(Throttled):
    """wait: seconds until the next window"""

    extra_detail_singular = "Come back in {wait} second."
    extra_detail_plural = "Come back in {wait} seconds."

    def __init__(self, rate: Rate, pace: str, asker: Asker, wait: float) -> None:
        super().__init__(wait, f"One may ask {rate} at most here ({pace}, by {asker}).")


class Throttle(BaseThrottle):
    """In the place of REST framework's own throttles, which read, add and write in three steps."""

    def allow_request(self, request: Request, view: Any) -> bool:
        """Return True. Raises TooManyRequests."""
        count(request, view)
        return True


def count(request: Request, view: Any) -> None:
    """Count the request; the response says how many are left. Raises TooManyRequests. No query."""
    view.is_counted = True
    pace = throttle_scope_for(view.throttle_scopes, request.method)
    limits: Mapping[Asker, Rate] = settings.THROTTLE_RATES[pace]
    if not limits:
        return
    asker, who = _who(request)
    rate = limits.get(asker)
    if rate is None:
        return
    n, seconds_left = windows().count(f"throttle:{pace}:{who}", rate.seconds)
    wait = max(1, ceil(seconds_left))
    headers = view.headers  # of every answer to this request, whatever becomes of it
    headers["RateLimit-Limit"] = str(rate.n)
    headers["RateLimit-Remaining"] = str(max(0, rate.n - n))
    headers["RateLimit-Reset"] = str(wait)
    if n > rate.n:
        metrics.recorder.throttled(pace, asker)
        if n == rate.n + 1:  # the others of this window need no line
            logger.info("%s asks too often: %s at most (%s)", who, rate, pace)
        raise TooManyRequests(rate, pace, asker, wait)


def counted_too(error: Exception, request: Request, view: Any) -> Exception:
    """Return the error, or TooManyRequests in its place: requests refused before the count are counted, too.

    Not while the database is away: nobody knows then whose it is, and a key would be counted by its address.
    """
    if view is None or hasattr(view, "is_counted") or isinstance(error, OperationalError):
        return error
    try:
        count(request, view)
    except TooManyRequests as refusal:
        return refusal
    return error


def _who(request: Request) -> tuple[Asker, str]:
    """Return as what whoever asks is counted, and as whom.

    Whose session it is counts where somebody has found out already: it would take queries.
    """
    known = request.__dict__
    shown = known.get("_auth")
    if shown is not None:
        return (Asker.KEY if isinstance(shown, KeyPrincipal) else Asker.USER), shown.identity
    user = known.get("_user")
    if user is not None and user.is_authenticated:
        return Asker.USER, account_identity(user.pk)
    address = client_address(request._request)
    return Asker.ADDRESS, f"address:{client_network(address) if address else 'none'}"


@cache
def windows() -> FixedWindowCounter | SharedWindowCounter:
    """Return what counts: all processes together where there is a Redis."""
    if isinstance(caches["default"], TolerantRedisCache):
        return SharedWindowCounter(lambda: cast(TolerantRedisCache, caches["default"]), FixedWindowCounter())
    return LocalWindowCounter()


def forget() -> None:
    """This process has counted nothing."""
    windows.cache_clear()
