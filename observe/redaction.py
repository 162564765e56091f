"""Redaction of secrets in log entries."""

import re
from collections.abc import Iterable, Mapping, MutableMapping
from typing import Any

REDACTED = "[redacted]"
_MIN_LENGTH = 8  # shorter secrets may occur in ordinary words
_NAME = r"(?:authorization|cookie|password|passwd|secret|token(?!s)|api[_-]?key|session_?id|dsn)[\w.-]{0,40}"
_SECRET_NAME = re.compile(_NAME, re.IGNORECASE)
# The rest of the line, or of the quoted text, after the name of a header whose whole value is secret.
_HEADER = re.compile(
    r"""(?P<name>authorization|cookie|x-api-key)(?P<is>["']?\s{0,9}[:=]\s{0,9}["']?)[^\r\n"']+""",
    re.IGNORECASE,
)
# name=value in a query or a form, "name": "value" in JSON or the repr of a dict.
_NAMED = re.compile(
    rf"""(?P<name>{_NAME})(?P<is>["']?\s{{0,9}}[:=]\s{{0,9}}b?["']?)(?!\[redacted)[^\s"'&,;)}}\]]+""",
    re.IGNORECASE,
)
_LOOKS = re.compile(
    r"""
      (?P<scheme>\b(?:Bearer|Basic|Token|Api-Key)\s{1,9})[\w.~+/=-]{8,}       # a header's value on its own
    | \beyJ[\w-]{5,}\.[\w-]+\.[\w-]*                                           # a JSON Web Token
    | \b(?:sk|pk|rk)[-_][\w-]{16,}                                             # an API key of a model server
    | \brecs_\w{8}_[\w-]{20,}                                                  # an API key of this service
    | (?P<url>\b[a-z][a-z0-9+.-]{0,20}://[^\s:/@]{0,100}:)[^\s/@]{1,200}(?=@)  # a password in a URL
    """,
    re.VERBOSE | re.IGNORECASE,
)


class Redact:
    """A structlog processor that replaces secrets by "[redacted]": by field name, by format, or by value.

    known: the secrets of this process; those of fewer than 8 characters are ignored
    """

    def __init__(self, known: Iterable[str] = ()) -> None:
        escaped = sorted({re.escape(secret) for secret in known if len(secret) >= _MIN_LENGTH}, reverse=True)
        self._known = re.compile("|".join(escaped)) if escaped else None

    def __call__(self, logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        """Redact the log entry in place, and return it."""
        for name, value in event.items():
            event[name] = self.value(name, value)
        return event

    def value(self, name: str, value: Any) -> Any:
        """Return the value of the field without secrets."""
        if value and _SECRET_NAME.search(name):
            return REDACTED
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {key: self.value(str(key), each) for key, each in value.items()}
        if isinstance(value, list | tuple):
            return [self.value("", each) for each in value]
        return value if value is None or isinstance(value, bool | int | float) else self.text(str(value))

    def text(self, text: str) -> str:
        """Return the text without known secrets and without parts that look like secrets."""
        if self._known is not None:
            text = self._known.sub(REDACTED, text)
        text = _HEADER.sub(rf"\g<name>\g<is>{REDACTED}", text)
        text = _NAMED.sub(rf"\g<name>\g<is>{REDACTED}", text)
        return _LOOKS.sub(lambda found: f"{found['scheme'] or found['url'] or ''}{REDACTED}", text)
