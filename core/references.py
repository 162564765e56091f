"""References to rows: a numeric id, or the shop's own key as `ext:<key>`."""

import re
from collections.abc import Mapping

from django.core.exceptions import ValidationError

from core.text import MAX_LENGTH, clean, validate_external_id

LARGEST_ID = 2**63 - 1
_NUMBER = re.compile("[0-9]{1,19}")
PREFIX = "ext:"
EXPECTED = f"a whole number from 1 to {LARGEST_ID}, or ext:<external id>"


class BadReference(ValueError):
    """The text cannot be a reference; the message says what is allowed."""


def parse_reference(text: str) -> int | str:
    """Return the number 12 for "12", and the external id "abc" for "ext:abc".

    Raises BadReference for any other text.
    """
    if text.startswith(PREFIX):
        external_id = clean(text[len(PREFIX) :])
        if len(external_id) > MAX_LENGTH:
            raise BadReference(f"An external id must have at most {MAX_LENGTH} characters.")
        try:
            validate_external_id(external_id)
        except ValidationError as error:
            raise BadReference(f"The external id after 'ext:' is invalid. {error.message}") from error
        return external_id
    if not _NUMBER.fullmatch(text) or not 1 <= int(text) <= LARGEST_ID:
        raise BadReference(f"Must be {EXPECTED}.")
    return int(text)


def read_reference(value: object) -> int | str:
    """Return the number or the external id for a value of a JSON body. Raises BadReference."""
    if isinstance(value, str):
        return parse_reference(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= LARGEST_ID:
        raise BadReference(f"Must be {EXPECTED}.")
    return value


def as_lookup(reference: int | str) -> dict[str, int | str]:
    """Return {"pk": 12} for 12 and {"external_id": "abc"} for "abc": arguments of a queryset's filter()."""
    return {"pk": reference} if isinstance(reference, int) else {"external_id": reference}


def format_lookup(lookup: Mapping[str, object]) -> str:
    """Return "12" for {"pk": 12} and "ext:abc" for {"external_id": "abc"}."""
    return f"{PREFIX}{lookup['external_id']}" if "external_id" in lookup else str(lookup["pk"])


def lookup(text: str) -> dict[str, int | str]:
    """Return {"pk": 12} for "12" and {"external_id": "abc"} for "ext:abc": arguments of filter().

    Raises BadReference for any other text.
    """
    return as_lookup(parse_reference(text))
