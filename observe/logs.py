"""Log formatters: one JSON object a line, or one plain line. Both redact secrets."""

import logging
from collections.abc import Iterable, MutableMapping
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


def _json(entry: Any, **options: Any) -> str:
    return orjson.dumps(entry, default=str, option=orjson.OPT_NON_STR_KEYS).decode()


def _line(logger: Any, method: str, event: MutableMapping[str, Any]) -> str:
    """Return the time, LEVEL, logger, message and other values as name=value; a traceback follows below."""
    parts = (event.pop(name, "") for name in ("timestamp", "level", "logger", "event", "exception"))
    timestamp, level, logger_name, message, traceback = parts
    rest = "".join(f" {name}={value}" for name, value in event.items())
    line = f"{timestamp} {level.upper()} {logger_name} {message}{rest}"
    return f"{line}\n{traceback}" if traceback else line
