"""Send tasks to the workers by name, within a time limit."""

import logging
import time
from threading import Lock
from typing import Any

from recommendations.errors import QueueUnavailable

logger = logging.getLogger(__name__)
# After a failed send, further ones fail at once for this time instead of waiting for the broker.
RETRY_AFTER_SECONDS = 10.0
# Limit for connecting, and for each read and write.
TIMEOUT_SECONDS = 1.0
_NOT_CONFIGURED = "CELERY_BROKER_URL is not set, so there are no workers"


class Queue:
    """Sends tasks to a broker; imports Celery with the first task. url: the broker's, "" for none"""

    def __init__(self, url: str) -> None:
        self._url = url
        self._down_until = 0.0
        self._lock = Lock()
        self._connection: Any = None

    @property
    def is_there(self) -> bool:
        """Whether a broker is configured."""
        return bool(self._url)

    def require(self) -> None:
        """Raise QueueUnavailable unless a broker is configured."""
        if not self._url:
            raise QueueUnavailable(_NOT_CONFIGURED)

    def send(self, task: str, *arguments: str | int) -> None:
        """Send the task to the workers. Raises QueueUnavailable, for ten seconds after a failure at once."""
        self.require()
        if time.monotonic() < self._down_until:
            raise QueueUnavailable("the broker did not answer a moment ago")
        from celery import current_app  # noqa: PLC0415  (takes 0.25 s, so only when needed)
        from kombu.exceptions import KombuError  # noqa: PLC0415
        from kombu.pools import producers  # noqa: PLC0415

        connection = self._connected(current_app)
        failures = (KombuError, OSError, *connection.connection_errors, *connection.channel_errors)
        try:
            with producers[connection].acquire(block=True, timeout=TIMEOUT_SECONDS) as producer:
                current_app.send_task(task, arguments, producer=producer, retry=False)
        except failures as error:
            self._down_until = time.monotonic() + RETRY_AFTER_SECONDS
            logger.warning("The broker cannot be reached: %s", type(error).__name__)
            raise QueueUnavailable(f"the broker cannot be reached ({type(error).__name__})") from error

    def _connected(self, app: Any) -> Any:
        with self._lock:
            if self._connection is None:
                timeouts = {"socket_timeout": TIMEOUT_SECONDS, "socket_connect_timeout": TIMEOUT_SECONDS}
                options = {**app.conf.broker_transport_options, **timeouts}
                self._connection = app.connection_for_write(self._url, transport_options=options)
            return self._connection
