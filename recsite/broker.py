"""The broker of background tasks: connecting to it, and the lengths of its queues."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.conf import settings

TIMEOUT_SECONDS = 0.8
logger = logging.getLogger(__name__)


def broker_url() -> str:
    """Return the URL of the broker, "" if there is none."""
    return str(settings.CELERY_BROKER_URL)


@contextmanager
def connected() -> Iterator[Any]:
    """Yield a connection to the broker, made with a short timeout. Raises kombu's errors."""
    from kombu.connection import Connection  # noqa: PLC0415  imported only if there is a broker

    timeouts = {"socket_timeout": TIMEOUT_SECONDS, "socket_connect_timeout": TIMEOUT_SECONDS}
    connection_class: Any = Connection  # which has no types
    with connection_class(
        broker_url(), connect_timeout=TIMEOUT_SECONDS, transport_options=timeouts
    ) as connection:
        yield connection.ensure_connection(max_retries=1, interval_start=0, interval_step=0)


def lengths() -> Mapping[str, int]:
    """Return the number of waiting tasks by queue; empty if there is no broker or it does not respond."""
    if not broker_url():
        return {}
    from kombu.exceptions import OperationalError  # noqa: PLC0415

    try:
        with connected() as connection:
            return {name: _length(connection.default_channel, name) for name in _queues()}
    except (OperationalError, OSError) as error:
        logger.warning("The queue lengths cannot be read from the broker: %s", type(error).__name__)
        return {}


def _queues() -> list[str]:
    routed = {route["queue"] for route in settings.CELERY_TASK_ROUTES.values()}
    return sorted({settings.CELERY_TASK_DEFAULT_QUEUE} | routed)


def _length(channel: Any, name: str) -> int:
    from amqp.exceptions import ChannelError  # noqa: PLC0415

    try:
        return int(channel.queue_declare(queue=name, passive=True).message_count)
    except ChannelError:  # the queue does not exist yet
        return 0
