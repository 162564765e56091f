"""Whether the process lives, and whether it can answer: for whoever sends it requests or restarts it."""

import secrets
from collections.abc import Mapping
from functools import cache

from django.core.cache import cache as shared
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from catalog.models import User
from core.api.renderers import to_json
from recommendations import wiring
from recsite.broker import broker_url, connected
from recsite.http.probes import OK, Look, Probes

DEADLINE_SECONDS = 0.8  # of the second that a caller is promised


class NotWell(Exception):
    """What is the matter."""


@csrf_exempt
def live(request: HttpRequest) -> HttpResponse:
    """Return 200: the process answers. Nothing else is asked, so nothing else can restart it."""
    return _json({"status": "ok"})


@csrf_exempt
def ready(request: HttpRequest) -> HttpResponse:
    """Return 200 if the database can be used, else 503; what else is not well makes it degraded."""
    found = probes()()
    usable = found["database"] == OK
    well = all(what == OK for what in found.values())
    status = "ok" if well else "degraded" if usable else "unusable"
    return _json({"status": status, "checks": found}, status=200 if usable else 503)


@cache
def probes() -> Probes:
    """Return what looks at everything that answers depend on and that is configured."""
    looks: dict[str, Look] = {"database": database, "cache": cache_keeps, "model": model}
    if broker_url():
        looks["broker"] = broker
    return Probes(looks, seconds=DEADLINE_SECONDS)


def database() -> None:
    """Return if a table can be read."""
    User.objects.order_by().values_list("pk").first()


def cache_keeps() -> None:
    """Return if what is put into the cache can be had again. Raises NotWell."""
    word = secrets.token_hex(8)
    shared.set("health", word, 10)
    if shared.get("health") is None:  # another process may have put another word there meanwhile
        raise NotWell("it forgets at once")


def model() -> None:
    """Return if the strategy that answers by default has its model, or needs none. Raises NotWell."""
    chosen = wiring.model_ref()
    if wiring.lacks_model(chosen):
        raise NotWell(f"{chosen.strategy} has no model that could answer; what fills up does")


def broker() -> None:
    """Return if the broker of background work can be reached."""
    with connected():
        pass


def _json(document: Mapping[str, object], *, status: int = 200) -> HttpResponse:
    headers = {"Cache-Control": "no-store"}
    return HttpResponse(to_json(document), status=status, content_type="application/json", headers=headers)
