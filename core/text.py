"""What a name, a text and a shop's own key may look like; the same for database, API, admin and import."""

import re

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator

MAX_LENGTH = 255
LONGEST_TEXT = 20_000  # characters of a text of several lines
MOST_TAGS = 100  # of one product
# Control characters (Unicode's Cc), and halves of surrogate pairs, which no database can store.
_BAD_IN_LINE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_BAD_IN_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")

# Names of keys, usernames, notes: control characters would garble a terminal or a log.
ONE_LINE = RegexValidator(
    "^[^\x00-\x1f\x7f-\x9f\ud800-\udfff]*\\Z", "Holds a control character; remove it.", "control_character"
)


def validate_line(value: str) -> None:
    """Raise ValidationError when a one-line text holds a character that cannot be printed."""
    if found := _BAD_IN_LINE.search(value):
        raise ValidationError(
            f"Holds the control character U+{ord(found[0]):04X} at position {found.start() + 1}; remove it.",
            code="control_character",
        )


def validate_text(value: str) -> None:
    """The same for a text of several lines, which may hold tabs and line ends; and when it is too long."""
    if len(value) > LONGEST_TEXT:
        raise ValidationError(
            f"Has {len(value):,} characters; at most {LONGEST_TEXT:,} are allowed.", code="max_length"
        )
    if found := _BAD_IN_TEXT.search(value):
        raise ValidationError(
            f"Holds the control character U+{ord(found[0]):04X} at position {found.start() + 1}; remove it.",
            code="control_character",
        )


def validate_external_id(value: str) -> None:
    """Raise ValidationError when a shop's own key could not stand in a URL as `ext:<key>`."""
    validate_line(value)
    if not value.strip() or value != value.strip():
        raise ValidationError("Must not be empty, nor begin or end with a blank.", code="blank")
    if "/" in value:
        raise ValidationError(
            "Holds a slash, which would split the address it stands in; replace it, for example by '-'.",
            code="slash",
        )
