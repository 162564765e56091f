"""How a caller names a row: by its number, or by the shop's own key as `ext:<key>`."""

import re

from django.core.exceptions import ValidationError

from core.text import MAX_LENGTH, validate_external_id

LARGEST_ID = 2**63 - 1
_NUMBER = re.compile("[0-9]{1,19}")
PREFIX = "ext:"
EXPECTED = f"a whole number from 1 to {LARGEST_ID}, or ext:<external id>"


class BadReference(ValueError):
    """The text names no row, whatever the database holds; the message says what would."""


def parse_reference(text: str) -> int | str:
    """Return the number that "12" stands for, or the external id that "ext:abc" stands for.

    Raises BadReference when the text can be neither.
    """
    if text.startswith(PREFIX):
        external_id = text[len(PREFIX) :]
        if len(external_id) > MAX_LENGTH:
            raise BadReference(f"An external id has at most {MAX_LENGTH} characters.")
        try:
            validate_external_id(external_id)
        except ValidationError as error:
            raise BadReference(f"The external id after 'ext:' cannot be one. {error.message}") from error
        return external_id
    if not _NUMBER.fullmatch(text) or not 1 <= int(text) <= LARGEST_ID:
        raise BadReference(f"Must be {EXPECTED}.")
    return int(text)


def read_reference(value: object) -> int | str:
    """Return the number or the external id that a value of a JSON body stands for. Raises BadReference."""
    if isinstance(value, str):
        return parse_reference(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= LARGEST_ID:
        raise BadReference(f"Must be {EXPECTED}.")
    return value


def as_lookup(reference: int | str) -> dict[str, int | str]:
    """Return {"pk": 12} for 12 and {"external_id": "abc"} for "abc", to filter a queryset with."""
    return {"pk": reference} if isinstance(reference, int) else {"external_id": reference}


def lookup(text: str) -> dict[str, int | str]:
    """Return {"pk": 12} for "12" and {"external_id": "abc"} for "ext:abc", to filter a queryset with.

    Raises BadReference when the text can be neither.
    """
    return as_lookup(parse_reference(text))
