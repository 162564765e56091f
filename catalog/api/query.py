"""Reads an address's query parameters: what is not understood is refused, never ignored."""

from collections.abc import Collection

from django.core.exceptions import ValidationError as BadText
from django.http import QueryDict
from rest_framework.exceptions import ValidationError

from catalog.text import validate_line

_MOST_DIGITS = 18


def check_query(sent: QueryDict, *, known: Collection[str]) -> None:
    """Raise ValidationError for a parameter that is unknown, given twice, or holds unprintable text."""
    wrong: dict[str, list[str]] = {}
    for name, values in sent.lists():
        if name not in known:
            wrong[name] = [f"Unknown parameter; known here: {', '.join(sorted(known)) or 'none'}."]
        elif len(values) > 1:
            wrong[name] = ["Is given more than once; give it once."]
        elif "\ufffd" in values[0]:
            wrong[name] = ["Is not valid UTF-8."]
        else:
            try:
                validate_line(values[0])
            except BadText as error:
                wrong[name] = [str(error.message)]
    if wrong:
        raise ValidationError(wrong)


def whole_number(sent: QueryDict, name: str, *, default: int, low: int = 1, high: int | None = None) -> int:
    """Return the parameter as a number from low to high, or the default when it is not given.

    Raises ValidationError naming it when it is anything else.
    """
    text = sent.get(name)
    if text is None:
        return default
    readable = text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS
    if not readable or int(text) < low or (high is not None and int(text) > high):
        span = f"of {low} or more" if high is None else f"from {low} to {high}"
        raise ValidationError({name: [f"Must be a whole number {span}."]})
    return int(text)
