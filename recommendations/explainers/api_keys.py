"""API keys of a language model: the key that worked last is tried first, then the other."""

import logging
from collections.abc import Callable
from typing import TypeVar

from observe import metrics
from recommendations.explainers.chat_options import ChatUnavailable

NAMES = ("first", "second")
log = logging.getLogger(__name__)
T = TypeVar("T")


class ApiKeys:
    """One or two keys of the same server. The process remembers which one works."""

    def __init__(self, first: str, second: str = "") -> None:
        self._keys = tuple(dict.fromkeys(key for key in (first, second) if key))
        self._working = 0

    def __bool__(self) -> bool:
        return bool(self._keys)

    def __repr__(self) -> str:
        return f"ApiKeys({len(self._keys)})"

    def try_each(self, call: Callable[[str], T]) -> T:
        """Return the result of the call with the first key that the server accepts.

        Raises ChatUnavailable when the last key is refused, or when a call fails for another reason.
        """
        begin = self._working
        order = [*range(begin, len(self._keys)), *range(begin)]
        for place in order:
            try:
                result = call(self._keys[place])
            except ChatUnavailable as error:
                if not error.is_key_refused:
                    raise
                metrics.recorder.key_refused(NAMES[place])
                if place == order[-1]:
                    raise
                continue
            if place != begin:
                self._working = place
                log.warning(
                    "The language model's server refuses the %s key; the %s key is used from now on.",
                    NAMES[begin],
                    NAMES[place],
                )
            return result
        raise ChatUnavailable("no API key is set", "no key")
