"""The parser of JSON bodies, within the limits of their view."""

from collections.abc import Mapping
from typing import IO, Any

from rest_framework.parsers import BaseParser

from core.api.json_text import BodyTooLarge, parse_json


class OrjsonParser(BaseParser):
    media_type = "application/json"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """Return the parsed body. Raises ParseError for invalid JSON, BodyTooLarge."""
        view = (parser_context or {})["view"]
        return parse_json(read_body(stream, view.max_body_bytes), max_elements=view.max_body_elements)


def read_body(stream: IO[Any], max_bytes: int) -> bytes:
    """Return the body. Raises BodyTooLarge when it has more bytes."""
    body: bytes = stream.read(max_bytes + 1)
    if len(body) > max_bytes:
        raise BodyTooLarge(too_large(max_bytes))
    return body


def too_large(max_bytes: int) -> str:
    return f"The body is larger than {max_bytes:,} bytes; send it in smaller parts."
