"""Which of a model's keys to ask with: the one that was good last, then the other."""

import logging
from collections.abc import Callable
from typing import TypeVar

from observe import metrics
from recommendations.explainers.chat_options import ChatUnavailable

NAMES = ("first", "second")
log = logging.getLogger(__name__)
T = TypeVar("T")


class ApiKeys:
    """One key or two of the same server. Which one is good is remembered while the process lives."""

    def __init__(self, first: str, second: str = "") -> None:
        self._keys = tuple(dict.fromkeys(key for key in (first, second) if key))
        self._good = 0

    def __bool__(self) -> bool:
        return bool(self._keys)

    def __repr__(self) -> str:
        return f"Keys({len(self._keys)})"

    def ask(self, call: Callable[[str], T]) -> T:
        """Return what the call with a key returns; with the next key, where one is refused.

        Raises ChatUnavailable: the last key's, or whatever is not the key's fault.
        """
        begin = self._good
        order = [*range(begin, len(self._keys)), *range(begin)]
        for place in order:
            try:
                found = call(self._keys[place])
            except ChatUnavailable as refused:
                if not refused.of_key:
                    raise
                metrics.recorder.key_refused(NAMES[place])
                if place == order[-1]:
                    raise
                continue
            if place != begin:
                self._good = place
                log.warning(
                    "The model's server refuses the %s key; from here on the %s is used.",
                    NAMES[begin],
                    NAMES[place],
                )
            return found
        raise ChatUnavailable("no API key is set", "no key")
