"""Log formatters: one JSON object a line, or one plain line. Both redact secrets."""

import logging
import math
import threading
import time
from collections.abc import Callable, Hashable, Iterable, MutableMapping
from typing import Any

import orjson
import structlog

from observe import request_id
from observe.redaction import Redact

FORMATS = ("json", "line")


def formatter(form: str, secrets: Iterable[str] = ()) -> logging.Formatter:
    """Return the formatter for Django's LOGGING. form: one of FORMATS; secrets: texts to redact"""
    render = structlog.processors.JSONRenderer(serializer=_json) if form == "json" else _line
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            structlog.stdlib.ExtraAdder(),
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _add_request_id,
        ],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            _drop_objects,
            OneTraceback(),
            structlog.processors.format_exc_info,
            Redact(secrets),
            render,
        ],
    )


def _add_request_id(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    if current := request_id.current():
        event["request_id"] = current
    return event


def _drop_objects(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Remove the request or socket that Django adds to a record for its own handlers."""
    event.pop("request", None)
    return event


class OneTraceback:
    """Leaves out the traceback of an error that was logged with one within the last minute. Thread-safe.

    During an outage thousands of requests fail alike. Each has its line; `repeated` counts the tracebacks
    that were left out since the last one.

    seconds: how long an error is not shown again; clock: the seconds of a clock
    """

    MOST_KINDS = 1000

    def __init__(self, seconds: float = 60.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._shown: dict[Hashable, tuple[float, int]] = {}

    def __call__(self, logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        kind = _kind(event.get("exc_info"))
        if kind is None:
            return event
        now = self._clock()
        with self._lock:
            at, n_left_out = self._shown.get(kind, (-math.inf, 0))
            if now - at < self._seconds:
                self._shown[kind] = at, n_left_out + 1
                event.pop("exc_info")
                event["repeated"] = n_left_out + 1
                return event
            if len(self._shown) >= self.MOST_KINDS:
                self._shown.clear()
            self._shown[kind] = now, 0
        return event


def _kind(exc_info: Any) -> Hashable:
    """Return the type of an exception and the line that raised it, by which errors are the same; or None."""
    if not isinstance(exc_info, tuple) or exc_info[1] is None:
        return None
    frame = exc_info[2]
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    return exc_info[0], frame and (frame.tb_frame.f_code, frame.tb_lineno)


def _json(entry: Any, **options: Any) -> str:
    return orjson.dumps(entry, default=str, option=orjson.OPT_NON_STR_KEYS).decode()


def _line(logger: Any, method: str, event: MutableMapping[str, Any]) -> str:
    """Return the time, LEVEL, logger, message and other values as name=value; a traceback follows below."""
    parts = (event.pop(name, "") for name in ("timestamp", "level", "logger", "event", "exception"))
    timestamp, level, logger_name, message, traceback = parts
    rest = "".join(f" {name}={value}" for name, value in event.items())
    line = f"{timestamp} {level.upper()} {logger_name} {message}{rest}"
    return f"{line}\n{traceback}" if traceback else line
