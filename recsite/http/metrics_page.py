"""/metrics for Prometheus: the recorded metrics, and gauges that are read on each request. Not public."""

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
from recsite.http.metrics_access import may_read_metrics
from recsite.http.problems import problem

logger = logging.getLogger(__name__)


@csrf_exempt
def page(request: HttpRequest) -> HttpResponse:
    """Return the metrics; 403 without permission, 404 if metrics are off."""
    if not metrics.recorder.is_on:
        return root.not_found(request)
    if not may_read_metrics(request.META):
        return problem(403, "Send METRICS_TOKEN to read metrics. Without a token, only this machine may.")
    from prometheus_client import CONTENT_TYPE_LATEST, generate_latest  # noqa: PLC0415  only if metrics are on

    return HttpResponse(generate_latest(_ServerRegistry()), content_type=CONTENT_TYPE_LATEST)  # type: ignore[arg-type]


class _ServerRegistry:
    """The part of a prometheus_client registry that rendering needs."""

    def collect(self) -> Iterator[object]:
        yield from metrics.recorder.families(time.time())
        yield _model_ages(timezone.now())
        yield _queue_lengths()


def _model_ages(now: datetime) -> object:
    from prometheus_client.metrics_core import GaugeMetricFamily  # noqa: PLC0415

    text = "Seconds since the active model of each strategy was trained."
    family = GaugeMetricFamily("shop_model_age_seconds", text, labels=["strategy"])
    try:
        for strategy, at in trained_at():
            family.add_metric([strategy], (now - at).total_seconds())
    except DatabaseError as error:
        logger.warning("The age of the models cannot be read: %s", error)
    return family


def _queue_lengths() -> object:
    from prometheus_client.metrics_core import GaugeMetricFamily  # noqa: PLC0415

    text = "Number of waiting tasks by queue."
    family = GaugeMetricFamily("shop_queue_length", text, labels=["queue"])
    for name, length in broker.lengths().items():
        family.add_metric([name], length)
    return family
