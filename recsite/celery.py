"""The Celery application of workers and beat: `celery -A recsite.celery worker`."""

import os
import sys
from typing import Any

from celery import Celery, signals
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from observe import metrics, tasks
from observe.metrics_folder import metrics_folder
from recsite import gc_tuning, telemetry, worker_metrics
from recsite.config.env import set_variable

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "recsite.settings")
try:
    settings.ENV  # noqa: B018  read now: Celery would read it later, and show a traceback
except ImproperlyConfigured as error:
    sys.exit(f"Celery does not start. {error}")

app = Celery("recsite")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.set_default()
app.autodiscover_tasks(["recommendations"])
tasks.connect()


def start_telemetry(**rest: Any) -> None:
    """Start metrics and tracing in a worker, as a web server does."""
    if settings.ENV.otlp_endpoint:
        telemetry.trace(settings.ENV.otlp_endpoint, version=settings.VERSION)
    port, folder = settings.ENV.worker_metrics_port, settings.METRICS_DIR
    if not settings.METRICS or not (port or folder):
        return
    if port:
        folder = str(metrics_folder(folder, port))
        set_variable("PROMETHEUS_MULTIPROC_DIR", folder)  # prometheus_client reads it on import
    metrics.turn_on(folder)
    if port:
        worker_metrics.serve(settings.ENV.host, port)


def tune_gc(**rest: Any) -> None:
    """Freeze the objects before a pool process is forked, so that their memory pages stay shared."""
    gc_tuning.collect_less()


signals.worker_init.connect(start_telemetry)
signals.worker_before_create_process.connect(tune_gc)
