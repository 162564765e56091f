"""JSON parsing with orjson and a limit on the size of the body."""

from collections.abc import Mapping
from typing import IO, Any

import orjson
from django.conf import settings
from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import BaseParser


class BodyTooLarge(APIException):
    """The request body is larger than allowed."""

    status_code = 413
    default_code = "too_large"


class OrjsonParser(BaseParser):
    media_type = "application/json"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """Return the parsed body. Raises ParseError for invalid JSON, BodyTooLarge for a body too large."""
        body = read_body(stream, settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
        try:
            return orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise ParseError(f"The body is not valid JSON: {error}.") from error


def read_body(stream: IO[Any], most: int) -> bytes:
    """Return the body. Raises BodyTooLarge when it has more than `most` bytes."""
    body: bytes = stream.read(most + 1)
    if len(body) > most:
        raise BodyTooLarge(f"The body is larger than {most} bytes; send it in smaller parts.")
    return body
