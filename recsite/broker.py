"""The broker of background work: whether it can be reached, and how much waits there."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.conf import settings

PATIENCE_SECONDS = 0.8
logger = logging.getLogger(__name__)


def broker_url() -> str:
    """Return the address of the broker, "" where there is none."""
    return str(settings.CELERY_BROKER_URL)


@contextmanager
def connected() -> Iterator[Any]:
    """Give a connection that is not waited for. Raises what kombu raises when there is none to be had."""
    from kombu.connection import Connection  # noqa: PLC0415  only where there is a broker

    in_time = {"socket_timeout": PATIENCE_SECONDS, "socket_connect_timeout": PATIENCE_SECONDS}
    made: Any = Connection  # which has no types
    with made(broker_url(), connect_timeout=PATIENCE_SECONDS, transport_options=in_time) as connection:
        yield connection.ensure_connection(max_retries=1, interval_start=0, interval_step=0)


def lengths() -> Mapping[str, int]:
    """Return how many tasks wait in each queue; nothing where there is no broker, or it does not answer."""
    if not broker_url():
        return {}
    from kombu.exceptions import OperationalError  # noqa: PLC0415

    try:
        with connected() as connection:
            return {name: _length(connection.default_channel, name) for name in _names()}
    except (OperationalError, OSError) as error:
        logger.warning("The broker does not say how much waits: %s", type(error).__name__)
        return {}


def _names() -> list[str]:
    routed = {route["queue"] for route in settings.CELERY_TASK_ROUTES.values()}
    return sorted({settings.CELERY_TASK_DEFAULT_QUEUE} | routed)


def _length(channel: Any, name: str) -> int:
    from amqp.exceptions import ChannelError  # noqa: PLC0415

    try:
        return int(channel.queue_declare(queue=name, passive=True).message_count)
    except ChannelError:  # nothing was ever sent there
        return 0
