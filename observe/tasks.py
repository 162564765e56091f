"""Celery signal handlers that pass a request's id on to the tasks it sends."""

from typing import Any

from observe import request_id

KEY = "request_id"


def connect() -> None:
    """Connect the handlers of this process."""
    from celery import signals  # noqa: PLC0415  imported only if there is a broker

    signals.setup_logging.connect(keep_logging)
    signals.before_task_publish.connect(add_request_id)
    signals.task_prerun.connect(begin_request)
    signals.task_postrun.connect(end_request)


def keep_logging(**rest: Any) -> None:
    """Do nothing on setup_logging. A handler of it stops Celery from replacing Django's logging."""


def add_request_id(headers: dict[str, Any] | None = None, **rest: Any) -> None:
    """Add the current request's id to the message, on before_task_publish."""
    current = request_id.current()
    if headers is not None and current:
        headers.setdefault(KEY, current)


def begin_request(task: Any = None, **rest: Any) -> None:
    """Take the id from the message, or a new one, on task_prerun."""
    request_id.begin(getattr(task.request, KEY, None))


def end_request(**rest: Any) -> None:
    """Clear the id, on task_postrun."""
    request_id.end()
