"""/metrics, for Prometheus: what was counted, and what is looked up when it asks. Closed to the public."""

import logging
import time
from collections.abc import Iterator
from datetime import datetime

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from observe import metrics
from recommendations.selectors.models import trained_at
from recsite import broker
from recsite.http import root
from recsite.http.metrics_access import may_see
from recsite.http.problems import problem

logger = logging.getLogger(__name__)


@csrf_exempt
def page(request: HttpRequest) -> HttpResponse:
    """Return the metrics, 403 to whoever may not see them, 404 where nothing is counted."""
    if not metrics.recorder.is_on:
        return root.not_found(request)
    if not may_see(request.META):
        return problem(403, "Metrics are for whoever sends METRICS_TOKEN, or without one for this machine.")
    from prometheus_client import CONTENT_TYPE_LATEST, generate_latest  # noqa: PLC0415  only where one counts

    return HttpResponse(generate_latest(_Everything()), content_type=CONTENT_TYPE_LATEST)  # type: ignore[arg-type]


class _Everything:
    """A registry, as far as rendering asks for one."""

    def collect(self) -> Iterator[object]:
        yield from metrics.recorder.families(time.time())
        yield _ages(timezone.now())
        yield _lengths()


def _ages(now: datetime) -> object:
    from prometheus_client.metrics_core import GaugeMetricFamily  # noqa: PLC0415

    text = "How long ago the active model of each strategy was trained."
    family = GaugeMetricFamily("shop_model_age_seconds", text, labels=["strategy"])
    try:
        for strategy, at in trained_at():
            family.add_metric([strategy], (now - at).total_seconds())
    except DatabaseError as error:
        logger.warning("The age of models cannot be told: %s", error)
    return family


def _lengths() -> object:
    from prometheus_client.metrics_core import GaugeMetricFamily  # noqa: PLC0415

    text = "How many tasks wait in each queue of background work."
    family = GaugeMetricFamily("shop_queue_length", text, labels=["queue"])
    for name, length in broker.lengths().items():
        family.add_metric([name], length)
    return family
