"""Celery's application, which workers and beat run: `celery -A recsite.celery worker`."""

import os
from typing import Any

from celery import Celery, signals
from django.conf import settings

from observe import metrics, tasks
from recsite import telemetry

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "recsite.settings")

app = Celery("recsite")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.set_default()
app.autodiscover_tasks(["recommendations"])
tasks.connect()


def see(**rest: Any) -> None:
    """A worker counts along with the web servers of its machine, and traces as they do."""
    if settings.ENV.otlp_endpoint:
        telemetry.trace(settings.ENV.otlp_endpoint, version=settings.VERSION)
    if settings.METRICS and settings.METRICS_DIR:
        metrics.turn_on(settings.METRICS_DIR)


signals.worker_init.connect(see)
