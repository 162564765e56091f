"""Celery's application, which workers and beat run: `celery -A recsite.celery worker`."""

import os
from typing import Any

from celery import Celery, signals
from django.conf import settings

from observe import metrics, tasks
from observe.metrics_folder import metrics_folder, prepare
from recsite import gc_tuning, telemetry, worker_metrics
from recsite.config.env import hand_on

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
    port, folder = settings.ENV.worker_metrics_port, settings.METRICS_DIR
    if not settings.METRICS or not (port or folder):
        return
    if port:
        folder = str(prepare(metrics_folder(folder, port)))
        hand_on("PROMETHEUS_MULTIPROC_DIR", folder)  # read as counting begins
    metrics.turn_on(folder)
    if port:
        worker_metrics.serve(settings.ENV.host, port)


def look_less(**rest: Any) -> None:
    """Leave what is there before a process of the pool is made in common: no collector writes to it."""
    gc_tuning.collect_less()


signals.worker_init.connect(see)
signals.worker_before_create_process.connect(look_less)
