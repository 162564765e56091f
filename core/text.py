"""Validators of names, texts and external ids, and how errors show what was sent; shared by all apps."""

import hashlib
import json
import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any, Literal
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator

MAX_LENGTH = 255
MAX_TEXT_LENGTH = 20_000  # characters of a text of several lines
MAX_TAGS = 100  # of one product
MAX_URL_LENGTH = 2_000
# A category's path: its ancestors' names and its own.
PATH_SEPARATOR = " > "
MAX_LEVELS = 10
MAX_PATH_LENGTH = 500
MAX_SHOWN = 80  # characters of a value in an error message
MAX_ERRORS = 20  # that a response lists
# Control characters (Unicode category Cc) and lone surrogates, which no database can store.
_BAD_IN_LINE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_BAD_IN_URL = re.compile(r'[\s"<>\\]')
_BAD_IN_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")

# For names of keys, usernames and notes: control characters would garble a terminal or a log.
ONE_LINE = RegexValidator(
    "^[^\x00-\x1f\x7f-\x9f\ud800-\udfff]*\\Z", "Contains a control character; remove it.", "control_character"
)
# At most so many combining marks follow a letter, as in the Stream-Safe Text Format (UAX #15): the time to
# normalize a longer run grows with its square.
_MAX_MARKS = 30
_MARKS = re.compile(rf"[^\w\s]{{{_MAX_MARKS + 1},}}")
# Invisible: soft hyphen, zero-width space, directional marks, word joiner, byte order mark, tags, fillers.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff"
    "\uffa0\ufff9-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]+"
)
_PICTURE = "\u203c-\u3299\U0001f000-\U0001faff"
_JOINING = (
    "\u0600-\u109f\u1780-\u18af\u1a20-\u1cff\ua800-\uabff\ufb50-\ufdff\ufe70-\ufefc\U00010a00-\U00011fff"
)
_VIRAMA = "\u094d\u09cd\u0a4d\u0acd\u0b4d\u0bcd\u0c4d\u0ccd\u0d4d\u0dca"
# Those that carry meaning: joiners within Arabic, Persian and Indic words, after a virama, and within emoji;
# variation selectors after a picture, a digit of a keycap, or an ideograph; the tags of a regional flag.
_MEANT = re.compile(
    f"(?<=[{_JOINING}])[\u200c\u200d](?=[{_JOINING}])|(?<=[{_VIRAMA}])[\u200c\u200d]"
    f"|(?<=[{_PICTURE}\ufe0f])\u200d(?=[{_PICTURE}])|(?<=[{_PICTURE}0-9#*\u00a9\u00ae])[\ufe0e\ufe0f]"
    "|(?<=[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff])[\ufe00-\ufe02\U000e0100-\U000e01ef]"
    "|(?<=\U0001f3f4)[\U000e0030-\U000e0039\U000e0061-\U000e007a]{1,6}\U000e007f"
)


def clean(text: str) -> str:
    """Return the text as it is stored and looked up: in NFC, without invisible characters.

    Joiners stay within words of Arabic and Indic scripts and within emoji, as do variation selectors of emoji
    and ideographs, where they change what is shown. Control characters stay, too, for validators to refuse.
    """
    if text.isascii():
        return text
    text = normalized("NFC", text)
    if not _INVISIBLE.search(text):
        return text
    parts, end = [], 0
    for meant in _MEANT.finditer(text):
        parts += [_INVISIBLE.sub("", text[end : meant.start()]), meant[0]]
        end = meant.end()
    return normalized("NFC", "".join([*parts, _INVISIBLE.sub("", text[end:])]))


def comparable(name: str) -> str:
    """Return what names have in common that differ only by case, Unicode form, or white space.

    At most 255 characters: the end of a longer one is replaced by a digest. Accents count.
    """
    text = normalized("NFKC", normalized("NFKD", clean(name)).casefold()).casefold()
    text = " ".join(normalized("NFKC", _INVISIBLE.sub("", text)).split())
    if len(text) <= MAX_LENGTH:
        return text
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
    return f"{text[: MAX_LENGTH - 33]}#{digest}"


def normalized(form: Literal["NFC", "NFD", "NFKC", "NFKD"], text: str) -> str:
    """Return the text in a Unicode normal form, with at most 30 combining marks in a row."""
    if len(text) > _MAX_MARKS:
        text = _MARKS.sub(_first_marks, text)
    return unicodedata.normalize(form, text)


def _first_marks(run: re.Match[str]) -> str:
    kept, n_marks = [], 0
    for character in run[0]:
        n_marks = n_marks + 1 if unicodedata.combining(character) else 0
        if n_marks <= _MAX_MARKS:
            kept.append(character)
    return "".join(kept)


def cut(text: str) -> str:
    """Return the text for an error message: the first 80 characters."""
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…"


def shown(value: Any) -> Any:
    """Return a value of JSON for an error message: numbers as they are, others as text of 80 characters."""
    if value is None or isinstance(value, bool | int | float):
        return value
    return cut(value if isinstance(value, str) else _beginning(value))


def _beginning(value: Any) -> str:
    """Return the value as JSON, at least its first 81 characters if it has more."""
    text = ""
    for part in _parts(value):
        text += part
        if len(text) > MAX_SHOWN:
            break
    return text


def _parts(value: Any) -> Iterator[str]:
    """Yield the value as JSON, part by part. json's own iterator keeps what it stops in."""
    if isinstance(value, Mapping):
        yield "{"
        for n, name in enumerate(value):
            yield f"{',' if n else ''}{_scalar(name)}:"
            yield from _parts(value[name])
        yield "}"
    elif isinstance(value, list | tuple):
        yield "["
        for n, item in enumerate(value):
            yield "," if n else ""
            yield from _parts(item)
        yield "]"
    else:
        yield _scalar(value)


def _scalar(value: Any) -> str:
    is_text = isinstance(value, str)
    return json.dumps(value[: MAX_SHOWN + 1] if is_text else value, ensure_ascii=False, default=str)


class InvalidText(ValidationError):
    """A text is invalid. Unlike Django's errors it does not refer to itself.

    With its traceback, an error that does would keep the request until the garbage collector finds it.
    """

    @property
    def error_list(self) -> list[ValidationError]:
        return [self]

    @error_list.setter
    def error_list(self, errors: list[ValidationError]) -> None:
        """Do not keep what Django's own constructor sets."""


def validate_line(value: str) -> None:
    """Raise ValidationError when a one-line text contains a control character."""
    if found := _BAD_IN_LINE.search(value):
        raise _control_character(found)


def validate_category_name(value: str) -> None:
    """Raise ValidationError when a name contains the character that separates the levels of a path."""
    validate_line(value)
    if ">" in value:
        raise InvalidText(
            "Contains '>', which separates the levels of a path; give the category above it as its parent.",
            code="separator",
        )


def validate_text(value: str) -> None:
    """Raise ValidationError when a text is too long or has a control character except tabs and line ends."""
    if len(value) > MAX_TEXT_LENGTH:
        raise InvalidText(
            f"Has {len(value):,} characters; at most {MAX_TEXT_LENGTH:,} are allowed.", code="max_length"
        )
    if found := _BAD_IN_TEXT.search(value):
        raise _control_character(found)


def validate_url(value: str) -> None:
    """Raise ValidationError unless the text is an http or https URL that a page can show as it is."""
    if len(value) > MAX_URL_LENGTH:
        raise InvalidText(
            f"Has {len(value):,} characters; at most {MAX_URL_LENGTH:,} are allowed.", code="max_length"
        )
    validate_line(value)
    if found := _BAD_IN_URL.search(value):
        raise InvalidText(
            f"Contains {found[0]!r} at position {found.start() + 1}; write it as %{ord(found[0]):02X}.",
            code="url",
        )
    try:
        parts = urlsplit(value)
        host, has_user, _ = parts.hostname, "@" in parts.netloc, parts.port
    except ValueError:  # a malformed port or IPv6 address
        host, has_user = None, False
    if has_user:
        raise InvalidText("Contains a username or password; remove what is before the @.", code="url")
    if not host or parts.scheme not in ("http", "https"):
        raise InvalidText(
            "Must be a whole URL with http:// or https://, such as https://shop.example/lamp.jpg.", code="url"
        )


def validate_external_id(value: str) -> None:
    """Raise ValidationError when a shop's own key cannot be used in a URL as `ext:<key>`."""
    validate_line(value)
    if not value.strip() or value != value.strip():
        raise InvalidText("Must not be empty, nor begin or end with a space.", code="blank")
    if "/" in value:
        raise InvalidText(
            "Contains a slash, which is not allowed in URLs of the form ext:<key>; replace it, "
            "for example with '-'.",
            code="slash",
        )


def _control_character(found: re.Match[str]) -> InvalidText:
    return InvalidText(
        f"Contains the control character U+{ord(found[0]):04X} at position {found.start() + 1}; remove it.",
        code="control_character",
    )
