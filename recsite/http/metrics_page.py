"""/metrics for Prometheus: the recorded metrics, and gauges that are read on each request. Not public."""

import logging
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from datetime import time as time_of_day

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from observe import metrics
from recommendations.models import LanguageModel
from recommendations.selectors.models import language_models, trained_at
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
        yield from _language_models()


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


def _language_models() -> Iterator[object]:
    """Yield whether the server has each configured language model, and when that ends."""
    from prometheus_client.metrics_core import GaugeMetricFamily  # noqa: PLC0415

    text = "1 if the server had the language model when it was asked last, 0 if it lacked it."
    available = GaugeMetricFamily("shop_llm_model_available", text, labels=["model"])
    text = "Announced end of the language model, in seconds since 1970."
    ends = GaugeMetricFamily("shop_llm_model_end_timestamp_seconds", text, labels=["model"])
    try:
        for name, state, ends_on in language_models():
            if state != LanguageModel.State.UNKNOWN:
                available.add_metric([name], float(state != LanguageModel.State.MISSING))
            if ends_on is not None:
                ends.add_metric([name], datetime.combine(ends_on, time_of_day.min, UTC).timestamp())
    except DatabaseError as error:
        logger.warning("The state of the language models cannot be read: %s", error)
    yield from (available, ends)


def _queue_lengths() -> object:
    from prometheus_client.metrics_core import GaugeMetricFamily  # noqa: PLC0415

    text = "Number of waiting tasks by queue."
    family = GaugeMetricFamily("shop_queue_length", text, labels=["queue"])
    for name, length in broker.lengths().items():
        family.add_metric([name], length)
    return family
