"""Hands the id of a request on to the Celery tasks that it sends for."""

from typing import Any

from observe import request_id

KEY = "request_id"


def connect() -> None:
    """Every task that this process sends from here on carries the id, and each that it runs takes it up."""
    from celery import signals  # noqa: PLC0415  only where there is a broker

    signals.setup_logging.connect(leave_logs_alone)
    signals.before_task_publish.connect(give)
    signals.task_prerun.connect(take)
    signals.task_postrun.connect(lay_down)


def leave_logs_alone(**rest: Any) -> None:
    """Celery's setup_logging: whoever takes it sets up logs, and Django has done so."""


def give(headers: dict[str, Any] | None = None, **rest: Any) -> None:
    """Celery's before_task_publish: the message holds the id of the request that is being answered."""
    own = request_id.current()
    if headers is not None and own:
        headers.setdefault(KEY, own)


def take(task: Any = None, **rest: Any) -> None:
    """Celery's task_prerun: the id of the message holds; without one, a new one."""
    request_id.begin(getattr(task.request, KEY, None))


def lay_down(**rest: Any) -> None:
    """Celery's task_postrun: what the worker logs next belongs to no request."""
    request_id.end()
