"""Liveness and readiness of the process, for load balancers and orchestrators."""

import secrets
from collections.abc import Mapping
from functools import cache

from django.core.cache import cache as shared
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from catalog.models import User
from core.api.responses import to_json
from recommendations import wiring
from recsite.broker import broker_url, connected
from recsite.database_writes import writes
from recsite.http.metrics_access import may_read_metrics
from recsite.http.probes import OK, Probe, Probes

DEADLINE_SECONDS = 0.8  # the response is promised within a second


class Unhealthy(Exception):
    """A failed check. The message says why."""


@csrf_exempt
def live(request: HttpRequest) -> HttpResponse:
    """Return 200. Nothing is checked, so that no other failure restarts the process."""
    return _json({"status": "ok"})


@csrf_exempt
def ready(request: HttpRequest) -> HttpResponse:
    """Return 200 if the database is available, else 503. Other failed checks set the status to degraded.

    Only callers that may read the metrics learn which checks failed.
    """
    outcomes = probes()()
    usable = outcomes["database"] == OK
    healthy = all(outcome == OK for outcome in outcomes.values())
    status = "ok" if healthy else "degraded" if usable else "unusable"
    details = {"checks": outcomes} if may_read_metrics(request.META) else {}
    return _json({"status": status, **details}, status=200 if usable else 503)


@cache
def probes() -> Probes:
    """Return the probes of everything that responses depend on and that is configured."""
    probes: dict[str, Probe] = {
        "database": check_database,
        "writes": writes.check,
        "cache": check_cache,
        "model": check_model,
    }
    if wiring.language_model() is not None:
        probes["language_model"] = check_language_model
    if broker_url():
        probes["broker"] = check_broker
    return Probes(probes, seconds=DEADLINE_SECONDS)


def check_database() -> None:
    """Read a table. Raises DatabaseError."""
    User.objects.order_by().values_list("pk").first()


def check_cache() -> None:
    """Raise Unhealthy unless the cache returns a value that was just set."""
    value = secrets.token_hex(8)
    shared.set("health", value, 10)
    if shared.get("health") is None:  # another process may have set another value
        raise Unhealthy("it does not return a value that was just set")


def check_model() -> None:
    """Raise Unhealthy if the default strategy needs a model that cannot be loaded."""
    default = wiring.model_ref()
    if wiring.lacks_model(default):
        raise Unhealthy(f"{default.strategy} has no usable model; the fallback answers")


def check_language_model() -> None:
    """Raise Unhealthy while the language model is left alone. No request is sent to it."""
    model = wiring.language_model()
    if model is not None and model.breaker.is_open:
        raise Unhealthy("it has failed several times in a row; the template explains")


def check_broker() -> None:
    """Connect to the broker. Raises kombu's errors."""
    with connected():
        pass


def _json(document: Mapping[str, object], *, status: int = 200) -> HttpResponse:
    headers = {"Cache-Control": "no-store"}
    return HttpResponse(to_json(document), status=status, content_type="application/json", headers=headers)
