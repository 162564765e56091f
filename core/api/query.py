"""Validation of query parameters and of ids in paths: unknown or invalid values are errors."""

from collections.abc import Collection

from django.core.exceptions import ValidationError as BadText
from django.http import QueryDict
from rest_framework.exceptions import NotFound, ValidationError

from core.references import PREFIX, BadReference, as_lookup, parse_reference
from core.text import MAX_ERRORS, cut, validate_line

_MAX_DIGITS = 18


def check_query(sent: QueryDict, *, known: Collection[str], repeatable: Collection[str] = ()) -> None:
    """Raise ValidationError for parameters that are unknown, hold control characters, or are repeated.

    repeatable: parameters that may be given more than once
    A known name such as "attr.NAME" stands for all that begin with "attr.".
    Reports at most 20 parameters and the number of those it did not check.
    """
    wrong: dict[str, list[str]] = {}
    for n_read, (name, values) in enumerate(sent.lists()):
        if len(wrong) == MAX_ERRORS:
            wrong["non_field_errors"] = [f"{len(sent) - n_read} more parameters were not checked."]
            break
        if not is_among(name, known):
            allowed = sorted(known, key=lambda name: (name.endswith(".NAME"), name))
            wrong[name] = [f"Unknown parameter. Allowed here: {', '.join(allowed) or 'none'}."]
        elif len(values) > 1 and not is_among(name, repeatable):
            wrong[name] = ["Given more than once; give it once."]
        elif faults := [
            fault for fault in map(_fault, values if name in known else [name, *values]) if fault
        ]:
            wrong[name] = faults[:1]
    if wrong:
        raise ValidationError(wrong)


def is_among(name: str, names: Collection[str]) -> bool:
    """Return whether the parameter is one of these, or begins like one that ends in ".NAME"."""
    if name in names:
        return True
    family, dot, rest = name.partition(".")
    return bool(dot and rest) and f"{family}.NAME" in names


def _fault(text: str) -> str | None:
    if "\ufffd" in text:
        return "Not valid UTF-8."
    try:
        validate_line(text)
    except BadText as error:
        return str(error.message)
    return None


def whole_number(sent: QueryDict, name: str, *, default: int, low: int = 1, high: int | None = None) -> int:
    """Return the parameter as a number from low to high, or the default when it is not given.

    Raises ValidationError for any other value.
    """
    text = sent.get(name)
    if text is None:
        return default
    readable = text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS
    if not readable or int(text) < low or (high is not None and int(text) > high):
        span = f"of {low} or more" if high is None else f"from {low} to {high}"
        raise ValidationError({name: [f"Must be a whole number {span}."]})
    return int(text)


def reference(text: str) -> int | str:
    """Return 12 for "12" and "abc" for "ext:abc". Raises NotFound when no row can have such an id."""
    try:
        return parse_reference(text)
    except BadReference as error:
        raise NotFound(f"Invalid id {cut(text)!r}. {error}") from error


def lookup(text: str) -> dict[str, int | str]:
    """Return {"pk": 12} for "12" and {"external_id": "abc"} for "ext:abc". Raises NotFound. No query."""
    return as_lookup(reference(text))


def reject_invalid_key(text: str) -> None:
    """Raise ValidationError for `external_id` when the text is an `ext:` reference that no row can have."""
    if text.startswith(PREFIX):
        try:
            parse_reference(text)
        except BadReference as error:
            raise ValidationError({"external_id": [str(error)]}) from error
