"""Parsing of JSON that strangers send: limits of elements and depth, checked before any object is made."""

import json
from typing import Any, NamedTuple

import orjson
from rest_framework.exceptions import APIException, ParseError

from core.text import cut

MAX_DEPTH = 32  # of objects and arrays in each other
MAX_ELEMENTS = 10_000  # of a body, unless its view allows more
_MARKS = b'[]{},:"'
_OTHERS = bytes(set(range(256)) - set(_MARKS))
_AS_BRACKETS = bytes.maketrans(b"{}", b"[]")
_CHUNK = 1 << 16


class BodyTooLarge(APIException):
    """The request body has more bytes or elements than allowed."""

    status_code = 413
    default_code = "too_large"


class Outline(NamedTuple):
    """What a JSON text holds. The numbers are right if it is valid JSON; otherwise no parser accepts it.

    n_elements: at least the number of fields of all objects and of elements of all arrays
    """

    n_elements: int
    n_fields: int
    n_containers: int
    is_too_deep: bool


def parse_json(text: bytes, *, max_elements: int = MAX_ELEMENTS, what: str = "body") -> Any:
    """Return the parsed text. what: how errors name it

    Raises BodyTooLarge for too many elements, and ParseError for what is not valid JSON, is nested too
    deeply, or repeats a field in an object.
    """
    found = outline(text)
    if found.n_elements > max_elements:
        raise too_many_elements(max_elements)
    if found.is_too_deep:
        raise ParseError(f"The {what} is nested too deeply; at most {MAX_DEPTH} levels are allowed.")
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise ParseError(f"The {what} is not valid JSON: {error}.") from None
    if _n_fields(value, found.n_containers) != found.n_fields:
        name = _repeated_field(text)
        raise ParseError(f"The field {cut(name)!r} occurs twice in one object; send it once.")
    return value


def parse_lines(lines: list[bytes], text: bytes) -> list[dict[str, Any]] | None:
    """Return the parsed lines of a text, or None unless all are flat objects that repeat no field.

    Faster than parsing them one by one. The caller has counted the elements.
    """
    try:
        values = [orjson.loads(line) for line in lines]
    except orjson.JSONDecodeError:
        return None
    found = outline(text)
    is_flat = found.n_containers == len(values) and set(map(type, values)) == {dict}
    return values if is_flat and sum(map(len, values)) == found.n_fields else None


def too_many_elements(max_elements: int) -> BodyTooLarge:
    return BodyTooLarge(
        f"The body has more than {max_elements:,} fields and elements; send it in smaller parts."
    )


def outline(text: bytes) -> Outline:
    """Return what the text holds, from one pass over its bytes that makes no objects of its values."""
    marks = _marks(text)
    n_containers = marks.count(b"[") + marks.count(b"{")
    return Outline(
        marks.count(b",") + n_containers,
        marks.count(b":"),
        n_containers,
        n_containers > MAX_DEPTH and _is_too_deep(marks),
    )


def _marks(text: bytes) -> bytes:
    """Return the brackets, commas and colons of the text that are not in its strings."""
    if b"\\" in text:
        text = text.replace(b"\\\\", b"").replace(b'\\"', b"")
    # Two quotes in a row are left out, since all other marks stay inside or outside of a string.
    marks = text.translate(None, _OTHERS).replace(b'""', b"")
    if b'"' not in marks:
        return marks
    outside, parity = [], 0
    for start in range(0, len(marks), _CHUNK):  # the pieces of the whole could take much memory
        pieces = marks[start : start + _CHUNK].split(b'"')
        outside.append(b"".join(pieces[parity::2]))
        parity ^= (len(pieces) - 1) & 1
    return b"".join(outside)


def _is_too_deep(marks: bytes) -> bool:
    brackets = marks.translate(_AS_BRACKETS, b",:")
    if 2 * brackets.count(b"[") != len(brackets):
        return False  # not valid JSON
    for _ in range(MAX_DEPTH):  # each pass removes the innermost level
        brackets = brackets.replace(b"[]", b"")
        if not brackets:
            return False
    return True


def _n_fields(value: Any, n_containers: int) -> int:
    """Return the number of fields of all objects in a parsed value that consists of `n_containers`."""
    if isinstance(value, list) and len(value) == n_containers - 1:  # perhaps objects that hold no others
        kinds = set(map(type, value))
        if kinds == {dict}:
            return sum(map(len, value))
    n_fields, pending = 0, [value] if n_containers else []
    n_containers -= 1  # that are still to be found
    while pending:
        container = pending.pop()
        if isinstance(container, dict):
            n_fields += len(container)
            container = container.values()
        if n_containers:
            found = [item for item in container if isinstance(item, dict | list)]
            n_containers -= len(found)
            pending += found
    return n_fields


def _repeated_field(text: bytes) -> str:
    """Return the first field that an object of the valid JSON text repeats."""
    repeated: list[str] = []

    def note(pairs: list[tuple[str, Any]]) -> None:
        names: set[str] = set()
        for name, _ in pairs:
            if name in names:
                repeated.append(name)
            names.add(name)

    json.loads(text, object_pairs_hook=note, parse_int=str, parse_float=str)
    return repeated[0]
