"""Takes secrets out of what is about to be logged."""

import re
from collections.abc import Iterable, Mapping, MutableMapping
from typing import Any

GONE = "[redacted]"
_SHORTEST = 8  # shorter ones would tear holes into ordinary words
_NAME = r"(?:authorization|cookie|password|passwd|secret|token(?!s)|api[_-]?key|session_?id|dsn)[\w.-]{0,40}"
_SECRET_NAME = re.compile(_NAME, re.IGNORECASE)
# After the name of a header that holds nothing but secrets: all of the line, or of the quoted text.
_HEADER = re.compile(
    r"""(?P<name>authorization|cookie|x-api-key)(?P<is>["']?\s{0,9}[:=]\s{0,9}["']?)[^\r\n"']+""",
    re.IGNORECASE,
)
# name=value in a query or a form, "name": "value" in JSON or a printed dict.
_NAMED = re.compile(
    rf"""(?P<name>{_NAME})(?P<is>["']?\s{{0,9}}[:=]\s{{0,9}}b?["']?)(?!\[redacted)[^\s"'&,;)}}\]]+""",
    re.IGNORECASE,
)
_LOOKS = re.compile(
    r"""
      (?P<scheme>\b(?:Bearer|Basic|Token|Api-Key)\s{1,9})[\w.~+/=-]{8,}        # a header's value on its own
    | \beyJ[\w-]{5,}\.[\w-]+\.[\w-]*                                           # a JSON web token
    | \b(?:sk|pk|rk)[-_][\w-]{16,}                                             # a key of a model's server
    | \brecs_\w{8}_[\w-]{20,}                                                  # a key of this service
    | (?P<url>\b[a-z][a-z0-9+.-]{0,20}://[^\s:/@]{0,100}:)[^\s/@]{1,200}(?=@)  # a password in an address
    """,
    re.VERBOSE | re.IGNORECASE,
)


class Redact:
    """Puts GONE in the place of every secret: by the name it goes by, by its look, or because it is known.

    known: secrets of this process, whatever they look like; one of under 8 letters is left out
    """

    def __init__(self, known: Iterable[str] = ()) -> None:
        spelled = sorted({re.escape(secret) for secret in known if len(secret) >= _SHORTEST}, reverse=True)
        self._known = re.compile("|".join(spelled)) if spelled else None

    def __call__(self, logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        """Return the entry of the log without secrets; the form of a structlog processor."""
        for name, value in event.items():
            event[name] = self.value(name, value)
        return event

    def value(self, name: str, value: Any) -> Any:
        """Return what may be shown of the value that goes by that name."""
        if value and _SECRET_NAME.search(name):
            return GONE
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {key: self.value(str(key), each) for key, each in value.items()}
        if isinstance(value, list | tuple):
            return [self.value("", each) for each in value]
        return value if value is None or isinstance(value, bool | int | float) else self.text(str(value))

    def text(self, text: str) -> str:
        """Return the text without what is known to be secret, or looks like it."""
        if self._known is not None:
            text = self._known.sub(GONE, text)
        text = _HEADER.sub(rf"\g<name>\g<is>{GONE}", text)
        text = _NAMED.sub(rf"\g<name>\g<is>{GONE}", text)
        return _LOOKS.sub(lambda found: f"{found['scheme'] or found['url'] or ''}{GONE}", text)
