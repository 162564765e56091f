"""Hands work to the workers, by the name of its task; in time, or not at all."""

import logging
import time
from threading import Lock
from typing import Any

from recommendations.errors import QueueUnavailable

logger = logging.getLogger(__name__)
# Whoever sends while the broker is away waits for it; others need not, for so long.
AWAY_SECONDS = 10.0
# Of connecting, and of each word with the broker.
PATIENCE_SECONDS = 1.0
_NOT_SET = "CELERY_BROKER_URL is not set, so there are no workers to do anything"


class Queue:
    """url: of the broker, "" where there is none. Nothing of Celery is imported before the first task."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._away_until = 0.0
        self._making = Lock()
        self._connection: Any = None

    @property
    def is_there(self) -> bool:
        """Whether there is a broker at all."""
        return bool(self._url)

    def require(self) -> None:
        """Do nothing if there is a broker. Raises QueueUnavailable."""
        if not self._url:
            raise QueueUnavailable(_NOT_SET)

    def send(self, task: str, *arguments: str | int) -> None:
        """Hand the task to the workers. Raises QueueUnavailable, at once while the broker is away."""
        self.require()
        if time.monotonic() < self._away_until:
            raise QueueUnavailable("the broker did not answer a moment ago")
        from celery import current_app  # noqa: PLC0415  (a quarter of a second, only when needed)
        from kombu.exceptions import KombuError  # noqa: PLC0415
        from kombu.pools import producers  # noqa: PLC0415

        connection = self._made(current_app)
        failures = (KombuError, OSError, *connection.connection_errors, *connection.channel_errors)
        try:
            with producers[connection].acquire(block=True, timeout=PATIENCE_SECONDS) as producer:
                current_app.send_task(task, arguments, producer=producer, retry=False)
        except failures as error:
            self._away_until = time.monotonic() + AWAY_SECONDS
            logger.warning("The broker cannot be reached: %s", type(error).__name__)
            raise QueueUnavailable(f"the broker cannot be reached ({type(error).__name__})") from error

    def _made(self, app: Any) -> Any:
        with self._making:
            if self._connection is None:
                patient = {"socket_timeout": PATIENCE_SECONDS, "socket_connect_timeout": PATIENCE_SECONDS}
                options = {**app.conf.broker_transport_options, **patient}
                self._connection = app.connection_for_write(self._url, transport_options=options)
            return self._connection
